"""Attack L02: mcpi dies in the middle, at any of its effects.

Who: nobody; a power cut, the memory killer, an impatient user.
Stopped by: the journal, and recovery by the next command (`operations.recovery`).

The points are not picked by hand: a child process is killed right before its first effect on
the disk, another one before its second, and so on until one lives to the end.
"""

from __future__ import annotations

import logging
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.operations import commit, undo, uninstall
from mcpinstall.operations.settling import settle
from mcpinstall.system import files
from tests.builders.world import HOSTS, Snapshot, World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX"),
]

_LOG = logging.getLogger(__name__)  # `pytest --log-cli-level=INFO` shows the number of points

_EFFECTS = {
    "os.rename": 1, "os.symlink": 1, "os.link": 1, "os.remove": 0, "os.rmdir": 0, "os.mkdir": 0,
    "os.chmod": 0, "os.truncate": 0, "open": 0,
}  # fmt: skip
"""Audit events that come right before an effect, and which argument is the path."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Killer:
    """Kills this process right before its effect number `at` below one of `folders`.

    A text is the first effect on a path that holds it.
    """

    def __init__(self, at: int | str, folders: tuple[Path, ...]) -> None:
        self._at, self._folders, self._seen = at, tuple(map(str, folders)), 0
        self._lock = threading.Lock()
        sys.addaudithook(self._hook)
        fsync = os.fsync

        def synced(descriptor: int) -> None:
            if Path("/proc/self/fd").exists():
                self._count(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
            fsync(descriptor)

        setattr(os, "fsync", synced)  # noqa: B010 (what was written is there, not yet named)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EFFECTS:
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
            return
        path = arguments[_EFFECTS[event]]
        if isinstance(path, (str, os.PathLike)):
            self._count(os.fspath(path))

    def _count(self, path: str) -> None:
        if path.startswith(self._folders):
            with self._lock:
                if self._seen == self._at if isinstance(self._at, int) else self._at in path:
                    os.kill(os.getpid(), signal.SIGKILL)
                self._seen += 1


@dataclass
class Change:
    """One change in a world that can be put back, and what may be there after it died."""

    world: World
    carry_out: Callable[[], object]
    again: Callable[[], object]
    """The same command, by a user who tries again."""

    def __post_init__(self) -> None:
        self.snapshot = Snapshot(self.world)
        self.old = self.state()
        self.carry_out()
        self.new = self.state()
        self.snapshot.restore()
        assert self.old != self.new

    def state(self) -> object:
        """Return all that a user sees: files and modes of hosts, entries, what runs them."""
        modes = {
            product: stat.S_IMODE(self.world.file(product).stat().st_mode)
            for product in HOSTS
            if self.world.file(product).exists()
        }
        entries = {
            name: (one.version, one.hosts, one.inputs)
            for name, one in self.world.receipts().items()
        }
        folders = [path for path in self.world.home.iterdir() if path.is_dir()]
        return (
            self.world.host_files(), modes, entries, len(self.world.homes()),
            [record.action for record in self.world.history()], sorted(folders),
        )  # fmt: skip

    def die(self, at: int | str) -> bool:
        """Carry the change out in a child that dies at effect `at`; False when it lives."""
        child = os.fork()
        if child == 0:
            try:
                Killer(at, self.folders())
                self.carry_out()
            except BaseException:  # noqa: BLE001 (never back into pytest)
                os._exit(3)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)

    def folders(self) -> tuple[Path, ...]:
        """Where effects count: state and host files; caches may be lost at any time."""
        paths = self.world.context.paths
        return (paths.data, *(self.world.file(product).parent for product in HOSTS
                              if self.world.file(product).parent != self.world.home),
                self.world.file("claude-code"), self.world.home / "..claude.json")  # fmt: skip


def points(change: Change, *, again: int = 8) -> tuple[int, int]:
    """Let the change die everywhere; return how often the old and the new state came of it.

    After each `again`-th death the user tries the same command again.
    """
    at, old, new = 0, 0, 0
    while change.die(at):
        world = change.world
        notes = settle(world.context)
        assert not any("left as it is" in note for note in notes)
        found = change.state()
        assert found in (change.old, change.new), at
        assert not (world.data / "history" / "journal.json").exists()
        require_nothing_left(world)
        if found == change.old:
            old += 1
            if at % again == 0:
                change.again()
                world.require_clean()
                assert visible(change.state()) == visible(change.new), at
        else:
            new += 1
        change.snapshot.restore()
        at += 1
    assert change.state() == change.new
    _LOG.info("died at %d points: %d times the old state, %d times the new", at, old, new)
    return old, new


def visible(state: Any) -> Any:  # noqa: ANN401
    """Return a state without its history."""
    return (*state[:4], *state[5:])


def require_nothing_left(world: World) -> None:
    """Fail if the recovered state has anything half done in it.

    What was being written before or after there was a journal goes with the next change.
    """
    outside = (world.data, world.data / "history", world.data / "registries")
    assert [path for path in world.strays() if path.parent not in outside] == []
    world.require_consistent()


def test_an_installation_dies_anywhere(world: World) -> None:
    world.file("cursor").unlink()
    world.file("cursor").parent.rmdir()
    world.install("notes", hosts=["codex"])
    prepared = world.prepare("clock", hosts=list(HOSTS))
    prepared.staged[0][1].result()

    change = Change(
        world,
        lambda: commit.commit(prepared, world.context),
        lambda: world.install("clock", hosts=list(HOSTS)),
    )
    old, new = points(change)

    assert old > 30
    assert new > 0


def test_an_uninstallation_dies_anywhere(world: World) -> None:
    world.file("cursor").unlink()
    world.install("notes", hosts=["codex"])
    world.install("clock", hosts=list(HOSTS))
    prepared = uninstall.prepare(["clock"], [], world.context)

    change = Change(
        world,
        lambda: uninstall.commit(prepared, world.context),
        lambda: world.uninstall("clock"),
    )
    old, new = points(change)

    assert old > 15
    assert new > 5


def test_a_new_version_dies_anywhere(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"], entry_name="second")
    world.offer("clock", "2.0")
    prepared = world.prepare("clock", hosts=["claude-code"])
    prepared.staged[0][1].result()

    change = Change(
        world,
        lambda: commit.commit(prepared, world.context),
        lambda: world.install("clock", hosts=["claude-code"]),
    )
    old, new = points(change)

    assert old > 15
    assert new > 0


@pytest.mark.parametrize("last", ["install", "uninstall", "configure", "reinstall"])
def test_an_undo_dies_anywhere(world: World, last: str) -> None:
    world.install("clock", hosts=["codex"])
    world.install("notes", hosts=list(HOSTS))
    if last == "uninstall":
        world.uninstall("notes")
    elif last == "configure":
        world.configure("notes", ("zone", "Oslo"))
    elif last == "reinstall":
        world.reinstall("notes")
    prepared = undo.prepare(None, world.context)
    folder = files.private_folder(world.home / "built")  # where no sweep finds it
    rebuilt = undo._rebuilt(prepared.record, folder, world.context)

    def carry_out() -> None:
        """Take the change back with the environment that was built already."""
        with pytest.MonkeyPatch.context() as built:
            built.setattr(undo, "_rebuilt", lambda *_: rebuilt)
            undo.commit(prepared, world.context)

    change = Change(world, carry_out, world.undo)
    old, new = points(change)

    assert old > 5
    assert new > 0


def test_the_way_back_dies_anywhere(world: World) -> None:
    """Recovery itself is killed; the next one goes on where it stood."""
    before = world.host_files()
    prepared = world.prepare("clock", hosts=list(HOSTS))
    prepared.staged[0][1].result()
    change = Change(world, lambda: commit.commit(prepared, world.context), lambda: None)
    assert change.die("/history/.2")  # all is done but the last: most is to be taken back
    assert world.receipts() != {}
    broken = Snapshot(world)

    at = 0
    recovering = Change.__new__(Change)
    recovering.world, recovering.carry_out = world, lambda: settle(world.context)
    while recovering.die(at):
        settle(world.context)
        assert (world.host_files(), world.homes(), world.history()) == (before, [], ())
        require_nothing_left(world)
        broken.restore()
        at += 1

    _LOG.info("recovery died at %d points", at)
    assert at > 10
    assert world.host_files() == before


def test_a_file_changed_after_the_death_is_left_alone(world: World) -> None:
    prepared = world.prepare("clock", hosts=["cursor", "codex"])
    prepared.staged[0][1].result()
    change = Change(world, lambda: commit.commit(prepared, world.context), lambda: None)
    assert change.die("/receipts/")
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
    assert change.die("/receipts/")
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
