"""Which changes count as taken back, once some of the ways back were taken back themselves."""

from __future__ import annotations

from mcpinstall.model.receipt import HistoryRecord
from mcpinstall.operations.ways_back import undone


def record(number: int, action: str = "update", undoes: int | None = None) -> HistoryRecord:
    return HistoryRecord(
        id=_id(number), action=action, entries=("clock",), files=(), chains_before=(),
        chains_after=(), receipts_before=(), receipts_after=(),
        undoes=None if undoes is None else _id(undoes),
    )  # fmt: skip


def _id(number: int) -> str:
    return f"20261122T13450{number}Z-000a"


def test_what_was_undone_is_taken_back() -> None:
    assert undone([record(2, "undo", 1), record(1)]) == {_id(1)}


def test_what_was_undone_stands_again_when_its_rollback_was_undone() -> None:
    every = [record(3, "undo", 2), record(2, "rollback", 1), record(1)]

    assert undone(every) == {_id(2)}


def test_a_second_rollback_counts_again() -> None:
    every = [
        record(4, "rollback", 1), record(3, "undo", 2), record(2, "rollback", 1), record(1),
    ]  # fmt: skip

    assert undone(every) == {_id(1), _id(2)}
