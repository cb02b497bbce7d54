"""Attack T21: the machine's clock is turned back, so that what has ended holds again.

Who: whoever sets the clock: a network time server, a user whom a policy binds.
Stopped by: check 1 and 3: the latest time seen counts where something ends, and a clock that
stands before it is told, by check 1 of every kind of source and by `mcpi doctor`.
Twin: `test_a_clock_that_only_goes_on_changes_nothing`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult
from mcpinstall.model.plan import Request
from mcpinstall.model.registry import ReviewState
from mcpinstall.operations import direct, doctor, install
from mcpinstall.operations import policies as operation
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Kind
from tests.builders import policies
from tests.builders.advisories import advise, advisory, file, today
from tests.builders.packages import publish
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World

pytestmark = pytest.mark.e2e

BEHIND = "this machine's clock stands before"
EXCEPTED = """
deny-names = ["*/clock"]

[[exceptions]]
rule = "deny-names"
names = ["*/clock"]
reason = "until it is replaced"
until = {}
"""


def at(world: World, **off: float) -> Context:
    """What operations see when the clock is off by that much."""
    return replace(world.context, now=datetime.now(UTC) + timedelta(**off))


def seen(world: World, **off: float) -> None:
    """Let the machine have seen that time: a change was made then."""
    state = registries.open_bundled(world.context.paths, world.context.now).state
    registries.remember(state, world.context.paths, now=datetime.now(UTC) + timedelta(**off))


def planned(name: str, context: Context, **request: Any) -> dict[Check, CheckResult]:  # noqa: ANN401
    wanted = Request(names=(name,), hosts=("cursor",), **request)
    prepared = install.prepare(wanted, context, stage=False)
    install.discard(prepared)
    return {one.check: one for one in prepared.plan.checks}


def test_a_clock_that_only_goes_on_changes_nothing(world: World) -> None:
    policies.of_user(EXCEPTED.format(today() + timedelta(days=3)), world.home)
    advise(world.registry, file(today(), other=advisory()))
    seen(world, days=-1)

    found = planned("clock", world.context)

    assert BEHIND not in found[Check.REGISTRY].evidence
    assert "exception to `deny-names`" in found[Check.POLICY].evidence
    assert Kind.CLOCK_BEHIND not in {one.kind for one in doctor.examine(world.context).troubles}


def test_an_exception_that_ended_is_not_revived(world: World) -> None:
    policies.of_user(EXCEPTED.format(today() + timedelta(days=3)), world.home)
    planned("clock", world.context)
    seen(world, days=5)

    for context in (world.context, at(world, days=-400)):
        with pytest.raises(McpInstallError) as refused:
            planned("clock", context)
        assert refused.value.code is ErrorCode.POLICY_REFUSED
        assert "its exception ended" in refused.value.message
        (judged,) = operation.judge(["clock"], operation.load(context), context)
        assert judged.refusals


def test_a_clock_turned_back_makes_no_release_older(world: World) -> None:
    policies.of_user("min-release-age-days = 30\n", world.home)
    registry = world.registry
    registry.file = replace(registry.file, issued=datetime.now(UTC) - timedelta(days=31))
    registry.publish(serial=registry.file.serial, expires=registry.file.expires)
    planned("clock", world.context)
    seen(world, days=1)

    with pytest.raises(McpInstallError) as refused:
        planned("clock", at(world, days=-10))

    assert refused.value.code is ErrorCode.POLICY_REFUSED


def test_data_of_advisories_does_not_grow_young_again(world: World) -> None:
    advise(world.registry, file(today(), other=advisory()))
    seen(world, days=100)

    words = planned("clock", at(world, days=1))[Check.POLICY].evidence

    assert "OLD data" in words


@pytest.mark.parametrize("source", ["bundled", "folder", "tuf", "pypi", "remote"])
def test_every_kind_of_source_tells_it(world: World, source: str) -> None:
    seen(world, days=1)
    (world.home / ".config" / "mcpinstall").mkdir(mode=0o700, parents=True, exist_ok=True)
    if source == "tuf":
        made = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
        made.begin().publish()
        with Site(made.folder) as made.site:
            trusted = made.trust()
            state = registries.open_tuf(
                trusted, world.context.paths, world.context.now, machine=world.context.machine
            ).state
            remembered = datetime.now(UTC) + timedelta(days=1)
            registries.remember(state, world.context.paths, now=remembered)
            evidence = planned("corp:clock", world.context)[Check.REGISTRY].evidence
    elif source == "folder":
        state = registries.open_folder(
            world.registry.folder, world.context.paths, world.context.now
        ).state
        registries.remember(state, world.context.paths, now=datetime.now(UTC) + timedelta(days=1))
        evidence = registries.open_folder(
            world.registry.folder, world.context.paths, world.context.now
        ).state.check.evidence
    elif source == "pypi":
        world.index.pages.pop("weather-server", None)
        publish(world.index, "weather-server", "1.0")
        evidence = planned("pypi:weather-server", world.context)[Check.REGISTRY].evidence
    elif source == "remote":
        name = f"{direct.PREFIX}:https://mcp.example.com/mcp"
        evidence = planned(name, world.context, offline=True)[Check.REGISTRY].evidence
    else:
        evidence = planned("clock", world.context)[Check.REGISTRY].evidence

    assert BEHIND in evidence
    assert evidence.count(BEHIND) == 1


def test_doctor_tells_it_once_and_how_to_set_it_right(world: World) -> None:
    seen(world, days=1)

    (found,) = [
        one for one in doctor.examine(world.context).troubles if one.kind is Kind.CLOCK_BEHIND
    ]

    assert found.message.startswith(BEHIND)
    assert "set the clock" in found.fix


def test_a_folder_that_nobody_signed_can_not_set_the_time(world: World) -> None:
    registry = world.registry
    registry.file = replace(registry.file, issued=datetime(2090, 1, 1, tzinfo=UTC))
    registry.publish(serial=1, expires=datetime(2099, 1, 1, tzinfo=UTC))
    paths = world.context.paths
    state = registries.open_folder(registry.folder, paths, world.context.now).state
    assert state.review is ReviewState.UNREVIEWED

    registries.remember(state, paths, now=world.context.now)

    assert registries.latest(paths).year < 2090
