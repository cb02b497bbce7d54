"""Any bytes in a host's file, files that are not there, and files that are slow to read."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, entries, find_rows, insert, remove, table, take_out
from mcpinstall.model.host import HostRow
from tests.builders.hosts import CODEX, CURSOR, VSCODE, host_file, no_chain, server
from tests.builders.json_documents import NAMES
from tests.builders.watchdog import ends

WRITTEN = [row for row in table() if row.writable]
JSON_ROWS = (CURSOR, "gemini-cli-user", VSCODE)

rows = st.sampled_from([row.id for row in WRITTEN]).map(find_rows)
steps = st.lists(st.tuples(st.booleans(), st.sampled_from(NAMES)), max_size=8)


@given(rows, steps)
def test_a_file_that_was_not_there_is_none_again(
    row: HostRow, wanted: list[tuple[bool, str]]
) -> None:
    file, chain = host_file(row, None), no_chain(row)
    leaving = [(False, name) for name in NAMES]

    for adding, name in [*wanted, *leaving]:
        if adding == (name in chain.names):
            continue
        change = add(file, chain, server(name)) if adding else take_out(file, chain, name)
        file, chain = dataclasses.replace(file, content=change.after), change.chain_after
        assert sorted(one.name for one in entries(file)) == sorted(chain.names)

    assert file.content is None


def attempted(row: HostRow, content: bytes) -> bytes | None:
    """The edited content, or None for a refusal."""
    try:
        return insert(content, row, server("alpha")).apply(content)
    except McpInstallError as error:
        if error.code is not ErrorCode.HOST_CONFIG_INVALID:
            raise
        return None


@pytest.mark.parametrize("row", JSON_ROWS)
@pytest.mark.parametrize("start", ["", '{"a": 1}', '{"a": ', '{"a": ['])
@pytest.mark.parametrize("piece", ["/* ", '\\"', '"', '/* "', "// \r", "[/**/", "<<<<<<< a\n"])
@ends()
def test_no_file_takes_long(row: str, start: str, piece: str) -> None:
    attempted(find_rows(row), (start + piece * 100_000).encode())


@ends()
def test_values_that_hold_comments_take_no_longer_than_others() -> None:
    members = ",".join(f'"{number}": [/**/]' for number in range(30_000))

    assert attempted(find_rows(VSCODE), f'{{"servers": {{{members}}}}}'.encode()) is not None


@ends()
def test_a_server_of_many_tables_is_taken_out_at_once() -> None:
    tables = "".join(f"[mcp_servers.alpha.t{number}]\n[z{number}]\n" for number in range(10_000))
    content = tables.encode()

    rest = remove(content, find_rows(CODEX), "alpha").apply(content)

    assert b"alpha" not in rest
    assert rest.count(b"[z") == 10_000


@pytest.mark.parametrize("text", ["a." * 200_000 + "a = 1\n", "a = 0x" + "f" * 5000 + "\n"])
@ends()
def test_no_toml_takes_long_or_ends_in_another_error(text: str) -> None:

    assert attempted(find_rows(CODEX), text.encode()) is None


soup = st.text(st.sampled_from('{}[]",:\\/*\n\r\t x=.#\'"1ea-&|>!?é'), max_size=30).map(str.encode)


@given(st.one_of(st.binary(max_size=40), soup), rows)
def test_any_bytes_are_edited_or_refused(content: bytes, row: HostRow) -> None:
    after = attempted(row, content)
    if after is None:
        return

    rest = remove(after, row, "alpha").apply(after)

    assert "alpha" in [one.name for one in entries(host_file(row, after))]
    assert "alpha" not in [one.name for one in entries(host_file(row, rest))]
