"""A byte-order mark: never written, told where a host minds, taken off when a person says so."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from mcpinstall.hosts import add, diff, take_out
from mcpinstall.model.host import BOM, Chain, HostChange, HostFile
from mcpinstall.model.receipt import FileChange
from mcpinstall.operations import recovery
from mcpinstall.planning import spans
from mcpinstall.receipts import codec
from tests.builders.hosts import CODEX, CURSOR, GEMINI, VSCODE, host_file, no_chain, server

REJECTING = {
    "claude-desktop": b'{"theme": "dark", "mcpServers": {"a": {"command": "c"}}}\n',
    GEMINI: b'{\n  // mine\n  "theme": "dark"\n}\n',
    "antigravity-user": b"{}",
}
"""Rows whose host rejects a mark, and a file for each."""


def after(change: HostChange) -> HostFile:
    return dataclasses.replace(change.file, content=change.after)


def stripped(row: str, body: bytes, name: str = "time") -> HostChange:
    return add(host_file(row, BOM + body), no_chain(row), server(name), strip_bom=True)


@pytest.mark.parametrize("row", REJECTING)
def test_the_mark_goes_with_the_entry_and_comes_back_with_it(row: str) -> None:
    body = REJECTING[row]

    change = stripped(row, body)

    plain = add(host_file(row, body), no_chain(row), server())
    assert change.after == plain.after
    back = take_out(after(change), change.chain_after, "time")
    assert back.after == BOM + body


@pytest.mark.parametrize("row", [*REJECTING, VSCODE])
def test_a_mark_stays_unless_the_person_says_so(row: str) -> None:
    body = REJECTING.get(row, b"{}")

    change = add(host_file(row, BOM + body), no_chain(row), server())

    assert change.after is not None
    assert change.after.startswith(BOM)
    (warning,) = [one for one in change.warnings if "byte-order mark" in one]
    assert "`--strip-bom`" in warning
    assert ("rejects" if row in REJECTING else "reports an error") in warning


@pytest.mark.parametrize("row", [CURSOR, CODEX])
def test_where_nothing_is_known_of_a_mark_it_stays_and_nothing_is_said(row: str) -> None:
    change = add(host_file(row, BOM), no_chain(row), server(), strip_bom=True)

    assert change.after is not None
    assert change.after.startswith(BOM)
    assert change.warnings == ()


@pytest.mark.parametrize("content", [None, b"", b"{}"])
def test_a_mark_is_never_made(content: bytes | None) -> None:
    file = host_file(GEMINI, content)

    change = add(file, no_chain(GEMINI), server(), strip_bom=True)

    assert change.after is not None
    assert BOM not in change.after
    assert take_out(after(change), change.chain_after, "time").after == content


@pytest.mark.parametrize("first", ["one", "two"])
def test_the_mark_stays_away_while_one_of_two_entries_is_left(first: str) -> None:
    body = REJECTING[GEMINI]
    one = stripped(GEMINI, body, "one")
    two = add(after(one), one.chain_after, server("two"))

    rest = take_out(after(two), two.chain_after, first)

    assert rest.after is not None
    assert not rest.after.startswith(BOM)
    (left,) = rest.chain_after.names
    assert take_out(after(rest), rest.chain_after, left).after == BOM + body


def test_an_entry_that_gets_a_new_value_keeps_the_mark_in_mind() -> None:
    change = stripped(GEMINI, b"{}")
    other = server("time", "--other")

    again = add(after(change), change.chain_after, other, replace=True)

    assert again.after is not None
    assert not again.after.startswith(BOM)
    assert take_out(after(again), again.chain_after, "time").after == BOM + b"{}"


def test_a_mark_that_somebody_put_back_is_theirs() -> None:
    change = stripped(GEMINI, b"{}")
    theirs = host_file(GEMINI, BOM + (change.after or b""))

    gone = take_out(theirs, change.chain_after, "time")

    assert gone.after is not None
    assert gone.after.startswith(BOM)


def test_the_diff_shows_the_mark_by_itself() -> None:
    change = stripped(GEMINI, REJECTING[GEMINI])

    lines = diff(change)

    assert lines[2:4] == ("@@ byte-order mark @@", "-\ufeff")
    assert lines[2] not in diff(add(host_file(GEMINI, b"{}"), no_chain(GEMINI), server()))
    assert [line for line in lines[4:] if line.startswith("-")] == ['-  "theme": "…"']
    assert any("goes" in warning for warning in change.warnings)


def test_a_record_holds_the_changed_span_alone() -> None:
    body = b'{"secret of the user": 1}\n' + b" " * 50
    change = stripped("claude-desktop", body)

    before, later = BOM + body, change.after or b""
    old, marked = spans.without_mark(before, other=later)
    new, marked_after = spans.without_mark(later, other=before)
    record = FileChange(
        row_id="claude-desktop", path_sha256="", before_sha256=hashlib.sha256(before).hexdigest(),
        after_sha256="", patch=spans.between(old, new), marked_before=marked,
        marked_after=marked_after,
    )  # fmt: skip

    assert (marked, marked_after) == (True, False)
    assert b"secret" not in record.patch.removed + record.patch.inserted
    assert recovery.reverted(record, later) == before
    back = dataclasses.replace(
        record, patch=record.patch.inverse, marked_before=False, marked_after=True
    )
    assert recovery.reverted(back, before) == later


def test_a_record_of_an_older_version_knows_no_mark() -> None:
    chain = stripped(GEMINI, b"{}").chain_after
    older = codec.dump(chain).replace(b',"stripped":true', b"")

    (applied,) = codec.load(older, Chain, "chain").entries

    assert b"stripped" not in older
    assert applied.stripped is False
