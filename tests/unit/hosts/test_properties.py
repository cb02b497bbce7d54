"""Edits of any document: everything else stays, and taking back is exact (Hypothesis)."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, entries, find_rows, insert, remove, table, take_out
from mcpinstall.hosts.entry import shape
from mcpinstall.hosts.proof import tree
from mcpinstall.model.host import Format, HostRow
from tests.builders.hosts import CODEX, CURSOR, VSCODE, host_file, no_chain, server
from tests.builders.watchdog import ends

NAMES = ("alpha", "beta", "gamma")
WRITTEN = [row for row in table() if row.writable and not row.is_list and len(row.servers_key) == 1]
JSON_ROWS = (CURSOR, "gemini-cli-user", VSCODE)

text = st.text(st.characters(codec="utf-8"), max_size=8)
keys = st.one_of(text, st.sampled_from(["mcpServers", "servers", "//", "/*", "}", "a"]))
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
servers = st.dictionaries(text.filter(lambda name: name not in NAMES), values, max_size=3)


@st.composite
def trivia(draw: st.DrawFn, dialect: Format) -> str:
    """White space, and comments where the dialect has them."""
    blank = st.text(st.sampled_from(" \t\n\r"), max_size=3)
    if dialect is Format.JSON:
        return draw(blank)
    word = st.text(st.sampled_from('ab"{}[],:*\\ é'), max_size=4)
    eol = st.sampled_from(["\n", "\r\n"])
    comment = st.one_of(
        st.builds(lambda inside, end: f"//{inside}{end}", word, eol),
        st.builds(lambda inside: f"/*{inside.replace('*', '')}*/", word),
    )
    return "".join(draw(st.lists(st.one_of(blank, comment), max_size=2)))


@st.composite
def written(draw: st.DrawFn, value: object, dialect: Format) -> str:
    """A value as somebody might have written it."""
    gap = trivia(dialect)
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        parts = []
        for key, item in items:
            shown = draw(written(item, dialect))
            if key is not None:
                ascii_only = draw(st.booleans())
                colon = f"{draw(gap)}:{draw(gap)}"
                shown = f"{json.dumps(key, ensure_ascii=ascii_only)}{colon}{shown}"
            parts.append(draw(gap) + shown + draw(gap))
        trailing = ""
        if parts and dialect is Format.JSONC and draw(st.booleans()):
            trailing = "," + draw(gap)
        inside = ",".join(parts) + trailing if parts else draw(gap)
        return f"{{{inside}}}" if isinstance(value, dict) else f"[{inside}]"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def json_file(draw: st.DrawFn) -> tuple[HostRow, bytes]:
    """A file of one of the JSON dialects, with or without servers."""
    row = find_rows(draw(st.sampled_from(JSON_ROWS)))
    document = draw(st.dictionaries(keys, values, max_size=3))
    document.pop(row.servers_key[0], None)
    if draw(st.booleans()):
        document[row.servers_key[0]] = draw(servers)
        if draw(st.booleans()):
            document |= {"z": draw(values)}
    style = draw(st.sampled_from(["odd", "indented", "minified"]))
    if style == "odd":
        gap = trivia(row.format)
        shown = draw(gap) + draw(written(document, row.format)) + draw(gap)
    elif style == "indented":
        units: list[int | str] = [1, 2, 4, "\t"]
        shown = json.dumps(document, indent=draw(st.sampled_from(units)))
        shown = shown.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"])))
    else:
        shown = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return row, mark + shown.encode()


toml_values: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | text | st.dates() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def toml_file(draw: st.DrawFn) -> tuple[HostRow, bytes]:
    """A file for Codex, with tables of servers, comments and odd ends."""
    document = draw(st.dictionaries(text, toml_values, max_size=3))
    document.pop("mcp_servers", None)
    shown = tomli_w.dumps(document, multiline_strings=draw(st.booleans()))
    for name, value in draw(servers).items():
        header = json.dumps(name).replace("\x7f", "\\u007f")
        shown += f"\n[mcp_servers.{header}] # {len(shown)}\nvalue = {json.dumps(str(value))}\n"
        shown = shown.replace("\x7f", "\\u007f")
    shown += draw(st.sampled_from(["", "# end", "\n\n", "  ", "[tail]\na = [\n 1, # ]\n]"]))
    if draw(st.booleans()):
        shown = shown.replace("\n", "\r\n").replace("\r\r\n", "\r\n")
    return find_rows(CODEX), shown.encode()


def is_toml(made: tuple[HostRow, bytes]) -> bool:
    try:
        tomllib.loads(made[1].decode())
    except tomllib.TOMLDecodeError:
        return False
    return True


files = st.one_of(json_file(), toml_file().filter(is_toml))


def seen(row: HostRow, content: bytes | None) -> tuple[dict[str, object], dict[str, object]]:
    """The servers, and everything else, by the independent parser."""
    document = tree(row, content)
    assert isinstance(document, dict)
    (key,) = row.servers_key
    found = document.pop(key, {})
    assert isinstance(found, dict)
    return found, document


@given(files)
def test_an_entry_is_added_and_nothing_else_changes(made: tuple[HostRow, bytes]) -> None:
    row, content = made

    patch = insert(content, row, server("alpha"))
    after = patch.apply(content)

    servers_before, others_before = seen(row, content)
    servers_after, others_after = seen(row, after)
    assert servers_after.pop("alpha") == shape(row, server("alpha"))
    assert repr(servers_after) == repr(servers_before)
    assert repr(others_after) == repr(others_before)
    assert patch.inverse.apply(after) == content
    assert content.startswith(b"\xef\xbb\xbf") == after.startswith(b"\xef\xbb\xbf")


@given(files)
def test_what_was_added_is_taken_out_where_it_stands(made: tuple[HostRow, bytes]) -> None:
    row, content = made
    after = insert(content, row, server("alpha")).apply(content)

    rest = remove(after, row, "alpha").apply(after)

    assert repr(seen(row, rest)) == repr(seen(row, content))


steps = st.lists(st.tuples(st.booleans(), st.sampled_from(NAMES)), max_size=8)


@given(st.one_of(files, st.sampled_from([(row, None) for row in WRITTEN])), steps)
def test_any_interleaving_ends_in_the_original_bytes(
    made: tuple[HostRow, bytes | None], wanted: list[tuple[bool, str]]
) -> None:
    row, content = made
    file, chain = host_file(row, content), no_chain(row)
    before = seen(row, content)

    for adding, name in wanted:
        if adding == (name in chain.names):
            continue
        change = add(file, chain, server(name)) if adding else take_out(file, chain, name)
        file, chain = dataclasses.replace(file, content=change.after), change.chain_after
        found, others = seen(row, file.content)
        ours = {one: found.pop(one) for one in chain.names}
        assert ours == {one: shape(row, server(one)) for one in chain.names}
        assert repr((found, others)) == repr(before)
        assert {one.name for one in entries(file)} >= set(chain.names)
    for name in chain.names:
        change = take_out(file, chain, name)
        file, chain = dataclasses.replace(file, content=change.after), change.chain_after

    assert file.content == content


def attempted(row: HostRow, content: bytes) -> bytes | None:
    """The edited content, or None for a refusal."""
    try:
        return insert(content, row, server("alpha")).apply(content)
    except McpInstallError as error:
        if error.code is not ErrorCode.HOST_CONFIG_INVALID:
            raise
        return None


rows = st.sampled_from([row.id for row in WRITTEN]).map(find_rows)


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


soup = st.text(st.sampled_from('{}[]",:\\/*\n\r\t x=.#\'"1e'), max_size=24).map(str.encode)


@given(st.one_of(st.binary(max_size=40), soup), rows)
def test_any_bytes_are_edited_or_refused(content: bytes, row: HostRow) -> None:
    after = attempted(row, content)
    if after is None:
        return

    rest = remove(after, row, "alpha").apply(after)

    assert "alpha" in [one.name for one in entries(host_file(row, after))]
    assert "alpha" not in [one.name for one in entries(host_file(row, rest))]
