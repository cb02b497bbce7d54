"""Attack L04: the disk fails mcpi at any system call: full, read-only, forbidden, broken.

Who: nobody; a full disk, a dying one, a folder that changed hands, a file system remounted.
Stopped by: the journal, recovery by the next command, and errors that say what is the case.

No call is picked by hand: a change is carried out once while every system call that changes
something is written down; then again for each of them and each error that this very call can
give, once or from there on.  The default is a part of these cases, the same every time;
`ALL_FAULTS=1` in the environment tries each.
Twin: `test_a_cache_that_cannot_be_emptied_is_no_failed_change`.
"""

from __future__ import annotations

import collections
import errno
import itertools
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pytest

from tests.builders import faults, system_calls
from tests.builders.adopted_changes import ADOPTED, FIXES, KEYRING, WAYS_BACK
from tests.builders.changes import (
    ALL_FAULTS,
    CHANGES,
    RECOVERIES,
    Change,
    installation,
    preparation,
    reinstallation,
)
from tests.builders.session import Session
from tests.builders.system_calls import Answer, Call, Outcome
from tests.builders.vaults import session, vault
from tests.builders.world import World

__all__ = ["session", "vault"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not system_calls.can_be_watched(), reason="needs Linux"),
]

_LOG = logging.getLogger(__name__)  # `pytest --log-cli-level=INFO` shows the numbers
_STRIDE = 37
"""Of all cases each n-th; a prime, so that all kinds of faults come."""


ERRORS = frozenset({("disk-failed", 5), ("lock-unsupported", 5)})
"""What a failing disk is called."""

OTHERS_ERRORS = frozenset(
    {("tool-failed", 5), ("index-unavailable", 5), ("environment-differs", 3)}
)
"""What it is called where uv, or the interpreter that compiles, met it."""


@dataclass
class Case:
    """One fault at one call."""

    at: int
    call: Call
    name: str
    answer: Answer

    def __str__(self) -> str:
        return f"{self.name} at {self.at}: {self.call.name} {self.call.paths}"


@dataclass
class Counts:
    """What came of the cases."""

    calls: int
    cases: int = 0
    ends: collections.Counter[str] = field(default_factory=collections.Counter)

    def __str__(self) -> str:
        ends = ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))
        return f"{self.calls} calls, {self.cases} faults: {ends}"


def cases(calls: list[Call]) -> Iterator[Case]:
    """Return every fault at every call."""
    for at, call in enumerate(calls):
        for error in call.errors:
            yield Case(at, call, errno.errorcode[error], faults.once(at, error))
        for name, lasting in faults.LASTING.items():
            yield Case(at, call, f"{name} from here", lasting(at))


def tried(
    change: Change,
    *,
    truthful: bool = True,
    errors: Collection[tuple[str, int]] = ERRORS,
    coarser: int = 1,
) -> Counts:
    """Let the change fail in every way; after the next command all is old or all is new."""
    calls = change.calls()
    counts = Counts(len(calls))
    stride = 1 if ALL_FAULTS else _STRIDE * coarser
    for number, case in enumerate(itertools.islice(cases(calls), 0, None, stride)):
        report = change.with_fault(case.answer)
        try:
            end = judged(report.outcome, change.recovered(), errors, truthful=truthful)
        except Exception as error:
            error.add_note(f"{case}\n{report.outcome.text}\n{report.outcome.bug}")
            raise
        if end == "old" and number % 8 == 0:
            change.tried_again()
        counts.cases += bool(report.answers)
        counts.ends[end if report.answers else "without the fault"] += 1
        change.snapshot.restore()
    return counts


def judged(
    outcome: Outcome, new: bool, errors: Collection[tuple[str, int]], *, truthful: bool
) -> str:
    """Return how it ended; fail unless the user was told what is the case, and what to do."""
    assert not outcome.bug, outcome.bug
    assert not outcome.died
    if outcome.code:
        assert (outcome.code, outcome.status) in errors
        assert outcome.hint
    if truthful:
        assert new is not bool(outcome.code), outcome
    return "old" if not new else "new" if not outcome.code else "new after an error"


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_on_a_failing_disk(world: World, name: str) -> None:
    counts = tried(CHANGES[name](world))

    _LOG.info("%s: %s", name, counts)
    assert counts.calls > 30
    assert counts.ends["old"] > counts.cases / 4
    assert counts.ends["new"] > 0


@pytest.mark.parametrize("name", [*ADOPTED, *FIXES])
def test_a_change_of_others_entries_on_a_failing_disk(world: World, name: str) -> None:
    counts = tried((ADOPTED | FIXES)[name](world), coarser=2 if name in ADOPTED else 1)

    _LOG.info("%s: %s", name, counts)
    assert counts.ends["old"] > counts.cases / 4


@pytest.mark.parametrize("name", KEYRING)
def test_an_adoption_and_its_keyring_on_a_failing_disk(
    vault: World, session: Session, name: str
) -> None:
    """What the keyring has afterwards is what the receipts name: a part of the state."""
    counts = tried(KEYRING[name](vault), coarser=4)

    _LOG.info("%s: %s", name, counts)
    assert counts.ends["old"] > 0


@pytest.mark.parametrize("name", [*RECOVERIES, *WAYS_BACK])
def test_recovery_on_a_failing_disk(world: World, name: str) -> None:
    counts = tried((RECOVERIES | WAYS_BACK)[name](world), truthful=False)

    _LOG.info("%s: %s", name, counts)
    assert counts.calls > 30


def test_the_first_half_on_a_failing_disk(world: World) -> None:
    """Caches are written to by several programs at once: each run has its own order."""
    change, errors = preparation(world), ERRORS | OTHERS_ERRORS
    counts = tried(change, truthful=False, errors=errors, coarser=3)

    _LOG.info("preparation: %s", counts)
    assert counts.calls > 50


def place(change: Change, kind: str, part: str) -> int:
    """Return the place of the last call of a kind on a path that holds `part`."""
    found = [
        at
        for at, call in enumerate(change.calls())
        if call.kind == kind and any(part in path for path in call.paths)
    ]
    return found[-1]


def test_a_change_that_may_not_last_has_happened_all_the_same(world: World) -> None:
    """The record is in the history, but its folder can't be synchronised."""
    change = reinstallation(world)
    at = place(change, "rename", "/history/") + 1

    report = change.with_fault(faults.once(at, errno.EIO))

    assert report.calls[at].kind == "fsync"
    assert report.outcome == Outcome()
    assert (world.data / "history" / "journal.json").exists()  # nothing is swept before it lasts
    assert len(world.generations()) == 3
    assert change.recovered()
    assert len(world.generations()) == 2


def test_what_cannot_be_taken_back_yet_is_said(world: World) -> None:
    change = installation(world)
    at = place(change, "rename", "/receipts/")

    report = change.with_fault(faults.read_only(at))

    assert report.outcome.code == "disk-failed"
    assert "not everything could be taken back yet" in report.outcome.text
    assert "the next `mcpi` command goes on" in report.outcome.hint
    assert b"clock" in (world.host_files()["codex"] or b"")
    assert not change.recovered()


def test_a_cache_that_cannot_be_emptied_is_no_failed_change(world: World) -> None:
    change = installation(world)
    at = place(change, "rmdir", "/staging/")

    report = change.with_fault(faults.once(at, errno.EACCES))

    assert report.answers == [errno.EACCES]
    assert report.outcome == Outcome()
    assert change.recovered()


@pytest.mark.parametrize("part", ["/.incoming-", ".whl"])
def test_a_full_disk_while_a_wheel_is_written(world: World, part: str) -> None:
    """What is not written yet is written when the file is closed, and fails again there."""
    change = preparation(world)
    at = next(
        at
        for at, call in enumerate(change.calls())
        if call.kind == "write" and part in call.paths[0]
    )

    report = change.with_fault(faults.Full(at))

    assert report.outcome.code == "disk-failed"
    assert "disk space" in report.outcome.hint
    assert change.recovered()


def test_where_a_folder_cannot_go_yet_it_goes_with_the_next_command(world: World) -> None:
    change = installation(world)
    at = place(change, "open", "/..claude.json.")

    report = change.with_fault(faults.Denied(at))  # the home folder, in which `.cursor` was made

    assert report.outcome.code == "disk-failed"
    assert world.file("cursor").parent.exists()
    assert not change.recovered()
    assert not world.file("cursor").parent.exists()


@pytest.mark.parametrize("error", [errno.EACCES, errno.EROFS, errno.EXDEV])
def test_an_old_environment_that_cannot_go_yet_is_no_failed_change(
    world: World, error: int
) -> None:
    change = reinstallation(world)
    at = place(change, "rename", ".gone")

    report = change.with_fault(faults.once(at, error))

    assert report.answers == [error]
    assert report.outcome == Outcome()
    assert change.recovered()
    assert len(world.generations()) == 2
