"""What a rollback asks a real registry before it goes back; no program is started."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.receipt import Hold
from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import configuration, lookup, rollback, starts
from mcpinstall.operations.rollback import PreparedRollback
from mcpinstall.system import bundled
from tests.builders import plans
from tests.builders.advisories import advise, advisory, file, today
from tests.builders.generations import State
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.unfinished import Scene
from tests.builders.world import ARGUMENT, World

FULL = "io.github.user/clock"
PLACE = {"type": "named", "name": "--in", "placeholder": "UTC", "description": "The zone"}
ZONE = InputValue(name="in", value="Oslo")


@pytest.fixture
def state(world: World, monkeypatch: pytest.MonkeyPatch) -> State:
    return State(Scene(world.context, monkeypatch))


def updated(world: World, state: State, **offered: Any) -> State:  # noqa: ANN401
    """`clock` 1.1 was installed, and updated to 2.0, which is offered so."""
    for version, given, act in (("1.1", {}, state.install), ("2.0", offered, state.update)):
        wheel = world.offer("clock", version, **given)
        found = lookup.reviewed(f"clock@{version}", world.context)
        act(
            "clock", name=FULL, version=version, registry_root=bundled.ROOT,
            manifest_sha256=found.manifest_sha256, artifacts=((wheel.filename, wheel.sha256),),
        )  # fmt: skip
    return state


def refused(state: State, prepared: PreparedRollback | None = None) -> McpInstallError:
    """Nothing goes back, of a plan that was shown, or before that."""
    before, current = state.receipts(), state.receipts()["clock"].generation
    with pytest.raises(McpInstallError) as error:
        if prepared is None:
            state.prepare()
        else:
            rollback.commit(prepared, state.context)
    assert state.receipts() == before
    assert lookup.current_generation(
        lookup.receipt_slug(before["clock"]), state.context
    ) == current  # fmt: skip
    return error.value


def test_a_version_that_is_as_it_was_goes_back_without_a_word(world: World, state: State) -> None:
    updated(world, state)

    assert state.prepare().notes == ()
    state.back()

    assert state.receipts() == state.old


@pytest.mark.parametrize("when", ["before", "after the question"])
def test_a_version_that_was_revoked_is_not_gone_back_to(
    world: World, state: State, when: str
) -> None:
    updated(world, state)
    prepared = state.prepare() if when != "before" else None
    world.registry.withdraw(
        Revocation(name=FULL, version="1.1", reason="broken", date="2026-11-23")
    )

    assert refused(state, prepared).code is ErrorCode.VERSION_REVOKED


@pytest.mark.parametrize("when", ["before", "after the question"])
def test_a_version_with_a_known_vulnerability_is_gone_back_to_with_leave_alone(
    world: World, state: State, when: str
) -> None:
    updated(world, state)
    prepared = state.prepare() if when != "before" else None
    said = ("introduced", "0"), ("fixed", "1.5")
    advise(world.registry, file(today(), clock_server=advisory("PYSEC-2026-1", *said)))

    assert refused(state, prepared).code is ErrorCode.VERSION_VULNERABLE

    allowed = rollback.prepare("clock", state.context, allow={"vulnerable"})
    (note,) = allowed.notes
    assert note.startswith("`clock` 1.1 has known vulnerabilities: clock-server 1.1 (PYSEC-2026-1")
    assert rollback.commit(allowed, state.context).notes == allowed.notes
    assert state.receipts() == state.old


def test_advisories_that_nobody_read_are_told(world: World, state: State) -> None:
    """They were not fetched while the registry could be asked, and a rollback asks nobody."""
    versions = ("1.1", "2.0")
    for version in versions:
        world.offer("clock", version)
    advise(world.registry, file(today()))
    tuf = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    tuf.begin().publish()
    with Site(tuf.folder) as tuf.site:
        root = configuration.root_of(tuf.trust())
        for version, act in zip(versions, (state.install, state.update), strict=True):
            found = lookup.reviewed(f"corp:clock@{version}", world.context)
            act(
                "clock", name=FULL, version=version, registry_root=root, registry_name="corp",
                manifest_sha256=found.manifest_sha256,
            )  # fmt: skip

    (note,) = state.prepare().notes

    assert note == "`clock` 1.1: advisories of `corp` not checked (offline)"


def later(state: State, entry: str) -> None:
    """Set an input that only 2.0 has, of the entry that was updated or of one more."""
    state.write(replace(state.new["clock"], entry_name=entry, inputs=(ZONE,)))


@pytest.mark.parametrize("entry", ["clock", "second"])
def test_what_was_set_for_another_start_is_not_switched(
    world: World, state: State, entry: str
) -> None:
    updated(world, state, arguments=[PLACE])
    later(state, entry)

    error = refused(state)

    assert error.code is ErrorCode.NOTHING_TO_UNDO
    assert error.message.startswith(f"`{entry}` was set for 2.0 ")
    assert error.hint == f"`mcpi update {entry} --to 1.1` makes its entries anew"


@pytest.mark.parametrize("entry", ["clock", "second"])
def test_what_was_set_for_the_same_start_is_switched(
    world: World, state: State, entry: str
) -> None:
    updated(world, state)
    later(state, entry)

    state.back()

    assert state.receipts()[entry].inputs == (ZONE,)
    assert {one.version for one in state.receipts().values()} == {"1.1"}


def test_another_start_does_not_matter_where_nothing_was_set_since(
    world: World, state: State
) -> None:
    updated(world, state, arguments=[PLACE])
    state.write(replace(state.new["clock"], hold=Hold.PINNED), action="install")

    state.back()

    assert state.receipts()["clock"] == replace(state.old["clock"], hold=Hold.PINNED)


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_where_nobody_describes_a_version_any_more_it_goes_back(
    world: World, state: State, version: str
) -> None:
    """Nobody can tell then that it is started differently, and its files are here."""
    updated(world, state, arguments=[PLACE])
    later(state, "clock")
    kept = {"1.1": "2.0", "2.0": "1.1"}[version]
    world.registry.forget(FULL)
    world.offer("clock", kept, arguments=[ARGUMENT if kept == "1.1" else PLACE])
    described = [starts.described(one["clock"], world.context) for one in (state.old, state.new)]
    assert [found is not None for found in described] == [kept == "1.1", kept == "2.0"]

    state.back()

    assert state.receipts()["clock"].version == "1.1"


def test_an_address_that_was_set_since_is_not_written_over(world: World, state: State) -> None:
    known = {}
    for version in ("1.0", "2.0"):
        there = remote(f"https://mcp.example.org/{version}")
        offer_remote(world, there, version=version)
        found = lookup.reviewed(f"cloud@{version}", world.context)
        known[version] = plans.receipt(
            "cloud", name=found.manifest.name, version=version, generation="", hosts=(),
            transport="streamable-http", url=there["url"], registry_root=bundled.ROOT,
            manifest_sha256=found.manifest_sha256,
        )  # fmt: skip
    state.write(known["1.0"], action="install")
    state.write(known["2.0"], action="update")
    state.write(replace(known["2.0"], inputs=(ZONE,)))

    with pytest.raises(McpInstallError, match="a later change touched `cloud`") as error:
        state.prepare("cloud")

    assert error.value.code is ErrorCode.NOTHING_TO_UNDO
