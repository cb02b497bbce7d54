"""The proof: whatever the editor gets wrong, the independent parser sees it."""

from __future__ import annotations

import gc

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import (
    add,
    find_rows,
    insert,
    json_edit,
    proof,
    remove,
    starts_as,
    take_out,
    toml_edit,
)
from mcpinstall.hosts.edits import is_entry
from mcpinstall.hosts.forms import ScanError
from mcpinstall.hosts.json_scan import fingerprint
from mcpinstall.hosts.proof import Outline, outline_of, same_others
from tests.builders.hosts import CODEX, CURSOR, host_file, no_chain, server

BEFORE = b'{"mcpServers": {"a": {"command": "b"}}, "z": 1}'


@pytest.mark.parametrize(
    "wrong",
    [
        (0, 0, ""),
        (0, 0, "x"),
        (16, 36, '"time": {"command": "/opt/mcpi/bin/python", "args": ["-I", "start.py"]}'),
        (16, 16, '"time": {"command": "/other", "args": []}, '),
        (len(BEFORE) - 2, len(BEFORE) - 1, "2"),
    ],
)
def test_a_wrong_splice_never_becomes_a_patch(
    wrong: tuple[int, int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_edit, "inserted", lambda *_: wrong)

    with pytest.raises(McpInstallError) as refused:
        insert(BEFORE, find_rows(CURSOR), server())

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert "the result would be wrong" in refused.value.message


def test_a_removal_that_takes_more_never_becomes_a_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_edit, "removed", lambda *_: (0, len(BEFORE), "{}"))
    with pytest.raises(McpInstallError) as refused:
        remove(BEFORE, find_rows(CURSOR), "a")
    assert "something else" in refused.value.message

    table = b"[mcp_servers.a]\ncommand = 'b'\n[z]\n"
    monkeypatch.setattr(toml_edit.TomlServers, "removed", lambda *_: (0, len(table), ""))
    with pytest.raises(McpInstallError) as refused:
        remove(table, find_rows(CODEX), "a")
    assert "something else" in refused.value.message


def test_a_chain_that_does_not_fit_its_file_undoes_nothing() -> None:
    one = add(host_file(CURSOR, '{"z": 1}'), no_chain(CURSOR), server("one"))
    two = add(host_file(CURSOR, '{"y": [1, 2]}'), no_chain(CURSOR), server("one"))
    assert two.after is not None

    forged = one.chain_after.__class__(
        row_id=CURSOR, entries=one.chain_after.entries, sha256=two.chain_after.sha256
    )
    rest = take_out(host_file(CURSOR, two.after), forged, "one")

    assert outline_of(find_rows(CURSOR), rest.after, frozenset()).levels[0][0][0] == "y"


def test_equal_numbers_of_different_kinds_are_different() -> None:
    row = find_rows(CURSOR)
    none: frozenset[str] = frozenset()

    one, two = (outline_of(row, text, none) for text in (b'{"a": 1}', b'{"a": 1.0}'))
    three = outline_of(row, b'{"a": true}', none)

    assert not same_others(one, two)
    assert not same_others(one, three)
    assert same_others(one, one)


def test_an_empty_object_on_the_way_may_be_missing_but_not_a_full_one() -> None:
    bare = Outline(levels=((("z", 1),),))
    empty = Outline(levels=((("z", 1), ("mcpServers", None)), ()))
    full = Outline(levels=((("z", 1), ("mcpServers", None)), (("a", 2),)))

    assert same_others(bare, empty)
    assert same_others(empty, bare)
    assert not same_others(bare, full)
    assert not same_others(empty, full)


def test_empty_objects_on_a_longer_way_may_be_missing_too() -> None:
    bare = Outline(levels=((("z", 1),),))
    inner = Outline(levels=((("z", 1), ("mcp", None)), (("servers", None),), ()))
    beside = Outline(levels=((("z", 1), ("mcp", None)), (("a", 2), ("servers", None)), ()))

    assert same_others(bare, inner)
    assert not same_others(bare, beside)


def test_a_value_too_deep_or_too_long_for_a_mark_is_refused() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    for value in (deep, 16**5000):
        with pytest.raises(ScanError):
            fingerprint(value)


def test_the_collector_is_as_it_was_after_an_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[bool] = []
    monkeypatch.setattr(proof, "outline_of_scan", lambda *_: inside.append(gc.isenabled()))
    try:
        for enabled in (True, False):
            (gc.enable if enabled else gc.disable)()
            with pytest.raises(AttributeError):
                insert(BEFORE, find_rows(CURSOR), server())
            assert gc.isenabled() is enabled
    finally:
        gc.enable()
    assert inside == [False, False]


@pytest.mark.parametrize("row", [CURSOR, CODEX])
def test_a_server_is_found_where_the_way_leads_to_something_else(row: str) -> None:
    content = {CURSOR: b'{"mcpServers": 1}', CODEX: b"mcp_servers = 1\n"}[row]

    assert not is_entry(content, find_rows(row), server())
    assert not starts_as(content, find_rows(row), server())


def test_a_document_that_is_no_object_has_no_outline() -> None:
    with pytest.raises(ScanError):
        outline_of(find_rows(CURSOR), b"{", frozenset())
