"""A command died, and many start at once: one takes it back, and all of them end well."""

from __future__ import annotations

import os
import signal

import pytest

from mcpinstall.operations import commit, install, transaction
from mcpinstall.operations.prepared import Prepared
from tests.builders import faults, system_calls
from tests.builders.changes import Change
from tests.builders.processes import acting, begin, end, together
from tests.builders.world import HOSTS, World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX"),
]

POINTS = 3
RACERS = ("list", "verify", "history", "install maps --host vscode", "uninstall notes", "list",
          "reinstall notes", "hosts", "undo", "cache prune")  # fmt: skip


def built(world: World) -> Prepared:
    prepared = world.prepare("clock", hosts=list(HOSTS))
    prepared.staged[0][1].result()  # whoever is forked has no thread that builds
    return prepared


@pytest.mark.skipif(not system_calls.can_be_watched(), reason="needs Linux")
def test_ten_commands_after_a_death_take_it_back_once(world: World) -> None:
    world.install("notes", hosts=["codex"])
    prepared = built(world)
    change = Change(world, lambda: commit.commit(prepared, world.context), lambda: None)
    calls = [at for at, call in enumerate(change.calls()) if call.shows]
    mcpi = world.command()

    taken_back = 0
    for at in calls[len(calls) // (2 * POINTS) :: len(calls) // POINTS]:
        assert change.with_fault(faults.death(at)).outcome.died

        ended = together(mcpi, *RACERS)

        said = sum("taking back an unfinished change" in one.words for one in ended)
        assert said <= 1
        taken_back += said
        for one in ended:
            readers = one.command in {"list", "verify", "history", "hosts", "cache prune"}
            assert one.status == 0 or not readers, one
            assert one.status == 0 or (one.code and "hint:" in one.words), one
        require_all_or_nothing(world)
        change.snapshot.restore()
    assert taken_back > 0
    install.discard(prepared)


def require_all_or_nothing(world: World) -> None:
    """Fail unless `clock` is everywhere or nowhere, and everything else fits together."""
    for leftover in world.context.paths.staging.glob("[0-9a-f]*"):
        assert leftover.is_dir()  # of the test's own plan
    world.require_consistent()
    assert world.strays() == []
    assert world.store.journal() is None
    there = {product for product in HOSTS if "clock" in world.servers_in(product)}
    assert there in (set(), set(HOSTS))
    assert ("clock" in world.receipts()) == bool(there)
    for product in HOSTS:
        for name in set(world.servers_in(product)) - {"mine"}:
            assert world.starts(product, name)


def test_between_journal_and_first_effect_nobody_takes_anything_back(world: World) -> None:
    """The other one lives: who reads goes on, and who changes waits for it."""
    prepared, mcpi = built(world), world.command()
    child = os.fork()
    if child == 0:
        try:
            with pytest.MonkeyPatch.context() as stopping:
                apply = transaction._apply

                def stopped(*arguments: object) -> None:
                    os.kill(os.getpid(), signal.SIGSTOP)
                    apply(*arguments)  # type: ignore[arg-type]

                stopping.setattr(transaction, "_apply", stopped)
                commit.commit(prepared, world.context)
        except BaseException:  # noqa: BLE001 (never back into pytest)
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    try:
        assert world.store.journal() is not None
        for words in ("list", "verify", "history", "hosts"):
            ended = end(begin(mcpi, words))
            assert ended.status == 0
            assert "taking back" not in ended.words
        waiting = begin(mcpi, acting("install notes --host vscode"))
        assert world.store.journal() is not None
        assert world.receipts() == {}
    finally:
        os.kill(child, signal.SIGCONT)
        _, status = os.waitpid(child, 0)

    assert os.WEXITSTATUS(status) == 0
    assert end(waiting).status == 0
    assert set(world.receipts()) == {"clock", "notes"}
    assert all(world.starts(product, "clock") for product in HOSTS)
    world.require_clean()
