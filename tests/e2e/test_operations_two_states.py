"""Two users' states, one host file: what either reports as installed is in the file."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
from pathlib import Path
from queue import Queue

import pytest

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import exchange
from tests.builders.hosts import machine, no_chain, server
from tests.builders.processes import begin, end
from tests.builders.world import World

pytestmark = pytest.mark.e2e

ROUNDS = 60
ROW = hosts.find_rows("cursor")


def write_many(
    home: Path, locks: Path, name: str, exchanging: bool, done: Queue[list[str]]
) -> None:
    """Write one entry after the other, and tell which ones were reported as written."""
    if not exchanging:
        setattr(exchange, "_function", lambda: None)  # noqa: B010 (as on other systems)
    written = []
    for number in range(ROUNDS):
        entry = dataclasses.replace(server(), name=f"{name}{number}")
        try:
            file = hosts.read(ROW, machine(home))
            hosts.write(hosts.add(file, no_chain(ROW), entry), locks)
        except McpInstallError as error:
            assert error.code is ErrorCode.HOST_CONFIG_CHANGED  # noqa: PT017 (in a process)
        else:
            written.append(entry.name)
    done.put(written)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("exchanging", [True, False])
def test_of_two_that_write_all_the_time_no_entry_is_lost(tmp_path: Path, exchanging: bool) -> None:
    """With neither a lock that both hold nor an exchange, one of some hundred entries is."""
    home = tmp_path / "home"
    (home / ".cursor").mkdir(mode=0o700, parents=True)
    path = home / ".cursor" / "mcp.json"
    path.write_text('{"mcpServers": {"mine": {"command": "/bin/mine"}}}')
    home.chmod(0o700)
    start = multiprocessing.get_context("spawn")
    done: Queue[list[str]] = start.Manager().Queue()
    workers = [
        start.Process(target=write_many, args=(home, tmp_path / name, name, exchanging, done))
        for name in "ab"
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0

    written = {*done.get(), *done.get()}
    assert len(written) > ROUNDS // 2
    assert set(json.loads(path.read_bytes())["mcpServers"]) == {"mine", *written}
    assert [one.name for one in path.parent.iterdir()] == ["mcp.json"]


def test_commands_with_different_homes_share_a_host(world: World) -> None:
    mcpi = world.command()
    before = world.host_files()
    states = {name: world.root / f"state-{name}" for name in ("clock", "notes")}
    variables = {name: {"MCPI_HOME": str(folder)} for name, folder in states.items()}

    def both(command: str) -> dict[str, str]:
        running = {
            name: begin(mcpi, command.format(name), variables=variables[name]) for name in states
        }
        return {name: end(one, name).code for name, one in running.items()}

    codes = both("install {0} --host cursor --yes")

    assert set(codes.values()) <= {"", "host-config-changed"}
    won = {name for name, code in codes.items() if not code}
    assert won
    assert set(world.servers_in("cursor")) == {"mine", *won}
    assert all(world.starts("cursor", name) for name in won)

    for name in set(states) - won:
        ended = end(begin(mcpi, f"install {name} --host cursor --yes", variables=variables[name]))
        assert ended.status == 0
    for name in states:  # one after the other, for the second's difference is another one then
        ended = end(begin(mcpi, f"uninstall {name} --yes", variables=variables[name]))
        assert ended.status == 0, ended

    assert world.host_files() == before
