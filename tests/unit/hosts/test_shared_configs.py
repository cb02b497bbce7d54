"""Sample files of many hosts, each with the outcome that it must have."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, diff, entries, take_out
from mcpinstall.hosts.proof import tree
from mcpinstall.model.host import Format, HostRow
from tests.builders.hosts import ad_hoc_row, host_file, no_chain, server

EDITED = (
    "01-claude-desktop-typical.json", "02-claude-desktop-bom-crlf-tabs.json",
    "03-claude-desktop-no-map-yet.json", "09-cursor-global.json",
    "11-vscode-workspace-mcp-crlf.jsonc", "12-vscode-user-empty-object.json",
    "14-vscode-settings-legacy.jsonc", "17-copilot-project-bare-map.mcp.json",
    "18-copilot-jetbrains.json", "19-zed-settings.jsonc", "22-codex-crlf-no-mcp.toml",
    "23-codex-broken-mixed.toml", "24-vibe-config.toml", "25-grok-config.toml",
    "26-gemini-settings.json", "29-roo-global.json", "30-kilo.jsonc", "31-opencode.jsonc",
    "32-crush.json", "33-amp-settings.jsonc", "34-goose-config.yaml", "35-continue-config.yaml",
    "38-hermes-config.yaml", "39-goose-no-extensions.yaml", "43-devin-mcp_config.json",
    "44-factory-mcp.json", "45-kimi-code.json", "46-amazonq-agent.json", "48-lmstudio-mcp.json",
    "49-augment-state.json", "52-warp-mcp.json", "54-mcporter.jsonc", "55-witsy-settings.json",
    "94-json-cr-only.json", "95-json-mixed-eol.json", "96-json-whitespace-only.json",
    "99-json-big.json",
)  # fmt: skip
REFUSED = (
    "21-codex-inline-and-dotted.toml",  # dotted keys: a table beside them is refused
    "40-yaml-tab-indent-invalid.yaml", "97-yaml-anchored-map.yaml",
    "80-json-duplicate-keys.json", "81-json-duplicate-server.json", "82-json-map-is-array.json",
    "83-json-map-is-null.json", "84-json-root-array.json", "85-json-truncated.json",
    "98-toml-duplicate-table-invalid.toml",
)  # fmt: skip
EITHER = ("92-json-deep-nesting.json",)  # how deep `json` goes depends on the interpreter
NAME = "ours"


def sample(shared_data: Path, name: str) -> tuple[dict[str, Any], bytes]:
    folder = shared_data / "host-configs"
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    fact = next(one for one in facts if one["file"] == name)
    return fact, (folder / name).read_bytes()


def ad_hoc(fact: dict[str, Any]) -> HostRow:
    is_list = fact["entry_kind"] == "list"
    return ad_hoc_row(Format(fact["format"]), tuple(fact["key_path"]), is_list=is_list)


def test_every_sample_is_tested(shared_data: Path) -> None:
    folder = shared_data / "host-configs"
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    assert sorted((*EDITED, *REFUSED, *EITHER)) == [one["file"] for one in facts]


@pytest.mark.parametrize("name", EDITED)
def test_a_sample_is_edited_and_given_back(name: str, shared_data: Path) -> None:
    fact, content = sample(shared_data, name)
    row = ad_hoc(fact)
    file = host_file(row, content)

    change = add(file, no_chain(row), server(NAME))
    edited = dataclasses.replace(file, content=change.after)

    assert [one.name for one in entries(file)] == fact["servers"]
    assert [one.name for one in entries(edited)] == [*fact["servers"], NAME]
    assert take_out(edited, change.chain_after, NAME).after == content


@pytest.mark.parametrize("name", EDITED)
def test_a_sample_shows_no_value_of_its_own(name: str, shared_data: Path) -> None:
    fact, content = sample(shared_data, name)
    row = ad_hoc(fact)

    shown = "\n".join(diff(add(host_file(row, content), no_chain(row), server(NAME))))

    ours = {*server().args, server().command}
    foreign = {text for text in texts(tree(row, content)) if len(text) > 3} - ours
    assert {text for text in foreign if f'"{text}"' in shown} == set()
    assert str(server().command) in shown


def texts(value: object) -> set[str]:
    """Every string value of a document."""
    if isinstance(value, dict):
        return {text for item in value.values() for text in texts(item)}
    if isinstance(value, list):
        return {text for item in value for text in texts(item)}
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize("name", REFUSED)
def test_a_sample_is_refused(name: str, shared_data: Path) -> None:
    fact, content = sample(shared_data, name)
    row = ad_hoc(fact)

    with pytest.raises(McpInstallError) as refused:
        add(host_file(row, content), no_chain(row), server(NAME))

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID


@pytest.mark.parametrize("name", EITHER)
def test_a_sample_is_edited_or_refused(name: str, shared_data: Path) -> None:
    fact, content = sample(shared_data, name)
    row = ad_hoc(fact)
    try:
        change = add(host_file(row, content), no_chain(row), server(NAME))
    except McpInstallError as error:
        change = None
        code = error.code
    else:
        code = ErrorCode.HOST_CONFIG_INVALID

    assert code is ErrorCode.HOST_CONFIG_INVALID
    assert change is None or change.after is not None
