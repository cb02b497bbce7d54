"""A file system without locks: who changes refuses and has written nothing, who reads goes on."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess

import pytest

from mcpinstall.operations import commit, install
from tests.builders import without_locks
from tests.builders.changes import Change
from tests.builders.processes import Ended, acting, begin, end
from tests.builders.world import World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not without_locks.is_possible(), reason="needs Linux"),
]

UNSUPPORTED = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EACCES]
CHANGING = ("install notes --host codex", "uninstall clock", "reinstall clock",
            "configure clock --set zone=Oslo", "undo")  # fmt: skip
READING = (
    "list",
    "show clock",
    "verify",
    "hosts",
    "history",
    "test clock",
    "search clock",
    "cache size",
)


def run(world: World, command: str, number: int) -> Ended:
    """Run one command for which `flock` fails with an `errno`."""
    before = without_locks.program(number)
    return end(begin(world.command(), acting(command), before=before), command)


def require_refused(ended: Ended) -> None:
    assert (ended.status, ended.code) == (5, "lock-unsupported"), ended
    assert "has no file locks" in ended.words
    assert "hint: move the folder to a local disk" in " ".join(ended.words.split())


def test_an_installation_is_refused_whatever_the_system_calls_it(world: World) -> None:
    before = world.host_files()

    for number in UNSUPPORTED:
        require_refused(run(world, "install clock --host cursor", number))

    world.require_untouched(before)


def test_who_changes_refuses_and_has_written_nothing(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before = (world.host_files(), world.receipts(), world.homes(), world.history())

    for command in CHANGING:
        require_refused(run(world, command, errno.ENOLCK))

    assert (world.host_files(), world.receipts(), world.homes(), world.history()) == before
    world.require_clean()
    assert end(begin(world.command(), acting("uninstall clock"))).status == 0


def test_who_reads_goes_on(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    for command in READING:
        assert run(world, command, errno.ENOLCK).status == 0, command

    world.require_clean()


def test_who_reads_goes_on_beside_a_change_that_died_and_says_so(world: World) -> None:
    world.install("notes", hosts=["codex"])
    prepared = world.prepare("clock", hosts=["cursor"])
    prepared.staged[0][1].result()  # whoever is forked has no thread that builds
    change = Change(world, lambda: commit.commit(prepared, world.context), lambda: None)
    change.die_on("/receipts/")
    install.discard(prepared)

    listed = run(world, "list", errno.ENOLCK)

    assert listed.status == 0
    assert "an unfinished change is not taken back" in " ".join(listed.words.split())
    assert world.store.journal() is not None
    require_refused(run(world, "install maps --host codex", errno.ENOLCK))
    assert end(begin(world.command(), "list")).status == 0
    world.require_clean()
    assert set(world.receipts()) == {"notes"}


def test_a_server_starts_without_locks_and_one_with_locks_is_pruned_later(world: World) -> None:
    """Nothing is deleted as long as nobody can tell whether a server runs from it."""
    world.install("clock", hosts=["cursor"])
    (home,) = (world.data / "servers").iterdir()
    first = (home / "current").resolve()
    words = [*without_locks.program(errno.ENOLCK), *world.servers_in("cursor")["clock"]]
    asked = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {
        "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}}  # fmt: skip

    done = subprocess.run(
        words, input=json.dumps(asked) + "\n", text=True, capture_output=True, check=False,
        timeout=60, env={"HOME": str(world.home)},
    )  # fmt: skip

    assert '"result"' in done.stdout
    child = os.fork()
    if child == 0:
        try:
            without_locks.refuse_locks(errno.ENOLCK)
            from mcpinstall import environments

            environments.switch(home, None)
            environments.prune(home, keep=0)
        except BaseException:  # noqa: BLE001 (never back into pytest)
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFSIGNALED(status), signal.Signals(os.WTERMSIG(status))
    assert first.is_dir()
