"""What an undo would bring back is compared with the advisories of today, as a rollback is."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import undo
from tests.builders.advisories import advise, advisory, file, today
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

OLD = ("introduced", "0"), ("fixed", "2.0")


def known_to_be_bad(world: World) -> None:
    advise(world.registry, file(today(), clock_server=advisory("PYSEC-2026-1", *OLD)))


@pytest.fixture(params=["update", "uninstall"])
def gone(world: World, request: pytest.FixtureRequest) -> World:
    """A world in which version 1.0 was installed, and is not any more."""
    world.install("clock", hosts=["cursor"])
    if request.param == "update":
        world.offer("clock", "2.0")
        world.update("clock")
    else:
        world.uninstall("clock")
    return world


@pytest.mark.parametrize("when", ["before", "after the question"])
def test_a_vulnerable_version_comes_back_with_leave_alone(gone: World, when: str) -> None:
    prepared = undo.prepare(None, gone.context) if when != "before" else None
    known_to_be_bad(gone)
    before, files = gone.receipts(), gone.host_files()

    with pytest.raises(McpInstallError) as error:
        undo.commit(prepared or undo.prepare(None, gone.context), gone.context)

    assert refusal(error) == (ErrorCode.VERSION_VULNERABLE, 3)
    assert (gone.receipts(), gone.host_files()) == (before, files)
    allowed = undo.prepare(None, gone.context, allow={"vulnerable"})
    assert any("1.0 has known vulnerabilities" in one for one in allowed.notes)
    assert undo.commit(allowed, gone.context).notes == allowed.notes
    assert gone.receipts()["clock"].version == "1.0"
    gone.require_clean()


def test_nothing_is_said_where_nothing_is_known(gone: World) -> None:
    assert undo.prepare(None, gone.context).notes == ()
    gone.undo()

    assert gone.receipts()["clock"].version == "1.0"


def test_what_is_there_anyhow_is_not_judged(world: World) -> None:
    """A hold that is taken back, or one host less, brings no version."""
    world.install("clock", hosts=["cursor"])
    world.hold("clock")
    known_to_be_bad(world)

    world.undo()

    assert world.receipts()["clock"].version == "1.0"


def test_the_command_takes_leave(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.uninstall("clock")
    known_to_be_bad(world)
    mcpi = world.command()

    refused = mcpi.run("undo", "--yes", status=3).stderr
    assert "error[version-vulnerable]" in refused
    assert "`--allow vulnerable`" in refused

    answer = mcpi.answer("undo", "--yes", "--allow", "vulnerable")
    assert any("has known vulnerabilities" in one for one in answer["notes"])
    assert world.receipts()["clock"].version == "1.0"
