"""`rollback`: to which version, and which it refuses."""

from __future__ import annotations

import pytest

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import Hold
from mcpinstall.operations import rollback
from tests.builders.advisories import advise, advisory, file, today
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

RENAMED = {"type": "named", "name": "--in", "isRequired": True, "description": "The zone"}


def updated(world: World) -> World:
    """`clock` 2.0 in the place of 1.0."""
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    world.update("clock")
    return world


def told(world: World, id_: str = "PYSEC-2026-1") -> None:
    """Tell of an advisory against every version of `clock` below 1.5."""
    said = ("introduced", "0"), ("fixed", "1.5")
    advise(world.registry, file(today(), clock_server=advisory(id_, *said)))


# Where it leads --------------------------------------------------------------------------------


def test_a_version_that_was_built_again_has_the_same_way_back(world: World) -> None:
    """Two generations are kept: the current one, and that of the version before."""
    world.install("clock", hosts=["cursor"])
    before = world.receipts()["clock"].generation
    world.offer("clock", "2.0")
    world.update("clock")
    for _ in range(2):
        world.reinstall("clock")

    world.rollback()

    assert world.receipts()["clock"].version == "1.0"
    assert world.receipts()["clock"].generation == before
    assert world.starts("cursor", "clock")
    world.require_clean()
    world.undo()
    assert world.receipts()["clock"].version == "2.0"


def test_a_building_again_is_no_update_but_can_be_gone_back_behind_by_name(world: World) -> None:
    updated(world)
    world.install("notes", hosts=["cursor"])
    before = world.receipts()["notes"].generation
    world.reinstall("notes")

    assert rollback.prepare(None, world.context).steps[0].entries == ("clock",)
    world.rollback("notes")
    assert world.receipts()["notes"].generation == before
    world.rollback()
    assert world.receipts()["clock"].version == "1.0"
    with pytest.raises(McpInstallError, match="there is no update to roll back"):
        world.rollback()


def test_a_remote_server_goes_back_to_its_former_address(world: World) -> None:
    with RemoteServer() as old, RemoteServer() as new:
        offer_remote(world, remote(old.url))
        world.install("cloud", "clock", hosts=["cursor"])
        files, before = world.host_files(), world.receipts()
        offer_remote(world, remote(new.url), version="2.0")
        world.offer("clock", "2.0")
        world.update()
        world.install("notes", hosts=["codex"])
        asked = len(new.requests), len(old.requests)

        done = world.rollback("cloud")
        assert done.record.action == "rollback"
        assert world.receipts()["cloud"] == before["cloud"]
        assert world.receipts()["clock"].version == "2.0"
        world.rollback("clock")
        assert world.host_files()["cursor"] == files["cursor"]
        with pytest.raises(McpInstallError) as error:
            world.rollback("cloud")
        assert refusal(error) == (ErrorCode.NOTHING_TO_UNDO, 5)
        assert (len(new.requests), len(old.requests)) == asked


def test_remote_and_local_servers_of_one_update_go_back_together(world: World) -> None:
    with RemoteServer() as old, RemoteServer() as new:
        offer_remote(world, remote(old.url))
        world.install("cloud", "clock", hosts=["cursor"])
        files, before = world.host_files(), world.receipts()
        offer_remote(world, remote(new.url), version="2.0")
        world.offer("clock", "2.0")
        world.update()

        world.rollback()

    assert (world.receipts(), world.host_files()) == (before, files)


def test_the_last_of_several_updates_goes_back(world: World) -> None:
    world.install("clock", "notes", hosts=["cursor"])
    for name in ("clock", "notes"):
        world.offer(name, "2.0")
        world.update(name)

    world.rollback()
    assert {name: one.version for name, one in world.receipts().items()} == {
        "clock": "2.0", "notes": "1.0",
    }  # fmt: skip
    world.rollback()
    assert world.receipts()["clock"].version == "1.0"


def test_entries_that_are_as_the_update_left_them_go_back_whatever_came_between(
    world: World,
) -> None:
    world.install("clock", hosts=["cursor"], settings=(("zone", "Oslo"),))
    files, before = world.host_files(), world.receipts()
    world.offer("clock", "2.0", arguments=[RENAMED])
    world.update(settings=(("in", "Bergen"),))
    world.hold("clock")
    world.unhold("clock")

    world.rollback("clock")

    assert (world.host_files(), world.receipts()) == (files, before)
    world.require_clean()


def test_a_host_that_got_the_entry_after_the_update_keeps_it(world: World) -> None:
    updated(world)
    world.install("clock", hosts=["codex"])
    files = world.host_files()

    world.rollback("clock")

    assert world.receipts()["clock"].version == "1.0"
    assert len(world.receipts()["clock"].hosts) == 2
    assert world.host_files() == files
    world.require_clean()


def test_an_installation_that_moved_a_server_and_added_an_entry_goes_back_whole(
    world: World,
) -> None:
    world.install("clock", hosts=["cursor"])
    files, before = world.host_files(), world.receipts()
    world.offer("clock", "2.0")
    world.install("clock", hosts=["codex"], entry_name="second")
    assert {one.version for one in world.receipts().values()} == {"2.0"}

    world.rollback()

    assert (world.host_files(), world.receipts()) == (files, before)
    world.require_clean()


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "MODE", "value": "fast"},
        {"name": "MODE", "default": "fast", "description": "How"},
        {"name": "MODE", "isRequired": True, "description": "How"},
    ],
    ids=["fixed", "default", "given"],
)
def test_a_variable_that_an_update_added_goes_with_it(
    world: World, variable: dict[str, object]
) -> None:
    world.install("clock", hosts=["cursor"])
    files, before = world.host_files(), world.receipts()
    world.offer("clock", "2.0", environment=[variable])
    world.update(settings=(("MODE", "slow"),) if "isRequired" in variable else ())
    assert b"MODE" in world.file("cursor").read_bytes()

    world.rollback("clock")

    assert (world.host_files(), world.receipts()) == (files, before)
    world.require_clean()


# What it refuses -------------------------------------------------------------------------------


def test_a_server_that_is_held_stays_where_it_is(world: World) -> None:
    updated(world)
    world.hold("clock")

    for name in ("clock", None):
        with pytest.raises(McpInstallError) as error:
            world.rollback(name)
        assert refusal(error) == (ErrorCode.VERSION_HELD, 3)
    assert world.receipts()["clock"].version == "2.0"
    world.unhold("clock")
    world.rollback()
    assert world.receipts()["clock"].version == "1.0"


def test_a_version_with_a_known_vulnerability_needs_leave(world: World) -> None:
    updated(world)
    told(world)

    with pytest.raises(McpInstallError) as error:
        world.rollback("clock")
    assert refusal(error) == (ErrorCode.VERSION_VULNERABLE, 3)
    assert world.receipts()["clock"].version == "2.0"
    mcpi = world.command()
    assert "error[version-vulnerable]" in mcpi.run("rollback", "clock", "-y", status=3).stderr
    shown = mcpi.run("rollback", "clock", "--yes", "--allow", "vulnerable").stderr

    assert "has known vulnerabilities: clock-server 1.0 (PYSEC-2026-1" in " ".join(shown.split())
    assert world.receipts()["clock"].version == "1.0"


def test_what_is_found_to_be_vulnerable_after_the_question_is_not_gone_back_to(
    world: World,
) -> None:
    prepared = rollback.prepare("clock", updated(world).context)
    told(world)

    with pytest.raises(McpInstallError) as error:
        rollback.commit(prepared, world.context)

    assert refusal(error) == (ErrorCode.VERSION_VULNERABLE, 3)


def test_a_malicious_version_is_not_gone_back_to_with_any_leave(world: World) -> None:
    updated(world)
    told(world, "MAL-2026-1")

    with pytest.raises(McpInstallError) as error:
        rollback.prepare("clock", world.context, allow=frozenset({"vulnerable"}))

    assert refusal(error) == (ErrorCode.PACKAGE_MALICIOUS, 3)


def test_changed_files_are_not_gone_back_to_together_with_their_entries_either(
    world: World,
) -> None:
    """Nor is anything fetched in their place: that is what `update --to` is for."""
    world.install("clock", hosts=["cursor"], settings=(("zone", "Oslo"),))
    before = world.generations()[0]
    world.offer("clock", "2.0", arguments=[RENAMED])
    world.update(settings=(("in", "Bergen"),))
    victim = next(before.rglob("clock_server/__init__.py"))
    victim.chmod(0o600)
    victim.write_text("print('not what was installed')\n")
    files = world.host_files()
    world.index.requests.clear()

    with pytest.raises(McpInstallError) as error:
        world.rollback("clock")

    assert refusal(error) == (ErrorCode.ENVIRONMENT_DIFFERS, 3)
    assert (world.index.requests, world.host_files()) == ([], files)
    assert world.receipts()["clock"].version == "2.0"


def test_another_change_while_the_question_was_read_is_not_overwritten(world: World) -> None:
    updated(world)
    prepared = rollback.prepare("clock", world.context)
    world.offer("clock", "3.0")
    world.update("clock")

    with pytest.raises(McpInstallError) as error:
        rollback.commit(prepared, world.context)

    assert error.value.code in {ErrorCode.PLAN_CHANGED, ErrorCode.NOTHING_TO_UNDO}
    assert world.receipts()["clock"].version == "3.0"
    world.require_clean()


def test_a_hold_while_the_question_was_read_is_kept(world: World) -> None:
    updated(world)
    prepared = rollback.prepare("clock", world.context)
    world.hold("clock")

    with pytest.raises(McpInstallError) as error:
        rollback.commit(prepared, world.context)

    assert refusal(error) == (ErrorCode.PLAN_CHANGED, 3)
    assert world.receipts()["clock"].version == "2.0"
    assert world.receipts()["clock"].hold is Hold.HELD


def test_a_server_that_went_while_the_question_was_read_does_not_come_back(world: World) -> None:
    updated(world)
    prepared = rollback.prepare("clock", world.context)
    world.uninstall("clock")

    with pytest.raises(McpInstallError) as error:
        rollback.commit(prepared, world.context)

    assert refusal(error) == (ErrorCode.NOTHING_TO_UNDO, 5)
    assert world.receipts() == {}


def test_an_entry_of_a_remote_server_that_came_after_the_update_has_no_former_address(
    world: World,
) -> None:
    with RemoteServer() as old, RemoteServer() as new:
        offer_remote(world, remote(old.url))
        world.install("cloud", hosts=["cursor"])
        offer_remote(world, remote(new.url), version="2.0")
        world.update()
        world.install("cloud", hosts=["codex"], entry_name="second")

        assert rollback.prepare(None, world.context).steps[0].entries == ("cloud",)
        world.uninstall("cloud")
        with pytest.raises(McpInstallError) as error:
            world.rollback("second")

    assert refusal(error) == (ErrorCode.NOTHING_TO_UNDO, 5)
    assert world.receipts()["second"].url == new.url


def test_a_generation_that_no_receipt_vouched_for_is_not_gone_back_to(world: World) -> None:
    """Somebody had made another one current before the update."""
    world.install("clock", hosts=["cursor"])
    first = world.generations()[0]
    world.reinstall("clock")
    environments.switch(first.parent, first.name)
    world.offer("clock", "2.0")
    world.update("clock")

    with pytest.raises(McpInstallError) as error:
        world.rollback("clock")

    assert refusal(error) == (ErrorCode.NOTHING_TO_UNDO, 5)
    assert world.receipts()["clock"].version == "2.0"


def test_a_version_without_its_python_is_not_gone_back_to(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before = world.generations()[0]
    world.offer("clock", "2.0")
    world.update("clock")
    python = before / "bin" / "python"
    python.parent.chmod(0o700)
    python.unlink()
    python.symlink_to("/nowhere/python")

    with pytest.raises(McpInstallError) as error:
        world.rollback("clock")

    assert refusal(error) == (ErrorCode.NOTHING_TO_UNDO, 5)
    assert world.receipts()["clock"].version == "2.0"
