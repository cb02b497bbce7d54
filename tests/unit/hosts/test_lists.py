"""Servers in a list, each of which names itself: JSON, its dialects, and TOML."""

from __future__ import annotations

import dataclasses

import pytest
from inline_snapshot import snapshot

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, edits, insert, remove, replace, take_out
from mcpinstall.model.host import CommandForm, EntryShape, Format, HostRow
from tests.builders.hosts import ad_hoc_row, host_file, no_chain, server

ROOT = ad_hoc_row(Format.JSON, (), is_list=True)
NESTED = ad_hoc_row(Format.JSONC, ("mcp", "servers"), is_list=True)
TABLES = dataclasses.replace(
    ad_hoc_row(Format.TOML, ("mcp_servers",), is_list=True),
    entry=EntryShape(
        name_key="name", constants=(("transport", "stdio"),), command_form=CommandForm.LIST
    ),
)
SAMPLES = [
    (ROOT, ""),
    (ROOT, "[]"),
    (ROOT, '[\n  {"name": "a", "command": "x"},\n  {"noname": 1}\n]\n'),
    (ROOT, '[{"name":"a"}]'),
    (NESTED, "{}"),
    (NESTED, '{"mcp": {/* none */}}'),
    (
        NESTED,
        '// top\n{\n\t"mcp": {\n\t\t"servers": [\n\t\t\t{"name": "a"}, // one\n\t\t],\n\t}\n}',
    ),
    (TABLES, ""),
    (TABLES, 'model = "x"\n'),
    (TABLES, '[[mcp_servers]]\nname = "a"\ncommand = ["x"]\n\n[mcp_servers.env]\nA = "b"\n\n[z]\n'),
]


def text(row: HostRow, content: str) -> str:
    return insert(content.encode(), row, server()).apply(content.encode()).decode()


def test_an_item_looks_like_its_neighbours() -> None:
    assert text(ROOT, '[\n  {"name": "a"}\n]\n') == snapshot("""\
[
  {"name": "a"},
  {
    "name": "time",
    "command": "/opt/mcpi/bin/python",
    "args": ["-I", "start.py"]
  }
]
""")
    assert text(NESTED, "{}") == snapshot("""\
{
  "mcp": {
    "servers": [
      {
        "name": "time",
        "command": "/opt/mcpi/bin/python",
        "args": ["-I", "start.py"]
      }
    ]
  }
}\
""")
    assert text(TABLES, 'model = "x"\n') == snapshot("""\
model = "x"

[[mcp_servers]]
name = "time"
transport = "stdio"
command = ["/opt/mcpi/bin/python"]
args = ["-I", "start.py"]
""")


@pytest.mark.parametrize(("row", "content"), SAMPLES)
def test_what_is_added_is_found_replaced_and_taken_out(row: HostRow, content: str) -> None:
    before = edits.servers(content.encode(), row)
    after = text(row, content).encode()
    assert list(edits.servers(after, row)) == [*before, "time"]
    assert edits.starts_as(after, row, server())

    other = replace(after, row, server("time", "other")).apply(after)
    assert edits.is_entry(other, row, server("time", "other"))

    rest = remove(other, row, "time").apply(other)
    assert edits.servers(rest, row) == before


@pytest.mark.parametrize(("row", "content"), SAMPLES)
def test_two_are_taken_out_in_any_order_and_leave_the_old_bytes(row: HostRow, content: str) -> None:
    for order in (("one", "two"), ("two", "one")):
        file, chain = host_file(row, content), no_chain(row)
        for name in ("one", "two"):
            change = add(file, chain, server(name))
            file, chain = dataclasses.replace(file, content=change.after), change.chain_after
        for name in order:
            change = take_out(file, chain, name)
            file, chain = dataclasses.replace(file, content=change.after), change.chain_after
        assert file.content == content.encode()


@pytest.mark.parametrize(
    ("row", "content", "why"),
    [
        (ROOT, "{}", "the document is not a list"),
        (ROOT, '[{"name": "a"}, {"name": "a"}]', 'the server "a" appears twice'),
        (ROOT, '[{"name": "a"},]', "a comma stands before `]`"),
        (NESTED, '{"mcp": {"servers": {}}}', "`mcp.servers` is not a list"),
        (TABLES, "mcp_servers = []\n", "is an inline list"),
        (TABLES, "[mcp_servers]\na = 1\n", "`mcp_servers` is not an array of tables"),
        (TABLES, '[[mcp_servers]]\nname = "a"\n' * 2, "the server `a` appears twice"),
    ],
)
def test_another_form_is_refused(row: HostRow, content: str, why: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        text(row, content)

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert why in refused.value.message


def test_a_name_that_exists_is_not_taken_over() -> None:
    with pytest.raises(McpInstallError) as refused:
        text(ROOT, '[{"name": "time"}]')

    assert refused.value.code is ErrorCode.SERVER_EXISTS
