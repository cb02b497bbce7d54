"""Which servers `update` moves, and which stay, with the reason; nothing is installed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Hold
from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import outdated, update
from mcpinstall.operations.update import Kept, Selection
from mcpinstall.system.progress import SilentProgress
from tests.builders import plans
from tests.builders.policies import of_user
from tests.builders.world import World, refusal
from tests.builders.written import put

FULL = "io.github.user/clock"
NOTHING = Request(names=())


def select(world: World, *names: str, to: str | None = None, **request: Any) -> Selection:  # noqa: ANN401
    return update.select(names, to, replace(NOTHING, **request), world.context)


def chosen(selection: Selection) -> dict[str, str]:
    return {one.receipts[0].entry_name: one.server.manifest.version for one in selection.targets}


def kept(selection: Selection) -> dict[str, str]:
    return {one.receipt.entry_name: one.why for one in selection.kept}


# What is selected ------------------------------------------------------------------------------


def test_without_names_every_server_is_looked_at_once(world: World) -> None:
    put(world)
    put(world, entry="second")
    put(world, "notes")
    world.offer("clock", "2.0")

    found = select(world)

    assert chosen(found) == {"clock": "2.0"}
    assert [one.entry_name for one in found.targets[0].receipts] == ["clock", "second"]
    assert found.targets[0].before is not None
    assert kept(found) == {"notes": ""}
    assert (found.pinned, found.is_complete) == (False, True)
    assert chosen(select(world, "second", "clock")) == {"clock": "2.0"}
    assert kept(select(world, "notes")) == {"notes": ""}
    assert update.with_seen_tools(found, world.context) is None


def test_what_is_held_or_pinned_is_passed_over_and_told(world: World) -> None:
    put(world, hold=Hold.HELD)
    put(world, "notes", hold=Hold.PINNED)
    put(world, "maps")
    for name in ("clock", "notes", "maps"):
        world.offer(name, "2.0")

    found = select(world)

    assert chosen(found) == {"maps": "2.0"}
    assert {one.receipt.entry_name: "mcpi unhold" in one.hint for one in found.kept} == {
        "clock": True, "notes": True,
    }  # fmt: skip
    for name in ("clock", "notes"):
        with pytest.raises(McpInstallError) as error:
            select(world, name)
        assert refusal(error) == (ErrorCode.VERSION_HELD, 3)


def test_a_version_that_is_named_moves_what_is_pinned_and_not_what_is_held(world: World) -> None:
    put(world, hold=Hold.HELD)
    put(world, "notes", hold=Hold.PINNED)
    for name in ("clock", "notes"):
        world.offer(name, "2.0")

    found = select(world, "notes", to="2.0")

    assert (chosen(found), found.pinned) == ({"notes": "2.0"}, True)
    with pytest.raises(McpInstallError) as error:
        select(world, "clock", to="2.0")
    assert refusal(error) == (ErrorCode.VERSION_HELD, 3)


def test_a_version_that_is_named_may_be_older_or_the_same(world: World) -> None:
    put(world)
    world.offer("clock", "0.9")

    assert chosen(select(world, "clock", to="0.9")) == {"clock": "0.9"}
    same = select(world, "clock", to="1.0")
    assert (chosen(same), kept(same)) == ({}, {"clock": "`clock` 1.0 is installed already"})
    with pytest.raises(McpInstallError) as error:
        select(world, "clock", to="7.0")
    assert refusal(error) == (ErrorCode.NOT_FOUND, 5)
    assert "0.9" in f"{error.value} {error.value.hint}"


@pytest.mark.parametrize("names", [(), ("clock", "notes")])
def test_a_version_is_that_of_one_server(world: World, names: tuple[str, ...]) -> None:
    put(world)
    put(world, "notes")

    with pytest.raises(McpInstallError) as error:
        select(world, *names, to="1.0")

    assert refusal(error) == (ErrorCode.USAGE, 2)


def test_a_version_that_is_named_and_may_not_be_installed_is_refused(world: World) -> None:
    put(world)
    wheel = world.offer("clock", "2.0")
    world.index.listing(wheel).yanked = True

    with pytest.raises(McpInstallError) as error:
        select(world, "clock", to="2.0")

    assert refusal(error) == (ErrorCode.VERSION_YANKED, 3)
    assert str(error.value).endswith("`clock-server` 2.0")
    assert chosen(select(world, "clock", to="2.0", allow=frozenset({"yanked"})))


def test_why_a_newer_version_is_not_taken_is_told(world: World) -> None:
    put(world)
    world.index.listing(world.offer("clock", "2.0")).yanked = "broken"

    (why,) = select(world).kept

    assert why.why.startswith("`clock` stays at 1.0: 2.0 is not offered (the index withdrew")
    assert why.hint == "`mcpi outdated clock` says more"
    assert why.error is None
    assert select(world, "clock").kept == (why,)
    world.index.listing(world.offer("clock", "1.5")).yanked = "broken"
    assert select(world).kept[0].why.startswith("`clock` stays at 1.0: 2.0 is not offered")


def test_a_source_that_is_gone_stops_who_names_it_and_leaves_the_others(
    world: World, tmp_path: Path
) -> None:
    put(world)
    gone = put(world, "notes", registry_root="ef" * 32, registry_name="site")
    configured(world, tmp_path / "site")
    world.offer("clock", "2.0")

    found = select(world, "clock")
    assert chosen(found) == {"clock": "2.0"}
    with pytest.raises(McpInstallError) as error:
        select(world)
    assert refusal(error) == (ErrorCode.REGISTRY_INVALID, 3)
    assert "`mcpi hold notes` leaves out of an update" in error.value.hint
    assert gone.registry_name in str(error.value)
    with pytest.raises(McpInstallError) as error:
        select(world, "notes")
    assert "mcpi hold" not in error.value.hint


def test_a_source_that_cannot_be_asked_leaves_the_selection_incomplete(world: World) -> None:
    put(world)
    put(world, "notes", name="mcp:io.github.user/notes")
    world.offer("clock", "2.0")

    found = select(world, offline=True)

    assert chosen(found) == {"clock": "2.0"}
    assert not found.is_complete
    (why,) = found.kept
    assert (why.error is not None, why.hint) == (True, "without `--offline`")
    assert why.why.startswith("`notes` stays at 1.0: ")
    with pytest.raises(McpInstallError) as error:
        select(world, "notes", offline=True)
    assert refusal(error) == (ErrorCode.OFFLINE_MISSING, 5)


def test_a_server_is_named_by_its_first_entry(world: World) -> None:
    for entry in ("clock", "second"):
        put(world, entry=entry, hold=Hold.HELD)
        put(world, "notes", entry=f"notes-{entry}")
        put(world, "maps", entry=f"maps-{entry}", name="mcp:io.github.user/maps")
    world.index.listing(world.offer("notes", "2.0")).yanked = "broken"

    assert list(kept(select(world))) == ["clock", "maps-clock", "notes-clock"]
    with pytest.raises(McpInstallError, match="`clock` is held"):
        select(world, "second")
    configured(world, world.root / "site")
    put(world, entry="xylo-1", registry_root="ef" * 32, registry_name="site")
    put(world, entry="xylo-2", registry_root="ef" * 32, registry_name="site")
    with pytest.raises(McpInstallError) as error:
        select(world)
    assert "this is about `xylo-1`, which `mcpi hold xylo-1`" in error.value.hint
    steps: list[str] = []
    context = replace(world.context, progress=Steps(steps))
    rows = outdated.outdated(("second",), NOTHING, context)
    assert steps[0] == "asking where `clock` came from"
    assert [one.receipts[0].entry_name for one in rows] == ["clock"]


def test_a_python_that_is_named_and_not_there_is_no_reason_to_stay(world: World) -> None:
    put(world)
    world.offer("clock", "2.0")

    with pytest.raises(McpInstallError) as error:
        select(world, python="/nowhere/python")

    assert refusal(error) == (ErrorCode.INTERPRETER_REFUSED, 3)
    assert chosen(select(world, python=sys.executable)) == {"clock": "2.0"}


def test_a_policy_that_forbids_all_of_a_source_is_a_reason_to_stay(world: World) -> None:
    put(world, "notes", name="pypi:notes-server")
    of_user('deny-names = ["pypi:*"]\n', world.home)

    found = select(world)

    (why,) = found.kept
    assert found.is_complete
    assert (why.error, why.hint) == (None, "`mcpi outdated notes` says more")


def configured(world: World, folder: Path) -> None:
    """Let the user have a registry of that name that was another one before."""
    folder.mkdir()
    path = world.context.paths.config / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(
        f'schema = 1\n[[registries]]\nname = "site"\nkind = "folder"\npath = "{folder}"\n'
    )


class Steps(SilentProgress):
    """Keeps what is being done."""

    def __init__(self, steps: list[str]) -> None:
        self.steps = steps

    def step(self, text: str) -> None:
        self.steps.append(text)


# Outdated --------------------------------------------------------------------------------------


def test_what_update_would_move_is_a_finding_and_what_is_kept_is_none(world: World) -> None:
    put(world)
    put(world, "notes", hold=Hold.PINNED)
    put(world, "maps")
    for name in ("clock", "notes"):
        world.offer(name, "2.0")

    rows = {
        one.receipts[0].entry_name: one
        for one in outdated.outdated((), NOTHING, world.context)
    }  # fmt: skip

    assert {name: one.is_finding for name, one in rows.items()} == {
        "clock": True, "notes": False, "maps": False,
    }  # fmt: skip
    assert rows["notes"].hold is Hold.PINNED
    assert all(one.problem is None and one.withdrawal is None for one in rows.values())
    steps: list[str] = []
    (one,) = outdated.outdated(("maps",), NOTHING, replace(world.context, progress=Steps(steps)))
    assert one.receipts[0].entry_name == "maps"
    assert steps[0] == "asking where `maps` came from"


def test_what_is_revoked_is_a_finding_whatever_keeps_it(world: World) -> None:
    put(world, hold=Hold.HELD)
    world.registry.withdraw(
        Revocation(name=FULL, version="1.0", reason="broken", date="2026-11-23")
    )

    (found,) = outdated.outdated((), NOTHING, world.context)

    assert found.withdrawal is not None
    assert found.withdrawal.reason == "broken"
    assert found.is_finding


def test_a_source_that_cannot_be_asked_is_a_problem_of_that_server(world: World) -> None:
    put(world, "notes", name="mcp:io.github.user/notes")

    (found,) = outdated.outdated((), replace(NOTHING, offline=True), world.context)

    assert found.offer is None
    assert found.problem is not None
    assert found.problem.code is ErrorCode.OFFLINE_MISSING
    assert not found.is_finding


def test_a_kept_server_has_no_error_unless_it_could_not_be_asked() -> None:
    unasked = Kept(
        receipt=plans.receipt(), why="x",
        error=McpInstallError(ErrorCode.INDEX_UNAVAILABLE, "not there"),
    )  # fmt: skip
    asked = Kept(receipt=plans.receipt(), why="y")

    assert Selection(targets=(), kept=(asked,), pinned=False).is_complete
    assert not Selection(targets=(), kept=(asked, unasked), pinned=False).is_complete
