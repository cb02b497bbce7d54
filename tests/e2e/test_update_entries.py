"""Several entries of one server: what is held or pinned is the server, and all are updated."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Hold
from mcpinstall.operations import outdated
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e


def holds(world: World) -> dict[str, Hold]:
    return {name: one.hold for name, one in world.receipts().items()}


def versions(world: World) -> dict[str, str]:
    return {name: one.version for name, one in world.receipts().items()}


def test_an_exact_version_pins_every_entry_of_the_server(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before = world.receipts()

    world.install("clock@1.0", hosts=["codex"], entry_name="second")

    assert holds(world) == {"clock": Hold.PINNED, "second": Hold.PINNED}
    world.offer("clock", "2.0")
    assert world.update() is None
    world.undo()
    assert world.receipts() == before
    world.require_clean()


def test_a_held_server_stays_held_where_it_is_installed_once_more(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.hold("clock")

    world.install("clock@1.0", hosts=["codex"])
    world.install("clock", hosts=["codex"], entry_name="second")

    assert holds(world) == {"clock": Hold.HELD, "second": Hold.HELD}


def test_entries_of_a_remote_server_are_updated_each_from_its_version(world: World) -> None:
    """An entry that was added later, in the newest version, hides no older one."""
    with RemoteServer() as old, RemoteServer() as new:
        offer_remote(world, remote(old.url))
        world.install("cloud", hosts=["cursor"])
        offer_remote(world, remote(new.url), version="2.0")
        world.install("cloud", hosts=["codex"], entry_name="added")
        assert versions(world) == {"added": "2.0", "cloud": "1.0"}

        found = outdated.outdated((), Request(names=()), world.context)
        assert {one.receipts[0].entry_name: one.is_finding for one in found} == {
            "added": False, "cloud": True,
        }  # fmt: skip
        world.update()

        assert versions(world) == {"added": "2.0", "cloud": "2.0"}
        assert world.receipts()["cloud"].url == new.url


def test_no_entry_of_a_held_remote_server_is_moved(world: World) -> None:
    with RemoteServer() as old, RemoteServer() as new:
        offer_remote(world, remote(old.url))
        world.install("cloud", hosts=["cursor"])
        offer_remote(world, remote(new.url), version="2.0")
        world.install("cloud", hosts=["codex"], entry_name="added")
        world.hold("cloud")

        with pytest.raises(McpInstallError) as error:
            world.install("cloud", hosts=["cursor"])

        assert refusal(error) == (ErrorCode.VERSION_HELD, 3)
        assert versions(world) == {"added": "2.0", "cloud": "1.0"}


# Back ------------------------------------------------------------------------------------------

PLACE = {"type": "named", "name": "--in", "placeholder": "UTC", "description": "The zone"}
NEEDED = {**PLACE, "isRequired": True}


def not_gone_back_to(world: World, why: str) -> None:
    """A rollback is refused, changes nothing, and names what helps."""
    before, files = world.receipts(), world.host_files()

    with pytest.raises(McpInstallError, match=why) as error:
        world.rollback("clock")

    assert refusal(error) == (ErrorCode.NOTHING_TO_UNDO, 5)
    assert "--to 1.0`" in error.value.hint
    assert (world.receipts(), world.host_files()) == (before, files)
    world.require_clean()


def test_an_entry_that_came_after_an_update_is_not_left_behind_by_a_rollback(world: World) -> None:
    """The update gave the first entry another argument, and so it went back alone."""
    world.install("clock", hosts=["cursor"], settings=(("zone", "Oslo"),))
    world.offer("clock", "2.0", arguments=[NEEDED])
    world.update(settings=(("in", "Bergen"),))
    world.install("clock", hosts=["codex"], entry_name="second", settings=(("in", "Oslo"),))

    not_gone_back_to(world, "`second` was set for 2.0")

    world.update("clock", to="1.0")
    assert versions(world) == {"clock": "1.0", "second": "1.0"}
    assert not any("--in" in world.servers_in(host)[name] for host, name in (
        ("cursor", "clock"), ("codex", "second"),
    ))  # fmt: skip


@pytest.mark.parametrize("entry", ["clock", "second"])
def test_an_argument_that_the_former_version_does_not_know_is_not_given_to_it(
    world: World, entry: str
) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0", arguments=[PLACE])
    world.update()
    if entry == "clock":
        world.configure("clock", ("in", "Oslo"))
    else:
        world.install("clock", hosts=["codex"], entry_name=entry, settings=(("in", "Oslo"),))

    not_gone_back_to(world, f"`{entry}` was set for 2.0")


def test_what_was_set_since_goes_back_with_a_version_that_knows_it(world: World) -> None:
    world.offer("clock", "1.5", arguments=[PLACE])
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0", arguments=[PLACE])
    world.update()
    world.configure("clock", ("in", "Oslo"))
    world.install("clock", hosts=["codex"], entry_name="second", settings=(("in", "Bergen"),))

    world.rollback("clock")

    assert versions(world) == {"clock": "1.5", "second": "1.5"}
    assert world.servers_in("codex")["second"][-2:] == ("--in", "Bergen")
    world.require_clean()
