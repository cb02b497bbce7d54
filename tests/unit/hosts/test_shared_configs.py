"""Sample files of many hosts, each with the outcome that it must have."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, diff, entries, find_rows, take_out, why_not
from mcpinstall.hosts.proof import tree
from mcpinstall.model.host import BOM, Format, HostRow
from tests.builders.documents import lost, seen
from tests.builders.hosts import ad_hoc_row, host_file, machine, no_chain, server

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


def expected(shared_data: Path, *outcomes: str) -> list[tuple[dict[str, Any], HostRow, bytes]]:
    """Samples with one of these outcomes in their `expect`, with the row of their own host."""
    facts = json.loads((shared_data / "host-configs" / "manifest.json").read_text("utf-8"))
    found = [fact for fact in facts if fact["expect"] in outcomes]
    assert found
    return [(fact, *of_host(shared_data, fact)) for fact in found]


def of_host(shared_data: Path, fact: dict[str, Any]) -> tuple[HostRow, bytes]:
    row = find_rows(fact["host"])
    return row, (shared_data / "host-configs" / fact["file"]).read_bytes()


def test_every_outcome_that_a_sample_can_have_is_tested(shared_data: Path) -> None:
    facts = json.loads((shared_data / "host-configs" / "manifest.json").read_text("utf-8"))

    assert {fact["expect"] for fact in facts} == {
        "edit", "refuse", "audit-only", "read-only", "create", "warn-bom-then-edit",
        "warn-semantic", "edit-or-clean-refusal", "refuse-or-explicit",
        "refuse-or-replace-null-with-consent",
    }  # fmt: skip


def test_samples_to_edit_are_edited_by_the_row_of_their_host(shared_data: Path) -> None:
    for fact, row, content in expected(shared_data, "edit", "create", "warn-bom-then-edit"):
        if fact["file"] in REFUSED:
            continue  # servers by dotted keys: refused with the text to paste, as design 7 has it
        file = host_file(row, content)

        change = add(file, no_chain(row), server(NAME))

        assert change.after is not None
        assert lost(content, change.after) == "", fact["file"]
        (found, others), (before, others_before) = (
            seen(row, one) for one in (change.after, content)
        )
        assert [name for name, _ in found] == [*[name for name, _ in before], NAME], fact["file"]
        assert repr([value for _, value in found[:-1]]) == repr([value for _, value in before])
        assert others == others_before, fact["file"]


def test_samples_to_refuse_are_refused_by_the_row_of_their_host(shared_data: Path) -> None:
    outcomes = ("refuse", "refuse-or-explicit", "refuse-or-replace-null-with-consent")
    for fact, row, content in expected(shared_data, *outcomes):
        with pytest.raises(McpInstallError) as refused:
            add(host_file(row, content), no_chain(row), server(NAME))

        assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID, fact["file"]
        assert refused.value.hint


def test_a_refused_sample_names_the_place(shared_data: Path) -> None:
    nowhere = {"97-yaml-anchored-map.yaml", "98-toml-duplicate-table-invalid.toml"}
    for fact, row, content in expected(shared_data, "refuse"):
        with pytest.raises(McpInstallError, match=r"line \d+|twice|is not|Cannot") as refused:
            add(host_file(row, content), no_chain(row), server(NAME))

        assert "line" in refused.value.message or fact["file"] in nowhere, refused.value.message


def test_samples_to_read_are_read_and_their_rows_are_not_written(
    shared_data: Path, tmp_path: Path
) -> None:
    for fact, row, content in expected(shared_data, "read-only", "audit-only"):
        as_sample = dataclasses.replace(
            row,
            servers_key=tuple(fact["key_path"]),
            is_list=fact["entry_kind"] == "list",
            entry=dataclasses.replace(row.entry, name_key="name"),
        )

        assert [one.name for one in entries(host_file(as_sample, content))] == fact["servers"]
        assert why_not(row, machine(tmp_path)), fact["file"]


def test_a_mark_that_the_host_rejects_can_go_and_comes_back(shared_data: Path) -> None:
    """Whether it goes is asked before (`operations.host_choice`)."""
    ((_, row, content),) = expected(shared_data, "warn-bom-then-edit")
    file = host_file(row, content)

    change = add(file, no_chain(row), server(NAME), strip_bom=True)

    assert row.bom == "reject"
    assert change.after is not None
    assert lost(content.removeprefix(BOM), change.after) == ""
    assert not change.after.startswith(BOM)
    edited = dataclasses.replace(file, content=change.after)
    assert take_out(edited, change.chain_after, NAME).after == content


def test_a_server_for_which_the_host_refuses_its_file_is_told(shared_data: Path) -> None:
    ((_, row, content),) = expected(shared_data, "warn-semantic")

    warnings = add(host_file(row, content), no_chain(row), server(NAME)).warnings

    assert any("`bad` has both a command and a `url`" in one for one in warnings)


def test_a_server_with_a_command_only_is_not_told_of() -> None:
    content = '[mcp_servers.good]\ncommand = "npx"\n'

    assert add(host_file("codex-user", content), no_chain("codex-user"), server()).warnings == ()
