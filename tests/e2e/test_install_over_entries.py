"""An installation over another version, where the server has further entries or hosts."""

from __future__ import annotations

import json

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import Hold
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

FIXED = {"type": "named", "name": "--mode", "value": "new"}
"""An argument that every entry of the newer version has."""


def versions(world: World) -> dict[str, str]:
    return {name: one.version for name, one in world.receipts().items()}


def test_an_entry_that_would_start_the_new_version_as_the_old_one_stops_it(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0", arguments=[FIXED])
    before, files = world.receipts(), world.host_files()

    with pytest.raises(McpInstallError) as error:
        world.install("clock", hosts=["codex"], entry_name="second")

    assert refusal(error) == (ErrorCode.SERVER_EXISTS, 3)
    assert "`clock`" in error.value.message
    assert "`mcpi update clock --to 2.0`" in error.value.hint
    assert (world.receipts(), world.host_files()) == (before, files)
    world.require_clean()


def test_another_host_of_the_entry_that_would_start_it_so_stops_it(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    world.offer("clock", "2.0", arguments=[FIXED])
    before, files = world.receipts(), world.host_files()

    with pytest.raises(McpInstallError) as error:
        world.install("clock", hosts=["cursor"])

    assert refusal(error) == (ErrorCode.SERVER_EXISTS, 3)
    assert (world.receipts(), world.host_files()) == (before, files)


def test_an_adoption_leaves_no_entry_behind_either(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0", arguments=[FIXED])
    fetched = {"mcpServers": {"tick": {"command": "uvx", "args": ["clock-server", "--mode=new"]}}}
    world.file("claude-code").write_text(json.dumps(fetched))
    files = world.host_files()

    refused = world.command().run("adopt", "tick", "--yes", status=3).stderr

    assert "error[server-exists]: `clock` would start 2.0" in " ".join(refused.split())
    assert "`mcpi update clock --to 2.0`" in refused
    assert world.host_files() == files


def test_all_hosts_of_an_entry_are_given_the_new_start(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    world.offer("clock", "2.0", arguments=[FIXED])

    world.install("clock", hosts=["cursor", "codex"])

    for host in ("cursor", "codex"):
        assert world.servers_in(host)["clock"][-2:] == ("--mode", "new")
    assert versions(world) == {"clock": "2.0"}


def test_entries_that_start_both_versions_alike_stay(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"], settings=(("zone", "Oslo"),))
    world.offer("clock", "2.0")

    world.install("clock", hosts=["cursor"], entry_name="second")

    assert versions(world) == {"clock": "2.0", "second": "2.0"}
    assert world.starts("codex", "clock")


def test_other_inputs_of_another_version_lead_to_update(world: World) -> None:
    world.install("clock", hosts=["cursor"], settings=(("zone", "Oslo"),))
    world.offer("clock", "2.0")

    with pytest.raises(McpInstallError) as error:
        world.install("clock", hosts=["cursor"])

    assert refusal(error) == (ErrorCode.SERVER_EXISTS, 3)
    assert "`mcpi update clock --to 2.0`" in error.value.hint


# Holds -----------------------------------------------------------------------------------------


def test_a_hold_that_came_before_the_yes_is_not_lost(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    prepared = world.prepare("clock@1.0", hosts=["codex"])
    world.hold("clock")

    world.carry_out(prepared)

    assert world.receipts()["clock"].hold is Hold.HELD


def test_a_hold_that_came_before_the_yes_stops_another_version(world: World) -> None:
    with RemoteServer() as old, RemoteServer() as new:
        offer_remote(world, remote(old.url))
        world.install("cloud", hosts=["cursor"])
        offer_remote(world, remote(new.url), version="2.0")
        prepared = world.prepare("cloud", hosts=["codex"], entry_name="added")
        world.hold("cloud")

        with pytest.raises(McpInstallError) as error:
            world.carry_out(prepared)

    assert refusal(error) == (ErrorCode.VERSION_HELD, 3)
    assert {name: one.hold for name, one in world.receipts().items()} == {"cloud": Hold.HELD}


def test_an_exact_version_that_is_in_place_is_pinned_from_then_on(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    mcpi, again = world.command(), ("install", "clock@1.0", "--host", "cursor")
    mcpi.run(*again, "--dry-run")
    assert world.receipts()["clock"].hold is Hold.NONE

    answer = mcpi.answer(*again)

    assert (answer["outcome"], answer["pinned"]) == ("nothing-to-do", ["clock"])
    assert world.receipts()["clock"].hold is Hold.PINNED
    assert "pinned" not in mcpi.run(*again).stderr
    assert mcpi.answer(*again)["pinned"] == []
    world.undo()
    assert world.receipts()["clock"].hold is Hold.NONE
    world.require_clean()


def test_an_update_to_the_version_that_is_there_pins_it_as_well(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    mcpi, to = world.command(), ("update", "clock", "--to", "1.0")
    mcpi.run(*to, "--dry-run")
    mcpi.run("update", "clock")
    assert world.receipts()["clock"].hold is Hold.NONE

    assert mcpi.answer(*to)["pinned"] == ["clock"]

    assert world.receipts()["clock"].hold is Hold.PINNED
    assert mcpi.answer(*to)["pinned"] == []


@pytest.mark.parametrize("name", ["clock", "clock@1.0"])
def test_what_is_held_or_not_named_in_a_version_is_not_pinned(world: World, name: str) -> None:
    world.install("clock", hosts=["cursor"])
    if "@" in name:
        world.hold("clock")
    before = world.receipts()

    world.command().run("install", name, "--host", "cursor")

    assert world.receipts() == before
