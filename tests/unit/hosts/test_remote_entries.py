"""Remote servers in every host's own spelling: against the facts, put in, read back, taken out."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import secrets
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import (
    add,
    config_path,
    diff,
    entries,
    find_rows,
    insert,
    read,
    rendered,
    replace,
    starts_as,
    table,
    take_out,
    write,
)
from mcpinstall.hosts.edits import shown
from mcpinstall.hosts.entry import shape
from mcpinstall.hosts.remote_entry import why_not
from mcpinstall.model.host import (
    EnvironmentValue,
    HostRow,
    Remote,
    SecretPlace,
    ServerEntry,
)
from tests.builders.host_facts import AUDITED, required_remote
from tests.builders.host_formats import parse
from tests.builders.hosts import machine, no_chain, server

URL = "https://mcp.example.com/mcp"
TOKEN = EnvironmentValue(name="Authorization", reference="API_KEY", prefix="Bearer ", secret=True)
REGION = EnvironmentValue(name="X-Region", value="eu")
TAKES = [row for row in table() if not why_not(row, "streamable-http")]
WRITTEN = [row for row in TAKES if row.writable]
NOT_ALL_DIALECTS = {"firebase-studio", "msty"}
"""Rows that are known to have no headers."""


def remote(
    *headers: EnvironmentValue, transport: str = "streamable-http", name: str = "example"
) -> ServerEntry:
    return ServerEntry(name=name, remote=Remote(transport=transport, url=URL, headers=headers))


def written(row: HostRow, entry: ServerEntry) -> dict[str, Any]:
    """The entry as a parser that shares nothing with the package reads it from a new file."""
    found: dict[str, Any] = servers(row, rendered(row, entry).encode())[entry.name]
    return found


def servers(row: HostRow, content: bytes) -> dict[str, Any]:
    document = parse(row.format, content)
    found: Any = functools.reduce(lambda inner, key: inner[key], row.servers_key, document)
    return {one["name"]: one for one in found} if row.is_list else found


def can_reference(row: HostRow) -> bool:
    shape_of = row.remote
    return bool(shape_of.template or shape_of.bearer_key or shape_of.auth_key)


def test_every_row_spells_a_remote_server_as_the_facts_do(shared_data: Path) -> None:
    facts = {fact["id"]: fact for fact in json.loads((shared_data / "hosts.json").read_text())}

    for row in table():
        if row.id in AUDITED or row.id not in facts:
            continue
        wanted = required_remote(facts[row.id])
        token = dataclasses.replace(TOKEN, reference=None, value="Bearer <token>")
        header = TOKEN if can_reference(row) else token
        headers = () if row.id in NOT_ALL_DIALECTS else (header,)
        if wanted is None:
            assert row.remote.why, row.id
        else:
            assert shape(row, remote(*headers)) == wanted, row.id


@pytest.mark.parametrize(
    ("product", "entry"),
    [
        ("claude-code", {"type": "sse", "url": URL}),
        ("cursor", {"url": URL}),
        ("windsurf", {"serverUrl": URL}),
        ("antigravity", {"serverUrl": URL}),
        ("gemini-cli", {"type": "sse", "url": URL}),
        ("qwen-code", {"url": URL}),
        ("cline", {"type": "sse", "url": URL}),
        ("roo-code", {"type": "sse", "url": URL}),
        ("copilot-cli", {"type": "sse", "url": URL}),
        ("kimi-code", {"transport": "sse", "url": URL}),
        ("rovodev", {"transport": "sse", "url": URL}),
        ("anythingllm", {"type": "sse", "url": URL}),
        ("continue", {"name": "example", "type": "sse", "url": URL}),
        ("vscode", {"type": "sse", "url": URL}),
    ],
)
def test_the_old_transport_has_its_own_spelling(product: str, entry: dict[str, str]) -> None:
    assert written(find_rows(product), remote(transport="sse")) == entry


@pytest.mark.parametrize("product", ["codex", "goose", "mistral-vibe", "zed"])
def test_a_host_that_is_not_known_to_speak_a_transport_is_told_so(product: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        shape(find_rows(product), remote(transport="sse"))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert "not known to speak SSE" in refused.value.message
    assert "streamable HTTP" in refused.value.hint


def test_a_host_without_remote_servers_says_what_to_do_instead() -> None:
    with pytest.raises(McpInstallError) as refused:
        shape(find_rows("claude-desktop"), remote())

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert "Connectors" in refused.value.hint


def test_a_token_reaches_each_host_by_the_way_that_it_has() -> None:
    key = EnvironmentValue(name="X-Api-Key", reference="KEY", secret=True)

    assert written(find_rows("codex"), remote(TOKEN, key, REGION)) == {
        "url": URL,
        "bearer_token_env_var": "API_KEY",
        "env_http_headers": {"X-Api-Key": "KEY"},
        "http_headers": {"X-Region": "eu"},
    }
    assert written(find_rows("goose"), remote(TOKEN))["env_keys"] == ["API_KEY"]
    assert written(find_rows("mistral-vibe"), remote(key))["auth"] == {
        "type": "static",
        "api_key_env": "KEY",
        "api_key_header": "X-Api-Key",
        "api_key_format": "{token}",
    }
    assert written(find_rows("opencode"), remote(key))["headers"] == {"X-Api-Key": "{env:KEY}"}


@pytest.mark.parametrize(
    ("product", "headers"),
    [
        ("zed", (TOKEN,)),
        ("copilot-jetbrains", (TOKEN,)),
        ("kimi-code", (dataclasses.replace(TOKEN, name="X-Api-Key", prefix=""),)),
        ("codex", (dataclasses.replace(TOKEN, prefix="Basic "),)),
        ("mistral-vibe", (TOKEN, dataclasses.replace(TOKEN, name="X-Other"))),
        ("mistral-vibe", (TOKEN, REGION)),
    ],
)
def test_a_secret_that_a_host_has_no_way_for_is_refused_with_what_to_do(
    product: str, headers: tuple[EnvironmentValue, ...]
) -> None:
    with pytest.raises(McpInstallError) as refused:
        shape(find_rows(product), remote(*headers))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert refused.value.hint


def test_a_secret_in_clear_text_is_in_the_file_and_in_nothing_that_is_shown(
    tmp_path: Path,
) -> None:
    value = f"Bearer {secrets.token_hex(8)}"
    entry = remote(EnvironmentValue(name="Authorization", value=value, secret=True))

    for row in WRITTEN:
        of_system, _ = place(row, tmp_path / row.id)
        change = add(read(row, of_system), no_chain(row), entry)
        assert value.encode() in (change.after or b"")
        assert value not in "\n".join(diff(change)), row.id
        assert value not in shown(row, entry)


@pytest.mark.parametrize("text", ["https://mcp.example.com/$HOME", "https://mcp.example.com/${X}"])
def test_an_address_that_a_host_would_expand_is_refused(text: str) -> None:
    entry = ServerEntry(name="example", remote=Remote(transport="streamable-http", url=text))

    with pytest.raises(McpInstallError) as refused:
        shape(find_rows("claude-code"), entry)

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row.id)
def test_a_remote_entry_is_written_replaced_and_taken_out(row: HostRow, tmp_path: Path) -> None:
    of_system, path = place(row, tmp_path)
    entry = remote(TOKEN if can_reference(row) else REGION, name="ours")
    other = dataclasses.replace(entry, remote=Remote(transport="streamable-http", url=f"{URL}/2"))

    for before in (None, rendered(row, server("theirs")).replace("\n", "\r\n").encode()):
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)

        first = add(read(row, of_system), no_chain(row), entry)
        write(first, tmp_path / "locks")
        one = path.read_bytes()
        second = add(read(row, of_system), first.chain_after, other, replace=True)
        write(second, tmp_path / "locks")
        (found,) = (one for one in entries(read(row, of_system)) if one.name == "ours")
        last = take_out(read(row, of_system), second.chain_after, "ours")
        write(last, tmp_path / "locks")

        assert starts_as(one, row, entry)
        assert not starts_as(one, row, other)
        assert (found.url, found.command) == (f"{URL}/2", None)
        assert (path.read_bytes() if path.exists() else None) == before


def place(row: HostRow, home: Path) -> tuple[Any, Path]:
    """A machine of a system that has the host, and its file, whose folder exists."""
    system = "linux" if "linux" in dict(row.paths) else row.paths[0][0]
    of_system = machine(home, system)
    path = config_path(row, of_system)
    path.parent.mkdir(parents=True, exist_ok=True)
    return of_system, path


@pytest.mark.parametrize(
    "changed",
    [
        '{"url": "https://evil.example/mcp", "type": "http"}',
        '{"url": "URL", "type": "sse"}',
        '{"url": "URL", "type": "http", "headers": {"X-Also": "1"}}',
        '{"url": "URL", "type": "http", "headersHelper": "/bin/sh"}',
        '{"url": "URL", "type": "http", "command": "/bin/sh"}',
    ],
)
def test_an_entry_that_connects_or_sends_otherwise_is_noticed(changed: str) -> None:
    row = find_rows("claude-code")
    content = f'{{"mcpServers": {{"example": {changed.replace("URL", URL)}}}}}'.encode()

    assert not starts_as(content, row, remote())
    assert starts_as(rendered(row, remote()).encode(), row, remote())


def test_what_a_host_adds_for_itself_is_no_change() -> None:
    row = find_rows("claude-code")
    content = json.dumps(
        {"mcpServers": {"example": {**shape(row, remote()), "disabled": False, "headers": {}}}}
    )

    assert starts_as(content.encode(), row, remote())


def test_a_local_server_that_becomes_a_remote_one_is_noticed() -> None:
    row, local = find_rows("cursor"), server("time")
    content = json.dumps({"mcpServers": {"time": {**shape(row, local), "url": URL}}}).encode()

    assert not starts_as(content, row, local)


def test_a_remote_entry_replaces_a_local_one_and_the_other_way_round() -> None:
    row = find_rows("codex")
    content = rendered(row, server("example")).encode()

    there = replace(content, row, remote(TOKEN)).apply(content)
    back = replace(there, row, server("example")).apply(there)

    assert servers(row, there)["example"] == {"url": URL, "bearer_token_env_var": "API_KEY"}
    assert back == content


def test_a_second_server_of_the_name_is_refused() -> None:
    row = find_rows("goose")
    content = rendered(row, remote()).encode()

    with pytest.raises(McpInstallError) as refused:
        insert(content, row, remote())

    assert refused.value.code is ErrorCode.SERVER_EXISTS


BRACES = re.compile(r"\$\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}")
BARE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def sent_by_goose(
    entry: dict[str, Any], environment: dict[str, str], keyring: dict[str, str]
) -> dict[str, str]:
    """The headers that Goose sends, by the rule that its row in `hosts.toml` quotes."""
    known = {}
    for key in entry.get("env_keys", ()):
        found = environment.get(key.upper(), keyring.get(key))
        assert found is not None, f"Failed to fetch secret '{key}' from config"
        known[key] = found

    def filled(text: str) -> str:
        for pattern in (BRACES, BARE):
            text = pattern.sub(lambda match: known.get(match[1], match[0]), text)
        return text

    assert filled(entry["uri"]) == entry["uri"]
    return {name: filled(text) for name, text in entry.get("headers", {}).items()}


@pytest.mark.parametrize("name", ["example", "2cloud", "a-b_c"])
def test_goose_sends_a_secret_of_a_variable_and_one_of_its_keyring(name: str) -> None:
    goose, value = find_rows("goose"), secrets.token_hex(8)
    kept = dataclasses.replace(TOKEN, reference=None, place=SecretPlace.HOST)
    key = EnvironmentValue(name="X-Api-Key", reference="KEY", secret=True)

    by_variable = written(goose, remote(TOKEN, key, REGION, name=name))
    by_keyring = written(goose, remote(kept, name=name))
    (account,) = by_keyring["env_keys"]

    assert sent_by_goose(by_variable, {"API_KEY": value, "KEY": "k"}, {}) == {
        "Authorization": f"Bearer {value}",
        "X-Api-Key": "k",
        "X-Region": "eu",
    }
    assert sent_by_goose(by_keyring, {}, {account: value}) == {"Authorization": f"Bearer {value}"}


@pytest.mark.parametrize("reference", ["api_key", "Api_Key"])
def test_a_variable_that_goose_would_not_find_is_refused(reference: str) -> None:
    hidden = dataclasses.replace(TOKEN, reference=reference)
    local = dataclasses.replace(server("time"), env=(
        EnvironmentValue(name=reference, reference=reference, secret=True),
    ))  # fmt: skip

    for entry in (remote(hidden), local):
        with pytest.raises(McpInstallError) as refused:
            shape(find_rows("goose"), entry)
        assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
        assert "env:API_KEY" in refused.value.hint


@pytest.mark.parametrize("text", ["https://mcp.example.com/$API_KEY", "https://a.example/?k=$X"])
def test_goose_puts_no_secret_into_an_address(text: str) -> None:
    """Twin: the same address without a secret, and the same secret without `$`."""
    goose, there = find_rows("goose"), Remote(transport="streamable-http", url=text)

    with pytest.raises(McpInstallError) as refused:
        shape(goose, remote_at(dataclasses.replace(there, headers=(TOKEN,))))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert shape(goose, remote_at(there))["uri"] == text
    assert shape(goose, remote(TOKEN))["uri"] == URL


def remote_at(there: Remote) -> ServerEntry:
    return ServerEntry(name="example", remote=there)


def test_every_row_spells_the_old_transport_as_the_facts_do(shared_data: Path) -> None:
    facts = {fact["id"]: fact for fact in json.loads((shared_data / "hosts.json").read_text())}
    compared = 0

    for row in table():
        types = (facts.get(row.id) or {}).get("remote_types") or {}
        if row.id in AUDITED or row.remote.why or "sse" not in types:
            continue
        key, _, text = types["sse"].rpartition(": ")
        assert dict(row.remote.sse or ()) == {key or "type": text}, row.id
        compared += 1

    assert compared > 15
