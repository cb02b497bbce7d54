"""`update` and `rollback`: what changed is shown, what runs goes on, and the way back is short."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import Hold
from mcpinstall.operations import install
from mcpinstall.planning.changes import ChangeKind
from tests.builders import next_version, servers
from tests.builders.running_server import home_of, running
from tests.builders.running_server import offer as offer_lazy
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e


def test_a_hook_a_dependency_and_a_tool_text_are_shown_and_taken_back(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    files, before = world.host_files(), world.receipts()["clock"]
    next_version.offer(world)

    prepared = world.prepare_update("clock")
    assert prepared is not None
    (replaced,) = prepared.replacements
    assert replaced.comparison is not None
    kinds = {change.kind for change in replaced.comparison.changes}
    assert kinds >= {
        ChangeKind.HOOK_ADDED, ChangeKind.DEPENDENCY_ADDED, ChangeKind.TOOL_DESCRIPTION,
    }  # fmt: skip
    assert prepared.plan.changes == ()
    assert world.receipts()["clock"] == before

    world.carry_out(prepared)
    assert world.receipts()["clock"].version == "2.0"
    assert world.host_files() == files
    assert world.starts("cursor", "clock")
    world.require_consistent()

    done = world.rollback("clock")
    assert (done.record.action, len(done.record.files)) == ("rollback", 0)
    assert world.receipts()["clock"].version == "1.0"
    assert world.receipts()["clock"].generation == before.generation
    assert world.host_files() == files
    assert world.starts("codex", "clock")
    world.require_clean()


def test_undo_of_an_update_is_what_rollback_is(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    files, before = world.host_files(), world.receipts()
    next_version.offer(world)

    world.update()
    world.undo()
    undone = world.receipts()
    world.update()
    world.rollback()

    assert undone == before
    assert world.receipts() == before
    assert world.host_files() == files


def test_undo_of_a_rollback_goes_forward_again(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    next_version.offer(world)
    world.update()
    newer = world.receipts()

    world.rollback("clock")
    world.undo()
    assert world.receipts() == newer
    world.rollback("clock")
    with pytest.raises(McpInstallError) as error:
        world.rollback("clock")

    assert refusal(error) == (ErrorCode.NOTHING_TO_UNDO, 5)
    assert world.receipts()["clock"].version == "1.0"


def test_a_server_that_does_not_answer_leaves_the_old_one_current(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before, generations = world.receipts(), world.generations()
    world.offer("clock", "2.0", body="raise SystemExit(3)")

    with pytest.raises(McpInstallError) as error:
        world.update("clock")

    assert refusal(error) == (ErrorCode.PROBE_FAILED, 5)
    assert (world.receipts(), world.generations()) == (before, generations)
    assert world.starts("cursor", "clock")
    world.require_clean()


def test_a_running_server_keeps_its_version_through_update_and_rollback(world: World) -> None:
    offer_lazy(world)
    world.install("lazy", hosts=["cursor"])
    command = world.servers_in("cursor")["lazy"]
    current = home_of(world) / "current"
    with running(command, current) as old:
        offer_lazy(world, "2.0")
        world.update("lazy")
        with running(command, current) as new:
            assert (old.says("a"), new.says("a")) == ("a of 1.0", "a of 2.0")
            world.rollback("lazy")
            assert (old.says("b"), new.says("b")) == ("b of 1.0", "b of 2.0")
            with running(command, current) as again:
                assert again.says("c") == "c of 1.0"


def test_the_way_back_survives_a_version_that_was_left(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    for version in ("2.0", "3.0"):
        world.offer("clock", version)
        world.update("clock")
        if version == "2.0":
            world.rollback("clock")
    assert world.receipts()["clock"].version == "3.0"

    world.rollback("clock")

    assert world.receipts()["clock"].version == "1.0"
    assert world.starts("cursor", "clock")


def test_several_servers_are_one_plan_and_all_or_nothing(world: World) -> None:
    world.install("clock", "notes", hosts=["cursor"])
    before = world.receipts()
    world.offer("clock", "2.0")
    world.offer("notes", "2.0", body="raise SystemExit(3)")

    with pytest.raises(McpInstallError):
        world.update()
    assert world.receipts() == before
    world.require_clean()

    world.offer("notes", "2.1")
    world.update()
    assert {one.version for one in world.receipts().values()} == {"2.0", "2.1"}
    world.rollback("notes")
    assert world.receipts()["notes"] == before["notes"]
    assert world.receipts()["clock"].version == "2.0"
    world.require_clean()


def test_entries_that_need_something_else_are_changed_with_the_version(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"], settings=(("zone", "Oslo"),))
    files, before = world.host_files(), world.receipts()
    renamed = {"type": "named", "name": "--in", "isRequired": True, "description": "The zone"}
    world.offer("clock", "2.0", arguments=[renamed])

    with pytest.raises(McpInstallError) as error:
        world.prepare_update("clock")
    assert refusal(error) == (ErrorCode.INPUT_MISSING, 2)
    prepared = world.prepare_update("clock", settings=(("in", "Bergen"),))
    assert prepared is not None
    assert len(prepared.plan.changes) == 2
    assert "`clock` has no input `zone` any more" in " ".join(prepared.replacements[0].notes)
    world.carry_out(prepared)

    assert world.servers_in("codex")["clock"][-2:] == ("--in", "Bergen")
    world.require_consistent()
    world.rollback()
    assert (world.host_files(), world.receipts()) == (files, before)
    world.require_clean()


def test_both_entries_of_a_server_move_together(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"], entry_name="other", settings=(("zone", "Oslo"),))
    before = world.receipts()
    world.offer("clock", "2.0")

    world.update("other")
    assert {one.version for one in world.receipts().values()} == {"2.0"}
    assert len({one.generation for one in world.receipts().values()}) == 1
    world.require_consistent()
    world.rollback("clock")

    assert world.receipts() == before
    world.require_clean()


def test_what_is_held_or_pinned_stays_until_it_is_let_go(world: World) -> None:
    world.install("clock@1.0", hosts=["cursor"])
    world.install("notes", hosts=["cursor"])
    world.hold("notes")
    world.offer("clock", "2.0")
    world.offer("notes", "2.0")
    assert {n: one.hold for n, one in world.receipts().items()} == {
        "clock": Hold.PINNED, "notes": Hold.HELD,
    }  # fmt: skip

    assert world.update() is None
    for name in ("clock", "notes"):
        with pytest.raises(McpInstallError) as error:
            world.update(name)
        assert refusal(error) == (ErrorCode.VERSION_HELD, 3)
    with pytest.raises(McpInstallError, match="held"):
        world.install("notes", hosts=["cursor"])

    world.update("clock", to="2.0")
    assert world.receipts()["clock"].hold is Hold.PINNED
    world.unhold("notes")
    world.update()
    assert {one.version for one in world.receipts().values()} == {"2.0"}
    world.undo()
    world.undo()
    assert world.receipts()["notes"].hold is Hold.HELD


def test_what_another_mcpi_changed_meanwhile_is_not_overwritten(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    prepared = world.prepare_update("clock")
    assert prepared is not None
    world.hold("clock")

    with pytest.raises(McpInstallError) as error:
        world.carry_out(prepared)

    assert refusal(error) == (ErrorCode.PLAN_CHANGED, 3)
    assert world.receipts()["clock"].version == "1.0"
    world.require_clean()


def test_a_generation_that_was_changed_is_not_gone_back_to(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before = world.generations()[0]
    world.offer("clock", "2.0")
    world.update("clock")
    victim = next(before.rglob("clock_server/__init__.py"))
    victim.chmod(0o600)
    victim.write_text("print('not what was installed')\n")

    with pytest.raises(McpInstallError) as error:
        world.rollback("clock")

    assert refusal(error) == (ErrorCode.ENVIRONMENT_DIFFERS, 3)
    assert world.receipts()["clock"].version == "2.0"


def test_nothing_is_fetched_or_asked_for_a_rollback(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    world.update("clock")
    world.index.requests.clear()

    world.rollback("clock")

    assert world.index.requests == []


def test_a_plan_that_is_declined_leaves_nothing(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before, generations = world.receipts(), world.generations()
    next_version.offer(world)

    prepared = world.prepare_update()
    assert prepared is not None
    install.discard(prepared)

    assert (world.receipts(), world.generations()) == (before, generations)
    world.require_clean()
    assert servers.CLOCK["description"] != next_version.CLOCK["description"]


def test_one_server_goes_back_and_then_the_others_of_its_update(world: World) -> None:
    """Also one whose entries the update changed, in files that hold others of ours."""
    world.install("clock", "maps", hosts=["cursor"])
    world.install("notes", hosts=["cursor", "codex"])
    files, before = world.host_files(), world.receipts()
    fixed = {"type": "named", "name": "--place", "value": "here"}
    world.offer("clock", "2.0")
    world.offer("maps", "2.0", arguments=[fixed])
    world.offer("notes", "2.0", arguments=[fixed])
    world.update()
    assert world.receipts()["clock"].hosts == before["clock"].hosts

    world.rollback("notes")
    assert world.receipts()["notes"] == before["notes"]
    assert world.servers_in("cursor")["maps"][-2:] == ("--place", "here")
    world.require_consistent()
    world.undo()
    assert world.servers_in("codex")["notes"][-2:] == ("--place", "here")
    world.rollback("notes")
    world.rollback()

    assert world.receipts() == before
    assert world.host_files() == files
    world.require_clean()


def test_an_entry_that_was_changed_after_the_update_is_not_overwritten(world: World) -> None:
    world.install("clock", hosts=["cursor"], settings=(("zone", "Oslo"),))
    renamed = {"type": "named", "name": "--in", "isRequired": True, "description": "The zone"}
    world.offer("clock", "2.0", arguments=[renamed])
    world.update(settings=(("in", "Bergen"),))
    world.configure("clock", ("in", "Narvik"))

    with pytest.raises(McpInstallError) as error:
        world.rollback("clock")
    assert refusal(error) == (ErrorCode.NOTHING_TO_UNDO, 5)
    assert world.servers_in("cursor")["clock"][-1] == "Narvik"
    world.undo()
    world.rollback("clock")

    assert world.servers_in("cursor")["clock"][-1] == "Oslo"
    world.require_clean()
