"""What is refused in each dialect: with the position, with a hint, and with nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, insert, read, remove, rendered, replace, table
from mcpinstall.hosts.edits import servers
from mcpinstall.model.host import EnvironmentValue, Format, HostRow, ServerEntry
from mcpinstall.system import limits
from tests.builders.hosts import machine, no_chain, server

DIALECTS = {
    "json": "cursor-user",
    "json-comments": "gemini-cli-user",
    "jsonc": "vscode-user",
    "toml": "codex-user",
    "toml, list": "mistral-vibe-user",
    "yaml": "goose",
    "yaml, list": "continue-user",
    "jsonc, literal key": "amp-user",
    "json, nested": "vscode-settings-legacy",
    "jsonc, whole command": "opencode-user",
}
"""One row of each dialect that the table knows."""

JSON_LIKE = ("json", "json-comments", "jsonc", "jsonc, literal key", "jsonc, whole command")
DEEP = "[" * 3000 + "]" * 3000
DIGITS = "9" * 5000
CONFLICT = "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n"


def way(dialect: str) -> str:
    return find_rows(DIALECTS[dialect]).servers_key[0]


def json_cases(dialect: str) -> Iterator[tuple[str, str | bytes]]:
    """Broken documents of a JSON dialect, and where they are broken."""
    key = way(dialect)
    yield "line 2, column", f'{{\n  "{key}": {{'
    yield "line 1, column 1", "[]"
    yield "line 2, column", f'{{\n  "{key}": []\n}}'
    yield "line 3, column", f'{{"a": 1,\n "{key}": {{}},\n "{key}": {{}}}}'
    yield "line 2, column", f'{{"{key}": {{"a": {{}},\n "a": {{}}}}}}'
    yield "line 1, column 9", b'{"a": "\xc3\xa9\xff"}'
    yield "line 2, column", f'{{\n"a": {DEEP}}}'
    yield "line 2, column 6", '{\n"a": NaN}'
    yield "line 2, column 6", '{\n"a": -Infinity}'
    yield "line 2, column 6: it has a number of thousands", f'{{\n"a": {DIGITS}}}'
    escaped = "".join(f"\\u{ord(char):04x}" for char in key)
    yield "line 2, column", f'{{"{key}": {{}},\n "{escaped}": {{}}}}'
    yield "line 3, column 1", '{\n"a": 1}\n{}'
    yield "line 2, column 8", '{\n"a": 1,\ufeff "b": 2}'
    yield "line 1, column", "\ufeff\ufeff{}"
    yield "line 2, column", '{\n"a": "\x00"}'
    yield "line 2, column 1", "{\n" + CONFLICT.format("", "") + "}"


def toml_cases(dialect: str) -> Iterator[tuple[str, str | bytes]]:
    """Broken documents of TOML, and where they are broken."""
    key = way(dialect)
    yield "line 2, column", "a = 1\na = 2\n"
    yield "line 2, column 1", f"a = 1\n{key} = 1\n"
    yield "line 2, column 1", f"a = 1\n{key}.x.command = 'a'\n"
    yield "line 2, column 1", f"a = 1\n{key} = {{}}\n"
    yield "line 3, column", f"[{key}.a]\nb = 1\n[{key}.a]\nb = 2\n"
    yield "line 2, column", b"a = 1\nb = '\xff'\n"
    yield "line 2, column", f"a = 1\nb = {DEEP}\n"
    yield "line 2, column 1", "a = 1\n" + CONFLICT.format("b = 1", "b = 2")
    yield "at end of document", f"[{key}"
    yield "line 2, column 5: it has a number of thousands", f"a = 1\nb = {DIGITS}\n"
    yield "line 2, column 1", "a = 1\n\ufeffb = 2\n"
    yield "line 1, column 1", "\ufeff\ufeffa = 1\n"
    yield "line 1, column 6", "a = 1\rb = 2\n"


def toml_list_cases(dialect: str) -> Iterator[tuple[str, str | bytes]]:
    """Broken documents of an array of tables."""
    key = way(dialect)
    yield "line 1, column 1", f"{key} = 1\n"
    yield "line 1, column 2", f"[{key}]\na = 1\n"
    yield "line 1, column 1", f"{key} = [{{name = 'a'}}]\n"
    yield "line 4, column", f"[[{key}]]\nname = 'a'\n[[{key}]]\nname = 'a'\n"


def yaml_cases(dialect: str) -> Iterator[tuple[str, str | bytes]]:
    """Broken documents of YAML, and where they are broken."""
    key = way(dialect)
    yield "line 1, column", f"{key}: {{"
    yield "line 2, column", f"a: 1\n{key}: 1\n"
    yield "line 2, column 1", "a: 1\na: 2\n"
    yield "line 3, column 1", f"{key}:\n  a: {{}}\n{key}:\n  b: {{}}\n"
    yield "line 2, column", b"a: 1\nb: '\xff'\n"
    yield "line 2, column", f"a: 1\nb: {DEEP}\n"
    yield "line 2, column 1", "a: 1\n" + CONFLICT.format("b: 1", "b: 2")
    yield "line 2, column 1", "a:\n\tb: 1\n"
    yield "line 2, column 1", "a: 1\n---\nb: 2\n"
    yield "line 2, column 5", "a: 1\nb: x\u2028c\n"
    yield "can't be edited", f"%YAML 1.{DIGITS}\n---\na: 1\n"
    yield "special characters", "a: 1\nb: \x00\n"


def yaml_list_cases(dialect: str) -> Iterator[tuple[str, str | bytes]]:
    """Broken lists of YAML."""
    key = way(dialect)
    yield "line 1, column", f"{key}: {{}}\n"
    yield "line 3, column", f"{key}:\n- name: a\n- name: a\n"


CASES = [
    *((one, *case) for one in JSON_LIKE for case in json_cases(one)),
    *(("toml", *case) for case in toml_cases("toml")),
    *(("toml, list", *case) for case in toml_list_cases("toml, list")),
    *(("yaml", *case) for case in yaml_cases("yaml")),
    *(("yaml, list", *case) for case in yaml_list_cases("yaml, list")),
]


@pytest.mark.parametrize(("dialect", "where", "content"), CASES)
def test_a_broken_file_is_refused_with_the_place_and_a_hint(
    dialect: str, where: str, content: str | bytes, tmp_path: Path
) -> None:
    row = find_rows(DIALECTS[dialect])
    data = content if isinstance(content, bytes) else content.encode()
    host = machine(tmp_path)
    path = place(row, tmp_path)
    path.write_bytes(data)

    with pytest.raises(McpInstallError) as refused:
        add(read(row, host), no_chain(row), server())

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert where in refused.value.message
    assert str(path) in refused.value.message
    assert refused.value.hint
    assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


def place(row: HostRow, home: Path) -> Path:
    """Make the folder of a row's file, and return the file."""
    from mcpinstall.hosts import config_path

    path = config_path(row, machine(home))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_file_that_is_too_large_is_refused(dialect: str, tmp_path: Path) -> None:
    row = find_rows(DIALECTS[dialect])
    path = place(row, tmp_path)
    with path.open("wb") as file:
        file.truncate(limits.HOST_FILE_BYTES + 1)

    with pytest.raises(McpInstallError) as refused:
        read(row, machine(tmp_path))

    assert refused.value.code is ErrorCode.FILE_UNREADABLE
    assert path.stat().st_size == limits.HOST_FILE_BYTES + 1


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["__proto__", "constructor", "Prototype", "a b", "a.b", "", "é"])
def test_a_name_that_no_host_takes_is_refused(dialect: str, name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        insert(None, find_rows(DIALECTS[dialect]), server(name))

    assert refused.value.code is ErrorCode.NAME_INVALID
    assert refused.value.hint


@pytest.mark.parametrize(
    ("row_id", "name"),
    [(row.id, name) for row in table() for name in row.reserved_names if row.writable],
)
def test_a_name_that_a_host_keeps_for_itself_is_refused(row_id: str, name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        insert(None, find_rows(row_id), server(name.upper()))

    assert refused.value.code is ErrorCode.NAME_INVALID
    assert "--as" in refused.value.hint or " " in name


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_foreign_entry_of_that_name_stays_unless_it_is_to_be_replaced(dialect: str) -> None:
    row = find_rows(DIALECTS[dialect])
    theirs = rendered(row, server("time", "--theirs")).encode()

    with pytest.raises(McpInstallError) as refused:
        insert(theirs, row, server("time", "--ours"))

    assert refused.value.code is ErrorCode.SERVER_EXISTS
    assert "`--as NAME`" in refused.value.hint
    assert "`--replace`" in refused.value.hint
    patch = replace(theirs, row, server("time", "--ours"))
    after = patch.apply(theirs)
    assert b"--ours" in after
    assert b"--theirs" not in after
    assert patch.inverse.apply(after) == theirs


@pytest.mark.parametrize("dialect", DIALECTS)
def test_replacing_a_foreign_entry_keeps_the_others_and_can_be_taken_back(dialect: str) -> None:
    row = find_rows(DIALECTS[dialect])
    first = rendered(row, server("other", "--other")).encode()
    theirs = insert(first, row, server("time", "--theirs")).apply(first)

    after = replace(theirs, row, server("time", "--ours")).apply(theirs)

    assert list(servers(after, row)) == ["other", "time"]
    assert servers(after, row)["other"] == servers(theirs, row)["other"]
    assert remove(after, row, "time").apply(after) == first


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("key", ["__proto__", "constructor"])
def test_a_name_of_javascript_in_a_file_is_an_entry_like_any_other(dialect: str, key: str) -> None:
    row = find_rows(DIALECTS[dialect])
    before = re.sub(r"\bother\b", key, rendered(row, server("other"))).encode()

    after = insert(before, row, server()).apply(before)

    assert set(servers(after, row)) == {key, "time"}


@pytest.mark.parametrize("name", ["PATH", "path", "LD_PRELOAD", "ComSpec", "TEMP"])
def test_goose_gets_no_variable_that_it_would_leave_out(name: str) -> None:
    entry = ServerEntry(
        name="time", command="/bin/a", env=(EnvironmentValue(name=name, value="x"),)
    )

    with pytest.raises(McpInstallError) as refused:
        insert(None, find_rows("goose"), entry)

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert f"`{name}`" in refused.value.message
    assert insert(None, find_rows("hermes"), entry).inserted


def test_goose_gets_any_other_variable() -> None:
    entry = ServerEntry(
        name="time", command="/bin/a", env=(EnvironmentValue(name="ZONE", value="UTC"),)
    )

    assert b"ZONE" in insert(None, find_rows("goose"), entry).inserted


def test_every_dialect_of_the_table_is_tried() -> None:
    def kind(row: HostRow) -> tuple[Format, bool, int, str]:
        return row.format, row.is_list, len(row.servers_key), row.entry.command_form

    tried = {kind(find_rows(row_id)) for row_id in DIALECTS.values()}

    assert {kind(row) for row in table() if row.writable} <= tried
