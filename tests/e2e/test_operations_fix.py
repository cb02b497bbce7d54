"""`mcpi audit --fix` beside servers that mcpi installed, on a whole machine."""

from __future__ import annotations

import json

import pytest

from mcpinstall.operations import audit, fix_commit, fixing, undo
from tests.builders.canaries import token
from tests.builders.world import World

pytestmark = pytest.mark.e2e

NAMED = frozenset({"remove-variable"})


def with_variable(world: World, entry: str) -> bytes:
    """Let somebody put a variable that loads code into an entry; return the bytes before."""
    file = world.file("cursor")
    before = file.read_bytes()
    document = json.loads(before)
    document["mcpServers"][entry]["env"] = {"LD_PRELOAD": "/x.so"}
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return before


def prepared(world: World) -> fixing.PreparedFixes:
    return fixing.prepare(audit.Wanted(host="cursor"), NAMED, world.context)


def test_an_entry_that_mcpi_wrote_is_written_again_and_not_patched(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before = json.loads(with_variable(world, "clock"))

    found = prepared(world)
    list(fix_commit.commit(found))

    assert [one.fixer for one in found.files[0].fixed] == ["restore-entry"]
    assert [one for one in found.left if one.finding.rule.id == "MA206"] == []
    assert json.loads(world.file("cursor").read_bytes()) == before


def test_what_an_entry_of_mcpi_had_from_the_beginning_is_left_to_its_own_command(
    world: World,
) -> None:
    world.offer("vault", environment=[{"name": "TOKEN", "isRequired": True, "isSecret": True}])
    given = (("TOKEN", token("github")),)
    world.install("vault", hosts=["cursor"], settings=given, plaintext_secrets=True)

    found = prepared(world)

    assert [one.change for one in found.files if one.change] == []
    assert [(one.reason, one.hint) for one in found.left if one.finding.rule.id == "MA301"] == [
        ("mcpi installed this entry", "mcpi configure vault")
    ]


def test_an_entry_of_the_user_beside_it_is_fixed(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    with_variable(world, "mine")
    ours = world.servers_in("cursor")["clock"]

    done = list(fix_commit.commit(prepared(world)))

    assert len(done) == 1
    assert b"LD_PRELOAD" not in world.file("cursor").read_bytes()
    assert world.servers_in("cursor")["clock"] == ours
    world.require_consistent()


def test_every_order_of_going_back_ends_in_the_users_bytes(world: World) -> None:
    """A fix, an installation, and both taken back, the last first."""
    with_variable(world, "mine")
    before = world.file("cursor").read_bytes()
    list(fix_commit.commit(prepared(world)))
    world.install("clock", hosts=["cursor"])

    world.undo()
    world.undo()

    assert world.file("cursor").read_bytes() == before


def test_a_fix_below_a_later_installation_goes_back_alone(world: World) -> None:
    with_variable(world, "mine")
    before = json.loads(world.file("cursor").read_bytes())
    (done,) = fix_commit.commit(prepared(world))
    assert done.record is not None
    world.install("clock", hosts=["cursor"])
    ours = world.servers_in("cursor")["clock"]

    found = undo.prepare(done.record.id, world.context)
    undo.commit(found, world.context)

    assert "only what the fix had changed goes back" in found.notes[0]
    assert world.servers_in("cursor")["clock"] == ours
    world.require_consistent()
    world.uninstall("clock")
    assert json.loads(world.file("cursor").read_bytes()) == before


def test_an_uninstallation_after_a_fix_takes_exactly_its_own_entry(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    with_variable(world, "mine")
    list(fix_commit.commit(prepared(world)))

    world.uninstall("clock")

    document = json.loads(world.file("cursor").read_bytes())
    assert document == {"mcpServers": {"mine": {"command": "/bin/mine", "args": [], "env": {}}}}
