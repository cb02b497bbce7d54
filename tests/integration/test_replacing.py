"""What hosts start after an update, and what of it is told; nothing is installed or written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import SecretPlace
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewState
from mcpinstall.model.revocation import Revocation
from mcpinstall.model.tools import UNKNOWN_TOOLS
from mcpinstall.operations import lookup, replacing, starts
from mcpinstall.operations.replacing import Planned, Target
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.world import ARGUMENT, World, refusal
from tests.builders.written import put, target

FULL = "io.github.user/clock"
NOTHING = Request(names=())
NEEDED = {"type": "named", "name": "--in", "isRequired": True, "placeholder": "UTC"}
URL = "https://mcp.example.org/"


def planned(world: World, *targets: Target, **request: Any) -> Planned:  # noqa: ANN401
    return replacing.planned(targets, replace(NOTHING, **request), world.context)


def missing(world: World, one: Target, *more: Target, **request: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    found = replacing.missing(one, replace(NOTHING, **request), (one, *more), world.context)
    return [(of.entry_name, of.question.name) for of in found]


def put_remote(world: World, entry: str = "cloud", **changes: Any) -> Receipt:  # noqa: ANN401
    return put(
        world, "cloud", entry=entry, transport="streamable-http", python_path="", url=URL,
        argv_template=(), **changes,
    )  # fmt: skip


ZONE = InputValue(name="zone", value="Oslo")


# Which entries stay ----------------------------------------------------------------------------


def test_what_is_started_as_before_keeps_its_entry(world: World) -> None:
    receipt = put(world, inputs=(ZONE,), extra_arguments=("--fast",))
    world.offer("clock", "2.0", arguments=[{**ARGUMENT, "description": "In other words"}])

    found = planned(world, target(world, receipt))

    (plan,) = found.servers
    assert plan.keeps_entries
    assert (plan.inputs, plan.extra_arguments) == ((ZONE,), ("--fast",))
    assert plan.argv_template == receipt.argv_template
    assert (found.siblings, found.changes, found.kept, found.dropped) == ((), (), (), ())


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ([{**ARGUMENT, "isRequired": True}], []),
        ([{**ARGUMENT, "default": "Oslo"}], []),
        ([{**ARGUMENT, "name": "--place"}], []),
        ([ARGUMENT, {"type": "positional", "value": "now"}], []),
        ([], []),
        ([ARGUMENT], [{"name": "MODE", "value": "quiet"}]),
    ],
)
def test_what_is_started_in_another_way_is_made_anew(
    world: World, arguments: Sequence[dict[str, Any]], environment: Sequence[dict[str, Any]]
) -> None:
    receipt = put(world, inputs=(ZONE,), extra_arguments=("--fast",))
    world.offer("clock", "2.0", arguments=arguments, environment=environment)

    (plan,) = planned(world, target(world, receipt)).servers

    assert not plan.keeps_entries
    assert plan.extra_arguments == ("--fast",)


def test_words_for_people_inside_a_variable_are_none_of_the_start(world: World) -> None:
    def argument(words: str, **more: object) -> dict[str, Any]:
        variable = {"description": words, "isRequired": False, "default": "UTC", **more}
        return {"type": "named", "name": "--zone", "value": "{zone}",
                "variables": {"zone": variable}}  # fmt: skip

    world.offer("clock", "1.5", arguments=[argument("One")])
    receipt = put(world, version="1.5")
    world.offer("clock", "2.0", arguments=[argument("Two")])
    world.offer("clock", "3.0", arguments=[argument("Two", default="Oslo")])

    assert planned(world, target(world, receipt)).servers[0].keeps_entries
    assert not planned(world, target(world, receipt, to="3.0")).servers[0].keeps_entries


def test_what_is_set_now_makes_the_entry_anew_with_what_was_set(world: World) -> None:
    world.offer("clock", "1.5", arguments=[ARGUMENT, {**ARGUMENT, "name": "--to"}])
    receipt = put(world, version="1.5", inputs=(ZONE,))
    world.offer("clock", "2.0", arguments=[ARGUMENT, {**ARGUMENT, "name": "--to"}])

    (plan,) = planned(world, target(world, receipt), settings=(("to", "Bergen"),)).servers

    assert not plan.keeps_entries
    assert {one.name: one.value for one in plan.inputs} == {"zone": "Oslo", "to": "Bergen"}
    (plan,) = planned(world, target(world, receipt), settings=(("zone", "Bergen"),)).servers
    assert {one.name: one.value for one in plan.inputs} == {"zone": "Bergen"}


def test_where_nobody_describes_what_is_installed_the_entry_is_made_anew(world: World) -> None:
    receipt = put(world, manifest_sha256="ab" * 32)
    world.offer("clock", "2.0")
    of = target(world, receipt)

    assert of.before is None
    unknown = put(world, entry="second", registry_root="ef" * 32)
    assert starts.described(unknown, world.context) is None
    assert not planned(world, of).servers[0].keeps_entries


def test_an_input_that_is_gone_is_dropped_and_told(world: World) -> None:
    default = InputValue(name="unset", value="x", source="default")
    receipt = put(world, inputs=(ZONE, default))
    world.offer("clock", "2.0", arguments=[])

    found = planned(world, target(world, receipt))

    assert found.dropped == (("clock", "zone"),)
    assert found.servers[0].inputs == ()


def test_every_entry_of_a_server_is_planned_once(world: World) -> None:
    receipts = (put(world), put(world, entry="second", inputs=(ZONE,)))
    world.offer("clock", "2.0", arguments=[{**ARGUMENT, "default": "Oslo"}])

    found = planned(world, target(world, *receipts))

    assert [one.entry.name for one in found.servers] == ["clock"]
    assert [one.entry.name for one in found.siblings] == ["second"]
    assert found.siblings[0].inputs == (ZONE,)


def test_every_entry_elsewhere_is_planned_by_itself(world: World) -> None:
    offer_remote(world, remote(URL))
    receipts = (put_remote(world), put_remote(world, "second"))
    offer_remote(world, remote(f"{URL}new"), version="2.0")

    found = planned(world, target(world, *receipts, alias="cloud"))

    assert [one.entry.name for one in found.servers] == ["cloud", "second"]
    assert found.siblings == ()
    assert not any(one.keeps_entries for one in found.servers)


def test_only_files_with_an_entry_that_changes_are_changed(world: World) -> None:
    one = put(world, hosts=("cursor-user",))
    other = put(world, "notes", hosts=("codex-user",))
    world.offer("clock", "2.0")
    world.offer("notes", "2.0", arguments=[{**ARGUMENT, "default": "Oslo"}])

    found = planned(world, target(world, one), target(world, other, alias="notes"))

    assert [row.id for row in found.rows] == ["cursor-user", "codex-user"]
    assert [change.file.row.id for change in found.changes] == ["codex-user"]
    assert b"notes" in (found.changes[0].after or b"")
    assert hosts.find_rows("codex-user") in found.rows


def test_an_entry_of_the_user_under_the_same_name_is_not_written_over(world: World) -> None:
    """Somebody took ours out of the file and put another one there."""
    receipt = put(world, hosts=("codex-user",))
    world.offer("clock", "2.0", arguments=[{**ARGUMENT, "default": "Oslo"}])
    path = world.file("codex")
    path.write_bytes(path.read_bytes() + b'[mcp_servers.clock]\ncommand = "/bin/theirs"\n')

    with pytest.raises(McpInstallError) as error:
        planned(world, target(world, receipt))

    assert refusal(error)[1] in {2, 3, 5}


# What has to be given --------------------------------------------------------------------------


def test_a_new_input_that_is_needed_is_asked_for_of_that_server_alone(world: World) -> None:
    one, other = put(world), put(world, "notes")
    world.offer("clock", "2.0", arguments=[NEEDED])
    world.offer("notes", "2.0")
    clock, notes = target(world, one), target(world, other, alias="notes")

    assert missing(world, clock, notes) == [("clock", "in")]
    assert missing(world, notes, clock) == []
    assert missing(world, clock, settings=(("in", "Oslo"),)) == []


def test_what_another_server_needs_is_asked_for_by_that_one(world: World) -> None:
    one, other = put(world), put(world, "notes")
    for name in ("clock", "notes"):
        world.offer(name, "2.0", arguments=[NEEDED])
    clock, notes = target(world, one), target(world, other, alias="notes")

    assert missing(world, clock, notes) == [("clock", "in")]
    assert missing(world, notes, clock) == [("notes", "in")]


def test_a_secret_of_an_entry_that_stays_is_not_asked_for(world: World) -> None:
    token = {"name": "TOKEN", "isSecret": True, "isRequired": True}
    for version in ("1.5", "2.0"):
        world.offer("clock", version, environment=[token])
    clear = InputValue(name="TOKEN", value=None, secret=True, place=SecretPlace.CLEAR)
    of = target(world, put(world, version="1.5", inputs=(clear,), hosts=("cursor-user",)))

    assert missing(world, of) == []
    (plan,) = planned(world, of).servers
    assert (plan.keeps_entries, plan.inputs) == (True, (clear,))


def test_each_entry_is_asked_by_its_name(world: World) -> None:
    receipts = (put(world), put(world, entry="second"))
    world.offer("clock", "2.0", arguments=[NEEDED])
    of = target(world, *receipts)

    assert missing(world, of) == [("clock", "in"), ("second", "in")]
    assert missing(world, of, settings=(("second.in", "Oslo"),)) == [("clock", "in")]
    with pytest.raises(McpInstallError) as error:
        missing(world, of, settings=(("zone", "Oslo"),))
    assert refusal(error) == (ErrorCode.INPUT_UNKNOWN, 2)


def test_a_secret_that_only_a_file_has_must_be_given_again(world: World) -> None:
    token = {"name": "TOKEN", "isSecret": True, "isRequired": True}
    world.offer("clock", "1.5", environment=[token])
    clear = InputValue(name="TOKEN", value=None, secret=True, place=SecretPlace.CLEAR)
    receipt = put(world, version="1.5", inputs=(clear,))
    world.offer("clock", "2.0", environment=[token], arguments=[])
    world.offer("clock", "3.0", arguments=[])

    with pytest.raises(McpInstallError) as error:
        planned(world, target(world, receipt))
    assert error.value.code is ErrorCode.INPUT_MISSING
    gone = planned(world, target(world, receipt, to="3.0"))
    assert gone.dropped == (("clock", "TOKEN"),), "what is dropped has not to be given"


# What is told ----------------------------------------------------------------------------------


def notes(world: World, of: Target) -> tuple[str, ...]:
    return replacing.compared(of, planned(world, of), NOTHING, world.context).notes


def test_an_ordinary_update_needs_no_words_and_is_compared(world: World) -> None:
    receipts = (put(world), put(world, entry="second"))
    world.offer("clock", "2.0", arguments=[{**ARGUMENT, "default": "Oslo"}])
    of = target(world, *receipts)

    found = replacing.compared(of, planned(world, of), NOTHING, world.context)

    assert (found.notes, found.before, found.server) == ((), receipts, of.server)
    assert [one.entry.name for one in found.siblings] == ["second"]
    assert found.slug == lookup.receipt_slug(receipts[0])
    assert found.comparison is not None
    changed = {(one.subject, one.before, one.after) for one in found.comparison.changes}
    assert ("clock-server", "1.0", "2.0") in changed
    assert found.comparison.inspected == 2


def test_only_files_of_this_machine_are_compared(world: World) -> None:
    receipt = put(world, artifacts=())
    world.offer("clock", "2.0")
    of = target(world, receipt)

    found = replacing.compared(of, planned(world, of), NOTHING, world.context)

    assert found.comparison is not None
    assert found.comparison.inspected == 1


def test_one_servers_words_are_not_told_of_another(world: World) -> None:
    one, other = put(world, inputs=(ZONE,)), put(world, "notes")
    world.offer("clock", "2.0", arguments=[])
    world.offer("notes", "2.0")
    targets = target(world, one), target(world, other, alias="notes")
    plan = planned(world, *targets)

    said = [replacing.compared(of, plan, NOTHING, world.context) for of in targets]

    assert [of.notes for of in said] == [
        ("`clock` has no input `zone` any more: what you set is dropped",), (),
    ]  # fmt: skip
    assert [of.slug for of in said] == [plan.servers[0].slug, plan.servers[1].slug]


def test_an_older_version_says_so(world: World) -> None:
    world.offer("clock", "0.9")
    receipts = (put(world), put(world, entry="second"))

    (note,) = notes(world, target(world, *receipts, to="0.9"))

    assert note == "`clock` 0.9 is OLDER than 1.0, which is installed"


def test_other_files_of_the_same_version_say_so(world: World) -> None:
    receipt = put(world, manifest_sha256="ab" * 32)

    said = notes(world, target(world, receipt, to="1.0"))

    assert said[0] == "`clock` has the same version, but its source describes other files now"
    assert said[1].startswith("`clock` 1.0 is not described by its registry any more")
    assert len(said) == 2


def test_what_was_revoked_says_so(world: World) -> None:
    receipt = put(world)
    world.offer("clock", "2.0")
    world.registry.withdraw(
        Revocation(name=FULL, version="1.0", reason="it eats cheese", date="2026-11-23")
    )

    (note,) = notes(world, target(world, receipt))

    assert note.endswith("is REVOKED: it eats cheese")


def test_less_review_and_unknown_tools_are_told(world: World) -> None:
    world.offer("clock", "2.0")
    of = target(world, put(world))
    state = replace(of.server.registry, review=ReviewState.UNREVIEWED)
    less = replace(of, server=replace(of.server, registry=state))
    unknown = replace(of, server=replace(of.server, tools=UNKNOWN_TOOLS))

    assert notes(world, less) == ("`clock` 1.0 is CERTIFIED; 2.0 is NOT REVIEWED",)
    (note,) = notes(world, unknown)
    assert note.startswith("the tools of `clock` 2.0 are not known yet: it is started after")
    was = put(world, review="unreviewed")
    assert notes(world, replace(less, receipts=(was,))) == ()
