"""`mcpi update`, `outdated`, `rollback`, `hold` as processes: words, JSON, exit statuses."""

from __future__ import annotations

import pytest

from mcpinstall.model.registry import ReviewState
from tests.builders import next_version
from tests.builders.packages import publish
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.world import World

pytestmark = pytest.mark.e2e


def test_the_plan_begins_with_what_changed_and_ends_with_what_hosts_do_not_see(
    world: World,
) -> None:
    world.install("clock", "notes", hosts=["cursor"])
    next_version.offer(world)
    mcpi = world.command()

    shown = mcpi.run("update", "--dry-run").stderr
    flat = " ".join(shown.split())

    places = [
        shown.index(part)
        for part in (
            "clock 1.0 → 2.0\n", "new start-up hook", "{+, and keep it+}", "new dependency",
            "\nChecks ", "\nIts entries keep their command",
            "new start-up hook, changed tool text, new dependency.",
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert "An approval that a host keeps by the text of an entry does not see this change" in flat
    assert "notes" not in shown
    assert world.receipts()["clock"].version == "1.0"


def test_a_digest_that_was_agreed_to_is_the_plan_that_is_carried_out(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    next_version.offer(world)
    mcpi = world.command()
    digest = mcpi.run("update", "--dry-run").stdout.strip()

    refused = mcpi.run(
        "upgrade", "clock", "--yes", "--expect-digest", f"sha256:{'0' * 64}", status=3
    )
    assert "error[plan-changed]" in refused.stderr
    done = mcpi.answer("upgrade", "clock", "--yes", "--expect-digest", digest)

    assert (done["outcome"], done["change"]["action"]) == ("done", "update")
    (replaced,) = done["replaced"]
    assert (replaced["before"], replaced["after"], replaced["compared"]) == ("1.0", "2.0", True)
    kinds = {change["kind"] for change in replaced["changes"]}
    assert kinds >= {"hook-added", "dependency-added", "tool-description"}
    back = mcpi.answer("rollback", "clock", "--yes")
    assert back["replaced"] == [{"entries": ["clock"], "before": "2.0", "after": "1.0"}]
    assert back["change"]["action"] == "rollback"


def test_without_a_person_or_a_yes_nothing_happens(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    mcpi = world.command()

    assert "error[consent-unavailable]" in mcpi.run("update", status=4).stderr
    mcpi.run("update", "--yes")
    assert "error[consent-unavailable]" in mcpi.run("rollback", status=4).stderr

    assert world.receipts()["clock"].version == "2.0"


def test_what_nobody_reviewed_needs_its_digest_again(world: World) -> None:
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "1.0")
    world.install("pypi:weather-server", hosts=["cursor"])
    publish(world.index, "weather-server", "1.1")
    mcpi = world.command()

    mcpi.run("update", "--yes", status=3)
    mcpi.run("update", "--yes", "--allow", "unreviewed", status=4)
    assert world.receipts()["weather-server"].version == "1.0"
    shown = mcpi.run("update", "--dry-run")
    assert "NOT REVIEWED" in shown.stderr
    assert "NOT COMPARED" in shown.stderr  # its tools: nobody has seen the new ones
    digest = shown.stdout.strip()
    mcpi.run("update", "--yes", "--allow", "unreviewed", "--expect-digest", digest)

    assert world.receipts()["weather-server"].version == "1.1"
    assert world.receipts()["weather-server"].review == ReviewState.UNREVIEWED.value


def test_holds_in_words_and_json(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    mcpi = world.command()

    assert mcpi.answer("hold", "clock")["entries"] == [
        {"entry": "clock", "version": "1.0", "hold": "held"}
    ]
    assert "ok, held" in mcpi.run("list").stdout
    assert mcpi.answer("outdated", "--check")["servers"][0]["hold"] == "held"
    passed_over = mcpi.answer("update", "--yes")
    assert passed_over["outcome"] == "nothing-to-do"
    assert passed_over["kept"][0]["why"] == "`clock` is held at 1.0"
    assert "error[version-held]" in mcpi.run("update", "clock", "--yes", status=3).stderr
    assert "error[not-installed]" in mcpi.run("hold", "notes", status=5).stderr
    assert mcpi.answer("unhold", "clock")["entries"][0]["hold"] is None

    assert mcpi.answer("outdated", "--check", status=1)["servers"][0]["offered"] == "2.0"


def test_an_install_over_another_version_says_what_it_replaces_and_unpins(world: World) -> None:
    world.install("clock@1.0", hosts=["cursor"])
    world.offer("clock", "2.0")
    mcpi = world.command()

    shown = " ".join(mcpi.run("install", "clock", "--host", "cursor", "--yes").stderr.split())

    assert "clock 1.0 → 2.0" in shown
    assert "takes the place of 1.0, which is installed: see what changed" in shown
    assert "Installed clock 2.0" in shown
    assert "`mcpi rollback clock` goes back to the former version" in shown
    assert mcpi.answer("list")["servers"][0]["hold"] is None
    assert world.receipts()["clock"].version == "2.0"


def test_a_version_is_the_version_of_one_server(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    mcpi = world.command()

    assert "error[usage]" in mcpi.run("update", "--to", "1.0", status=2).stderr
    assert "installed already" in mcpi.run("update", "clock", "--to", "1.0", "-y").stderr
    missing = mcpi.run("update", "clock", "--to", "9.0", "-y", status=5)
    assert "error[not-found]" in missing.stderr


def test_an_older_version_is_taken_only_by_its_name_and_said_to_be_older(world: World) -> None:
    world.offer("clock", "2.0")
    world.install("clock", hosts=["cursor"])
    mcpi = world.command()

    shown = mcpi.run("update", "clock", "--to", "1.0", "--yes").stderr

    assert "is OLDER than 2.0" in " ".join(shown.split())
    assert world.receipts()["clock"].version == "1.0"


def test_a_remote_server_that_moved_is_written_anew(world: World) -> None:
    with RemoteServer() as old, RemoteServer() as new:
        offer_remote(world, remote(old.url))
        world.install("cloud", hosts=["cursor"])
        files = world.host_files()
        offer_remote(world, remote(new.url), version="2.0")

        prepared = world.prepare_update()
        assert prepared is not None
        assert len(prepared.plan.changes) == 1
        world.carry_out(prepared)
        assert new.url.encode() in world.file("cursor").read_bytes()
        assert world.receipts()["cloud"].url == new.url
        world.undo()

    assert world.host_files() == files
