"""Updates and rollbacks that meet another command, or find something else after the question."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import rollback
from mcpinstall.system import policy_files
from tests.builders import next_version
from tests.builders.processes import together
from tests.builders.world import NAMESPACE, World, refusal

pytestmark = pytest.mark.e2e

RENAMED = {"type": "named", "name": "--in", "isRequired": True, "description": "The zone"}


def versions(world: World) -> set[str]:
    return {one.version for one in world.receipts().values()}


def test_two_updates_at_once_leave_the_newer_version_and_one_change(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    next_version.offer(world)
    files = world.host_files()

    ended = together(world.command(), "update", "update")

    assert 0 in {one.status for one in ended}
    assert {one.code for one in ended} <= {"", "plan-changed"}
    assert versions(world) == {"2.0"}
    assert [one.action for one in world.history()] == ["install", "update"]
    assert world.host_files() == files
    assert world.starts("cursor", "clock")
    world.require_clean()


def test_two_rollbacks_at_once_go_back_one_version(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    for version in ("2.0", "3.0"):
        world.offer("clock", version)
        world.update()

    ended = together(world.command(), "rollback clock", "rollback clock")

    assert 0 in {one.status for one in ended}
    assert {one.code for one in ended} <= {"", "plan-changed", "nothing-to-undo"}
    assert versions(world) <= {"1.0", "2.0"}
    assert world.starts("cursor", "clock")
    world.require_clean()


@pytest.mark.parametrize("other", ["rollback", "uninstall clock", "hold clock"])
def test_an_update_and_another_change_end_in_one_of_their_states(world: World, other: str) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    world.update()
    world.offer("clock", "3.0")

    ended = together(world.command(), "update", other)

    assert 0 in {one.status for one in ended}
    assert {one.code for one in ended} <= {
        "", "plan-changed", "version-held", "nothing-to-undo", "not-installed",
    }  # fmt: skip
    assert versions(world) <= {"1.0", "2.0", "3.0"}
    assert all(world.starts("cursor", name) for name in world.receipts())
    world.require_clean()


# Between the question and the yes --------------------------------------------------------------


def test_a_version_that_is_revoked_at_the_question_is_not_switched_to(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    prepared = world.prepare_update()
    assert prepared is not None
    world.registry.withdraw(
        Revocation(name=f"{NAMESPACE}/clock", version="2.0", reason="no", date="2026-11-20")
    )

    with pytest.raises(McpInstallError) as error:
        world.carry_out(prepared)

    assert refusal(error) == (ErrorCode.VERSION_REVOKED, 3)
    assert versions(world) == {"1.0"}
    world.require_clean()


def test_other_bytes_under_the_version_that_was_shown_are_not_switched_to(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    prepared = world.prepare_update()
    assert prepared is not None
    world.registry.forget(f"{NAMESPACE}/clock")
    next_version.offer(world)

    with pytest.raises(McpInstallError) as error:
        world.carry_out(prepared)

    assert refusal(error) == (ErrorCode.PLAN_CHANGED, 3)
    assert versions(world) == {"1.0"}


def test_a_file_that_its_host_changed_at_the_question_stays_as_it_is(world: World) -> None:
    world.install("clock", hosts=["cursor"], settings=(("zone", "Oslo"),))
    world.offer("clock", "2.0", arguments=[RENAMED])
    prepared = world.prepare_update(settings=(("in", "Bergen"),))
    assert prepared is not None
    users = world.file("cursor").read_bytes() + b"\n"
    world.file("cursor").write_bytes(users)

    with pytest.raises(McpInstallError) as error:
        world.carry_out(prepared)

    assert refusal(error) == (ErrorCode.HOST_CONFIG_CHANGED, 3)
    assert world.file("cursor").read_bytes() == users
    assert versions(world) == {"1.0"}
    assert len(world.generations()) == 1
    assert world.starts("cursor", "clock")


def test_a_policy_that_forbids_it_by_now_keeps_a_rollback_away(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    world.update()
    prepared = rollback.prepare("clock", world.context)
    folder = world.context.paths.config
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    policy = folder / policy_files.POLICY
    policy.write_text(f'schema = 1\ndeny-names = ["{NAMESPACE}/clock"]\n')
    policy.chmod(0o600)

    with pytest.raises(McpInstallError) as error:
        rollback.commit(prepared, world.context)

    assert refusal(error) == (ErrorCode.POLICY_REFUSED, 3)
    assert versions(world) == {"2.0"}
