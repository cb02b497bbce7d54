"""Which changes count as taken back, and where each server goes back to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mcpinstall.model.receipt import HistoryRecord, Receipt, Switch
from mcpinstall.operations import lookup, ways_back
from mcpinstall.operations.context import Context
from mcpinstall.operations.ways_back import Way, found, moved, undone
from mcpinstall.receipts.store import ReceiptStore
from tests.builders import plans

Find = Callable[..., Way | None]


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


# Where it leads --------------------------------------------------------------------------------


def receipt(generation: str, entry: str = "clock", **changes: object) -> Receipt:
    """Of the version whose digit the generation begins with: `2b` is 2 built once more."""
    values = {"name": "io.github.user/clock", "generation": generation, **changes}
    return plans.receipt(entry, manifest_sha256=generation[:1] * 64, **values)


SLUG = lookup.receipt_slug(receipt("1"))
REMOTE = {"transport": "streamable-http", "name": "io.github.user/cloud"}


def step(
    number: int, before: str, after: str, action: str = "update", undoes: int | None = None
) -> HistoryRecord:
    """From one generation to another; nothing stands for none."""
    return HistoryRecord(
        id=_id(number), action=action, entries=("clock",), files=(), chains_before=(),
        chains_after=(),
        receipts_before=(receipt(before),) if before else (),
        receipts_after=(receipt(after),) if after else (),
        switches=(Switch(slug=SLUG, before=before or None, after=after or None),),
        undoes=None if undoes is None else _id(undoes),
    )  # fmt: skip


INSTALLED = step(1, "", "1", "install")


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch, home: object) -> Find:
    """Return where a server with this current generation goes back to; the newest change first."""

    def find(current: str | None, *newest_first: HistoryRecord) -> Way | None:
        monkeypatch.setattr(lookup, "current_generation", lambda *_: current)
        return found(newest_first, Context.current()).get(SLUG)

    return find


def leads(way: Way | None) -> tuple[str, str, bool] | None:
    return None if way is None else (way.record.id, way.before, way.is_version)


def test_an_installation_is_no_way_back(way: Find) -> None:
    assert way("1", INSTALLED) is None
    assert way("2", step(3, "", "2", "install"), step(2, "1", ""), INSTALLED) is None


def test_an_update_leads_to_what_it_replaced(way: Find) -> None:
    assert leads(way("2", step(2, "1", "2"), INSTALLED)) == (_id(2), "1", True)
    assert leads(way("3", step(3, "2", "3"), step(2, "1", "2"), INSTALLED)) == (_id(3), "2", True)


def test_a_building_again_is_passed_over_to_the_version_before(way: Find) -> None:
    again = [step(4, "2b", "2c", "reinstall"), step(3, "2", "2b", "reinstall")]

    assert leads(way("2c", *again, step(2, "1", "2"), INSTALLED)) == (_id(2), "1", True)


def test_without_a_version_before_the_last_building_is_gone_back_behind(way: Find) -> None:
    again = [step(3, "1b", "1c", "reinstall"), step(2, "1", "1b", "reinstall")]

    assert leads(way("1c", *again, INSTALLED)) == (_id(3), "1b", False)


def test_what_does_not_lead_to_what_is_current_counts_for_nothing(way: Find) -> None:
    assert way("1", step(2, "1", "2"), INSTALLED) is None
    assert way(None, step(2, "1", "2"), INSTALLED) is None


def test_what_went_back_is_no_way_back_itself(way: Find) -> None:
    gone = [step(3, "2", "1", "rollback", 2), step(2, "1", "2")]
    part = [step(3, "2", "1", "rollback"), step(2, "1", "2")]

    assert way("1", *gone, INSTALLED) is None
    assert way("1", *part, INSTALLED) is None
    assert leads(way("3", step(4, "1", "3"), *gone, INSTALLED)) == (_id(4), "1", True)


def test_what_an_undo_built_again_leads_nowhere(way: Find) -> None:
    assert way("1b", step(3, "2", "1b", "undo", 2), step(2, "1", "2"), INSTALLED) is None


def test_an_update_that_was_taken_back_leads_nowhere(way: Find) -> None:
    assert way("2", step(3, "2", "1", "rollback", 2), step(2, "1", "2"), INSTALLED) is None


def test_changes_of_other_servers_are_passed_over(way: Find) -> None:
    assert leads(way("2", record(3, "hold"), step(2, "1", "2"))) == (_id(2), "1", True)


def test_a_server_that_went_has_no_way_back(way: Find) -> None:
    assert way(None, step(2, "1", "", "uninstall"), INSTALLED) is None


def test_other_files_of_the_same_version_are_another_version(way: Find) -> None:
    found = step(2, "1", "2")
    assert leads(way("2", found)) == (_id(2), "1", True)


def test_receipts_that_say_nothing_of_what_was_there_are_a_version(way: Find) -> None:
    """So that the refusal says what is missing, and not that there is nothing to go back to."""
    silent = HistoryRecord(
        id=_id(2), action="update", entries=("clock",), files=(), chains_before=(),
        chains_after=(), receipts_before=(), receipts_after=(receipt("2"),),
        switches=(Switch(slug=SLUG, before="1", after="2"),),
    )  # fmt: skip

    assert leads(way("2", silent)) == (_id(2), "1", True)
    assert leads(way("2", replace(silent, receipts_after=()))) == (_id(2), "1", True)


def remote_step(number: int, before: str, after: str, action: str = "update") -> HistoryRecord:
    return HistoryRecord(
        id=_id(number), action=action, entries=("cloud",), files=(), chains_before=(),
        chains_after=(),
        receipts_before=(receipt(before, "cloud", **REMOTE),) if before else (),
        receipts_after=(receipt(after, "cloud", **REMOTE),),
    )  # fmt: skip


def test_a_remote_server_goes_back_by_what_its_receipts_say(way: Find) -> None:
    there = receipt("2", "cloud", **REMOTE)
    ReceiptStore(Context.current().paths).write_receipt(there)
    slug = lookup.receipt_slug(there)
    came, moved_on = remote_step(1, "", "2", "install"), remote_step(3, "2", "2", "configure")

    def leads_to(*newest_first: HistoryRecord) -> Way | None:
        return ways_back.found(newest_first, Context.current()).get(slug)

    update = remote_step(2, "1", "2")
    assert leads_to(moved_on, update) == Way(record=update, before="")
    assert leads_to(moved_on, came) is None
    assert leads_to(remote_step(3, "2", "1", "rollback"), remote_step(2, "2", "1")) is None


def test_servers_that_a_change_moved() -> None:
    both = remote_step(2, "1", "2")
    slug = lookup.receipt_slug(both.receipts_after[0])

    assert moved(step(2, "1", "2")) == {SLUG}
    assert moved(both) == {slug}
