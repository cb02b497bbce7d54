"""Attack L02: mcpi dies in the middle, at any of its effects.

Who: nobody; a power cut, the memory killer, an impatient user.
Stopped by: the journal, and recovery by the next command (`operations.recovery`).

The points are not picked by hand: a child process is killed right before the first system call
that has an effect on the disk, another one before the second, and so on until one lives to the
end; by default at every third, with `ALL_FAULTS=1` in the environment at each.  Where nobody can
watch system calls, Python's audit events stand for them.
Twin: `test_without_a_death_nothing_is_taken_back`.
"""

from __future__ import annotations

import logging
import os

import pytest

from mcpinstall.operations import commit
from mcpinstall.operations.settling import settle
from mcpinstall.system import files
from tests.builders.adopted_changes import ADOPTED, FIXES, KEYRING, WAYS_BACK
from tests.builders.changes import ALL_FAULTS, CHANGES, LIGHT, RECOVERIES, Change
from tests.builders.session import Session
from tests.builders.vaults import session, vault
from tests.builders.world import HOSTS, World

__all__ = ["session", "vault"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX"),
]

_LOG = logging.getLogger(__name__)  # `pytest --log-cli-level=INFO` shows the number of points


_EVERY = 1 if ALL_FAULTS else 3
"""At which effects it dies; a file is written by four, so that all kinds come."""


def points(change: Change, *, coarser: int = 1) -> tuple[int, int]:
    """Let the change die at its effects; return how often all was old, and how often all new."""
    old, new = 0, 0
    for _ in change.deaths(every=_EVERY if ALL_FAULTS else _EVERY * coarser):
        if change.recovered():
            new += 1
        else:
            if old % 8 == 0:  # the user tries again
                change.tried_again()
            old += 1
    _LOG.info("died at %d points: %d times the old state, %d times the new", old + new, old, new)
    return old, new


@pytest.mark.parametrize("name", [*CHANGES, *LIGHT])
def test_a_change_dies_anywhere(world: World, name: str) -> None:
    old, new = points((CHANGES | LIGHT)[name](world))

    assert old > 3
    assert new > 0


@pytest.mark.parametrize("name", [*ADOPTED, *FIXES])
def test_a_change_of_others_entries_dies_anywhere(world: World, name: str) -> None:
    old, new = points((ADOPTED | FIXES)[name](world), coarser=3 if name in ADOPTED else 1)

    assert old > 1
    assert new > 0


@pytest.mark.parametrize("name", KEYRING)
def test_an_adoption_and_its_keyring_die_anywhere(
    vault: World, session: Session, name: str
) -> None:
    old, new = points(KEYRING[name](vault), coarser=3)

    assert old > 1
    assert new > 0


@pytest.mark.parametrize("name", [*RECOVERIES, *WAYS_BACK])
def test_the_way_back_dies_anywhere(world: World, name: str) -> None:
    """Recovery itself is killed; the next one goes on where it stood."""
    _, new = points((RECOVERIES | WAYS_BACK)[name](world))

    assert new > 5


def test_a_file_changed_after_the_death_is_left_alone(world: World) -> None:
    prepared = world.prepare("clock", hosts=["cursor", "codex"])
    prepared.staged[0][1].result()
    change = Change(world, lambda: commit.commit(prepared, world.context), lambda: None)
    change.die_on("/receipts/")
    assert b"clock" in world.file("codex").read_bytes()
    users = world.file("cursor").read_bytes() + b"\n"
    world.file("cursor").write_bytes(users)

    notes = settle(world.context)

    assert any("changed meanwhile; left as it is" in note for note in notes)
    assert world.file("cursor").read_bytes() == users
    assert b"clock" not in world.file("codex").read_bytes()
    assert world.receipts() == {}


def test_while_another_command_works_nothing_is_taken_back(world: World) -> None:
    prepared = world.prepare("clock", hosts=["cursor"])
    prepared.staged[0][1].result()
    change = Change(world, lambda: commit.commit(prepared, world.context), lambda: None)
    change.die_on("/receipts/")
    assert world.store.journal() is not None

    with files.locked(world.context.paths.lock):
        assert settle(world.context) == ()
        assert world.store.journal() is not None

    assert settle(world.context) == ("taking back an unfinished change",)


def test_without_a_death_nothing_is_taken_back(world: World) -> None:
    world.install("clock", hosts=list(HOSTS))
    after = world.host_files()

    assert settle(world.context) == ()

    assert world.host_files() == after
    assert set(world.receipts()) == {"clock"}
