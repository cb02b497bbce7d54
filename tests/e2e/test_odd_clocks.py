"""Clocks that jump: back by a year, ahead by a year, to before the registry was made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check
from mcpinstall.operations import context, undo
from mcpinstall.system import machine
from tests.builders.world import World

pytestmark = pytest.mark.e2e

YEAR = timedelta(days=365)


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    return Jump(monkeypatch)


class Jump:
    """The clock of the machine, as far as mcpi asks for the time of day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, off: timedelta) -> None:
        """Let the clock be off by that much from now on."""
        for module in (machine, context):
            self._monkeypatch.setattr(module, "now", lambda: datetime.now(UTC) + off)


def changes(world: World) -> list[tuple[str, tuple[str, ...]]]:
    return [(record.action, record.entries) for record in world.history()]


@pytest.mark.parametrize("off", [-YEAR, -20 * YEAR, timedelta(hours=-1)], ids=str)
def test_everything_works_when_the_clock_went_back(
    world: World, jump: Jump, off: timedelta
) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor"])
    jump(off)

    prepared = world.prepare("notes", hosts=["cursor", "codex"])
    world.carry_out(prepared)

    (check,) = [one for one in prepared.plan.checks if one.check is Check.REGISTRY]
    assert "this machine's clock stands before" in check.evidence
    assert changes(world) == [("install", ("clock",)), ("install", ("notes",))]
    assert world.starts("cursor", "notes")
    world.reinstall("clock")
    world.require_clean()
    assert world.starts("cursor", "clock")
    for _ in range(3):
        world.undo()
    assert world.host_files() == before
    assert world.receipts() == {}


def test_a_clock_that_was_right_all_the_time_is_not_mentioned(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    prepared = world.prepare("notes", hosts=["cursor"])

    assert "clock stands" not in "".join(one.evidence for one in prepared.plan.checks)


def test_a_clock_turned_back_makes_no_old_registry_fresh(world: World, jump: Jump) -> None:
    jump(YEAR)
    world.install("clock", hosts=["cursor"], allow=frozenset({"stale"}))

    jump(timedelta(0))

    with pytest.raises(McpInstallError) as refused:
        world.install("notes", hosts=["cursor"], unattended=True)
    assert refused.value.code is ErrorCode.REGISTRY_STALE


def test_one_change_with_a_clock_ahead_costs_no_history(world: World, jump: Jump) -> None:
    world.install("clock", hosts=["cursor"])
    before = world.host_files()
    jump(YEAR)
    world.install("notes", hosts=["cursor"], allow=frozenset({"stale"}))
    jump(timedelta(0))
    world.uninstall("notes")

    assert len(world.history()) == 3
    assert world.host_files() == before
    world.undo(world.history()[0].id)
    world.require_clean()
    assert world.receipts() == {}


def test_a_record_goes_after_thirty_days(world: World, jump: Jump) -> None:
    jump(timedelta(days=-31))
    world.install("clock", hosts=["cursor"])
    jump(timedelta(0))
    world.install("notes", hosts=["cursor"])
    assert len(world.history()) == 2

    world.install("maps", hosts=["cursor"])

    assert changes(world) == [("install", ("notes",)), ("install", ("maps",))]


@pytest.mark.parametrize("name", ["99999999T999999Z-999aa", "99990101T000000Z-000aa"])
def test_a_record_of_an_impossible_time_is_refused(world: World, name: str) -> None:
    world.install("clock", hosts=["cursor"])
    before = world.host_files()
    (world.data / "history" / f"{name}.json").write_text("{}")

    with pytest.raises(McpInstallError) as refused:
        world.uninstall("clock")

    assert refused.value.code is ErrorCode.STATE_INVALID
    assert world.host_files() == before
    with pytest.raises(McpInstallError):
        undo.history(world.context)
