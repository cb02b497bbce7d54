"""A rollback that changes host files, and what comes between: a host, another mcpi, a mode.

That it dies, or that the disk fails it, at any system call: `tests/attacks/test_crash.py` and
`test_failing_disk.py` (`rollback of remote servers`, `rollback of one remote server`).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import rollback
from mcpinstall.operations.settling import settle
from tests.builders import faults, system_calls
from tests.builders.changes import rolling_back_remotes
from tests.builders.processes import together
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.system_calls import Answer
from tests.builders.world import HOSTS, World, refusal

pytestmark = pytest.mark.e2e

OLD, NEW = b"https://cloud.example/mcp", b"https://cloud.example/v2"


@pytest.fixture
def moved(world: World) -> World:
    """A remote server in three hosts, which an update gave another address."""
    offer_remote(world, remote(OLD.decode()))
    world.install("cloud", hosts=list(HOSTS), offline=True)
    offer_remote(world, remote(NEW.decode()), version="2.0")
    world.update("cloud", offline=True)
    assert NEW in world.file("cursor").read_bytes()
    return world


def files_with(world: World, address: bytes) -> list[str]:
    return [name for name, data in world.host_files().items() if address in (data or b"")]


def test_a_host_file_that_changed_since_the_plan_stops_it_whole(moved: World) -> None:
    prepared = rollback.prepare("cloud", moved.context)
    users = moved.file("codex").read_bytes() + b"# mine too\n"
    moved.file("codex").write_bytes(users)

    with pytest.raises(McpInstallError) as error:
        rollback.commit(prepared, moved.context)

    assert refusal(error) == (ErrorCode.HOST_CONFIG_CHANGED, 3)
    assert files_with(moved, NEW) == list(HOSTS)
    assert files_with(moved, OLD) == []
    assert moved.file("codex").read_bytes() == users
    assert moved.receipts()["cloud"].version == "2.0"
    moved.rollback("cloud")
    assert files_with(moved, OLD) == list(HOSTS)
    assert moved.file("codex").read_bytes().endswith(b"# mine too\n")
    moved.require_clean()


def test_a_host_file_that_changed_after_a_death_is_left_alone(world: World) -> None:
    change = rolling_back_remotes(world, "cloud")
    change.die_on("/receipts/")
    users = world.file("cursor").read_bytes() + b"\n"
    world.file("cursor").write_bytes(users)

    notes = settle(world.context)

    assert any("changed meanwhile; left as it is" in note for note in notes)
    assert world.file("cursor").read_bytes() == users
    assert NEW in world.file("codex").read_bytes()
    assert world.receipts()["cloud"].version == "2.0"


@pytest.mark.skipif(not system_calls.can_be_watched(), reason="needs Linux")
@pytest.mark.parametrize("denied", [faults.Denied, faults.read_only])
def test_a_folder_that_may_not_be_written_stops_it_whole(
    world: World, denied: Callable[[int], Answer]
) -> None:
    """From the first touch of Codex's folder on; Cursor's file was written by then."""
    change = rolling_back_remotes(world, "cloud")
    at = next(n for n, one in enumerate(change.calls()) if "/.codex/" in str(one.paths))

    report = change.with_fault(denied(at))

    assert (report.outcome.code, report.outcome.status) == ("disk-failed", 5)
    assert report.outcome.hint
    assert not change.recovered()
    assert files_with(world, NEW) == list(HOSTS)
    change.tried_again()
    assert files_with(world, OLD) == list(HOSTS)


@pytest.mark.parametrize("other", ["rollback cloud", "rollback", "undo", "uninstall cloud"])
def test_two_commands_at_once_end_in_one_of_their_states(moved: World, other: str) -> None:
    ended = together(moved.command(), "rollback cloud", other)

    assert 0 in {one.status for one in ended}
    assert {one.code for one in ended} <= {
        "", "plan-changed", "nothing-to-undo", "not-installed", "host-config-changed",
    }  # fmt: skip
    receipts = moved.receipts()
    there = {"1.0": OLD, "2.0": NEW}[receipts["cloud"].version] if receipts else b"cloud.example"
    assert files_with(moved, there) == (list(HOSTS) if receipts else [])
    moved.require_clean()
