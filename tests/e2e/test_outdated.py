"""`outdated`: what is newer, what of it is offered, and why the rest is not."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Hold
from mcpinstall.operations import outdated
from mcpinstall.operations.outdated import Outdated
from mcpinstall.system import policy_files
from tests.builders.packages import publish
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e


def found(world: World, *names: str, **request: bool) -> dict[str, Outdated]:
    rows = outdated.outdated(names, Request(names=(), **request), world.context)  # type: ignore[arg-type]
    return {row.receipts[0].entry_name: row for row in rows}


def told(row: Outdated) -> tuple[str, str, list[tuple[str, str]]]:
    """Return what is offered, what is newest, and why that is not offered."""
    assert row.offer is not None
    refused = [(one.version, str(one.code)) for one in row.offer.refusals]
    return row.offer.version, row.offer.newest, refused


def test_versions_are_compared_as_versions_and_releases_come_first(world: World) -> None:
    world.offer("clock", "1.9")
    world.install("clock@1.9", "notes", hosts=["cursor"])
    for version in ("1.10", "1.2", "2.0rc1"):
        world.offer("clock", version)

    rows = found(world)

    assert told(rows["clock"]) == ("1.10", "1.10", [])
    assert rows["clock"].hold is Hold.PINNED
    assert not rows["clock"].is_finding
    assert told(rows["notes"]) == ("", "1.0", [])


def test_a_release_candidate_gives_way_to_the_release(world: World) -> None:
    world.offer("clock", "2.0rc1")
    world.install("clock@2.0rc1", hosts=["cursor"])
    assert told(found(world)["clock"]) == ("", "2.0rc1", [])
    world.offer("clock", "2.0rc2")
    assert told(found(world)["clock"]) == ("2.0rc2", "2.0rc2", [])
    world.offer("clock", "2.0")

    assert told(found(world)["clock"]) == ("2.0", "2.0", [])


def test_a_version_that_is_too_young_for_the_policy_waits(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "1.1")
    folder = world.context.paths.config
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    policy = folder / policy_files.POLICY
    policy.write_text("schema = 1\nmin-release-age-days = 30\n")
    policy.chmod(0o600)

    rows = found(world)

    assert told(rows["clock"]) == ("", "1.1", [("1.1", "policy-refused")])
    assert world.update() is None
    with pytest.raises(McpInstallError) as error:
        world.update("clock", to="1.1")
    assert refusal(error) == ("policy-refused", 3)
    policy.write_text("schema = 1\nmin-release-age-days = 1\n")
    assert told(found(world)["clock"])[0] == "1.1"


def test_a_version_that_the_index_withdrew_is_passed_over(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "1.1")
    withdrawn = world.offer("clock", "1.2")
    world.index.listing(withdrawn).yanked = "broken"

    assert told(found(world)["clock"]) == ("1.1", "1.2", [("1.2", "version-yanked")])
    world.update()

    assert world.receipts()["clock"].version == "1.1"


def test_a_young_release_of_a_package_waits(world: World) -> None:
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "1.0")
    world.install("pypi:weather-server", hosts=["cursor"])
    assert told(found(world)["weather-server"]) == ("", "1.0", [])

    publish(world.index, "weather-server", "2.0", uploaded=datetime.now(UTC) - timedelta(days=2))
    row = found(world)["weather-server"]

    assert told(row) == ("", "2.0", [("2.0", "policy-refused")])
    assert row.offer is not None
    assert "2 days old" in row.offer.refusals[0].why
    assert not row.is_finding
    assert world.update() is None


def test_a_package_moves_with_its_closure_from_the_same_index(world: World) -> None:
    for name in ("weather-server", "tides"):
        world.index.pages.pop(name, None)
    publish(world.index, "tides", "1.0")
    publish(world.index, "weather-server", "1.0", requires=("tides",))
    world.install("pypi:weather-server", hosts=["cursor"])
    files = world.host_files()
    publish(world.index, "tides", "2.0")
    publish(world.index, "weather-server", "1.1", requires=("tides>=2",))
    assert told(found(world)["weather-server"]) == ("1.1", "1.1", [])

    prepared = world.prepare_update()
    assert prepared is not None
    comparison = prepared.replacements[0].comparison
    assert comparison is not None
    changed = {(one.subject, one.before, one.after) for one in comparison.changes}
    assert ("tides", "1.0", "2.0") in changed
    world.carry_out(prepared)

    assert world.receipts()["weather-server"].version == "1.1"
    assert world.host_files() == files
    assert world.update() is None
    world.rollback()
    assert world.receipts()["weather-server"].version == "1.0"


def test_a_registry_that_is_not_there_is_told_and_the_others_are_asked(
    world: World, tmp_path: Path
) -> None:
    folder = world.context.paths.config
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    site = tmp_path / "site"
    shutil.copytree(world.registry.folder, site)
    (folder / "config.toml").write_text(
        f'schema = 1\n[[registries]]\nname = "site"\nkind = "folder"\npath = "{site}"\n'
    )
    world.install("site:notes", hosts=["cursor"])
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    shutil.rmtree(site)

    rows = found(world)

    assert rows["notes"].problem is not None
    assert told(rows["clock"]) == ("2.0", "2.0", [])
    mcpi = world.command()
    assert mcpi.run("outdated").returncode == 0
    assert mcpi.run("outdated", "notes", status=5).returncode == 5
    assert mcpi.run("outdated", "--check", status=1).returncode == 1


def test_only_the_source_that_the_receipt_names_is_asked(world: World) -> None:
    world.install("notes", hosts=["cursor"])
    world.index.requests.clear()

    found(world)

    assert world.index.requests == []
