"""A running server keeps its files until it ends, whatever happens to its entry meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall import environments, hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostChange
from tests.builders.running_server import Running, home_of, offer, running
from tests.builders.world import World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX"),
]


@contextlib.contextmanager
def started(world: World) -> Iterator[Running]:
    """Start what Cursor would start now."""
    with running(world.servers_in("cursor")["lazy"], home_of(world) / "current") as found:
        yield found


def generations(home: Path) -> set[Path]:
    return {path for path in home.iterdir() if environments.is_startable(path)}


def test_servers_of_several_generations_run_through_every_change(world: World) -> None:
    offer(world)
    world.install("lazy", hosts=["cursor"])
    home = home_of(world)
    with started(world) as first:
        world.reinstall("lazy")
        assert first.says("a") == "a of 1.0"
        offer(world, "2.0")
        world.install("lazy", hosts=["cursor"])
        with started(world) as second:
            world.reinstall("lazy")
            world.reinstall("lazy")
            assert (first.says("b"), second.says("b")) == ("b of 1.0", "b of 2.0")
            world.configure("lazy", ("zone", "Oslo"))
            world.undo()
            world.undo()
            assert (first.says("c"), second.says("c")) == ("c of 1.0", "c of 2.0")

            first.process.send_signal(signal.SIGSTOP)
            world.uninstall("lazy")
            world.install("notes", hosts=["codex"])
            first.process.send_signal(signal.SIGCONT)

            assert generations(home) == {first.generation, second.generation}
            assert (first.says("d"), second.says("d")) == ("d of 1.0", "d of 2.0")
        world.install("maps", hosts=["codex"])
        assert generations(home) == {first.generation}
        assert first.says("e") == "e of 1.0"

    world.uninstall("maps")
    assert not home.exists()
    world.require_clean()


@pytest.mark.parametrize("reinstalling", [False, True])
def test_a_server_of_a_change_that_fails_keeps_its_files(
    world: World, monkeypatch: pytest.MonkeyPatch, reinstalling: bool
) -> None:
    """A host is quick: it starts the new generation before the change is taken back."""
    offer(world)
    world.install("notes", hosts=["codex"])
    if reinstalling:
        world.install("lazy", hosts=["cursor"])
        offer(world, "2.0")
    before = world.host_files()
    with contextlib.ExitStack() as ended:
        found: list[Running] = []

        def refuse(change: HostChange, locks: Path) -> None:
            (home,) = (one for one in (world.data / "servers").iterdir() if "lazy" in one.name)
            command = environments.command(home, (), world.context.machine).argv
            found.append(ended.enter_context(running(command, home / "current")))
            raise McpInstallError(ErrorCode.HOST_CONFIG_CHANGED, "changed")

        with monkeypatch.context() as failing, pytest.raises(McpInstallError):
            failing.setattr(hosts, "write", refuse)
            world.install("lazy", hosts=["cursor", "claude-code"])

        assert world.host_files() == before
        assert found[0].says("a") == f"a of {2 if reinstalling else 1}.0"
        world.reinstall("notes")
        assert found[0].says("b") == f"b of {2 if reinstalling else 1}.0"
    assert set(world.receipts()) == ({"notes", "lazy"} if reinstalling else {"notes"})

    if not reinstalling:
        world.reinstall("notes")
        assert not found[0].generation.exists()
    world.require_clean()


def blocked(command: tuple[str, ...], lock: Path) -> subprocess.Popen[str]:
    """Start a server and wait until it stands before the lock of its generation."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    open_files = Path(f"/proc/{process.pid}/fd")
    while not any(_target(one) == str(lock) for one in open_files.iterdir()):
        assert process.poll() is None
    return process


def _target(link: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return str(link.readlink())
    return ""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize("gone", [False, True])
def test_a_server_that_starts_while_its_generation_goes_starts_the_next(
    world: World, gone: bool
) -> None:
    """It had read the old `start.py` before the switch, and takes its lock after the deletion."""
    import fcntl

    offer(world)
    world.install("lazy", hosts=["cursor"])
    command, home = world.servers_in("cursor")["lazy"], home_of(world)
    old = (home / "current").resolve()
    lock = os.open(old / ".lock", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # as a command that deletes it

    with blocked(command, old / ".lock") as process:
        offer(world, "2.0")
        if gone:
            environments.switch(home, None)
        else:
            world.install("lazy", hosts=["cursor"])
        old.rename(old.with_name(f".{old.name}.gone"))
        os.close(lock)
        if gone:
            _, words = process.communicate(timeout=60)
            assert "the environment of this server is not there" in words
            return
        try:
            assert Running(process, (home / "current").resolve()).says("a") == "a of 2.0"
        finally:
            process.kill()
