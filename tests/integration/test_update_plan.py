"""The plan of an update: checks 1 to 6, and what it replaces; nothing is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.backing import Backing
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Hold
from mcpinstall.operations import lookup, update
from mcpinstall.operations.prepared import Prepared
from mcpinstall.operations.replacing import Target
from mcpinstall.operations.update import Selection
from tests.builders import registry_folders
from tests.builders.world import ARGUMENT, World, refusal
from tests.builders.written import put, target

NOTHING = Request(names=())
NEEDED = {"type": "named", "name": "--in", "isRequired": True, "placeholder": "UTC"}


def prepared(world: World, *targets: Target, pinned: bool = False, **request: Any) -> Prepared:  # noqa: ANN401
    selection = Selection(targets=targets, kept=(), pinned=pinned)
    return update.prepare(selection, replace(NOTHING, **request), world.context, stage=False)


def test_a_plan_has_what_it_replaces_and_changes_nothing(world: World) -> None:
    one, other = put(world), put(world, "notes")
    for name in ("clock", "notes"):
        world.offer(name, "2.0")
    targets = target(world, one), target(world, other, alias="notes")

    found = prepared(world, *targets)

    assert found.action == "update"
    assert [of.entries for of in found.replacements] == [("clock",), ("notes",)]
    assert [of.old_version for of in found.replacements] == ["1.0", "1.0"]
    assert (found.holds, found.kept) == ((), ())
    assert not world.generations()
    assert world.receipts() == {"clock": one, "notes": other}


def test_a_version_that_was_named_is_pinned(world: World) -> None:
    receipt = put(world)
    world.offer("clock", "2.0")

    found = prepared(world, target(world, receipt), pinned=True)

    assert found.holds == ((lookup.receipt_slug(receipt), Hold.PINNED),)


def test_without_an_input_that_is_needed_there_is_no_plan(world: World) -> None:
    receipt = put(world)
    world.offer("clock", "2.0", arguments=[NEEDED])
    of = target(world, receipt)
    selection = Selection(targets=(of,), kept=(), pinned=False)
    drafted = update.draft(selection, NOTHING, world.context)
    assert [one.question.name for one in drafted.missing] == ["in"]
    assert drafted.servers == (of.server,)
    world.index.requests.clear()

    with pytest.raises(McpInstallError) as error:
        prepared(world, of)

    assert refusal(error) == (ErrorCode.INPUT_MISSING, 2)
    assert world.index.requests == []
    given = update.draft(selection, replace(NOTHING, settings=(("in", "Oslo"),)), world.context)
    assert given.missing == ()


def test_a_version_of_nobody_does_not_follow_one_with_a_publisher(world: World) -> None:
    backing = Backing(issuer="https://issuer.example", repository="https://forge.example/a/b")
    receipt = put(world, backing=backing)
    world.offer("clock", "2.0")

    with pytest.raises(McpInstallError) as error:
        prepared(world, target(world, receipt))

    assert refusal(error) == (ErrorCode.PUBLISHER_MISSING, 3)


def test_other_bytes_than_those_that_were_installed_stop_the_plan_and_leave_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of the installed version has to be fetched for the comparison, and is another."""
    receipt = put(world)
    world.offer("clock", "2.0")
    name = receipt.artifacts[0][0]
    path = world.index.pages["clock-server"][name].path
    monkeypatch.setitem(world.index.files, path, b"x" * len(world.wheels[name]))
    of = target(world, receipt)
    selection = Selection(targets=(of,), kept=(), pinned=False)

    with pytest.raises(McpInstallError) as error:
        update.prepare(selection, NOTHING, world.context, stage=True)

    assert refusal(error)[1] == 3
    assert list(world.context.paths.staging.glob("[0-9a-f]*")) == []


def test_a_version_of_another_index_is_not_taken_from_this_one(world: World) -> None:
    receipt = put(world)
    world.offer("clock", "2.0")
    of = target(world, receipt)
    said = registry_folders.server_json(
        of.server.manifest.name, "2.0", packageArguments=[ARGUMENT],
        registryBaseUrl="https://packages.example.org/simple",
    )  # fmt: skip
    elsewhere = replace(of.server, server=server_text.parse(said, "server.json"))
    world.index.requests.clear()

    with pytest.raises(McpInstallError) as error:
        prepared(world, replace(of, server=elsewhere))

    assert refusal(error) == (ErrorCode.INDEX_FORBIDDEN, 3)
    assert world.index.requests == []
