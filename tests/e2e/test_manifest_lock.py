"""`manifest lock`: newer packages, what a person decided kept, and everything that changed told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_text, manifest_text, registry_text
from mcpinstall.model.lock_authoring import MadeWith, restated
from mcpinstall.model.manifest import Permissions, Review
from mcpinstall.operations import authoring, manifest_new, manifest_present, manifest_relock
from mcpinstall.operations.manifest_new import Options
from mcpinstall.planning.changes import ChangeKind
from tests.builders import servers
from tests.builders.packages import publish
from tests.builders.shell import Ran, run
from tests.builders.world import ARGUMENT, World

pytestmark = pytest.mark.e2e

FULL = "io.github.user/weather"
NAMED = f"mcp-name: {FULL}"
HOOK = {"sky_maps.pth": b"import sky_maps\n"}
REVIEW = Review(by="somebody", on="2026-11-22", criteria=("locked",))


def target(world: World, version: str = "1.0") -> Path:
    return world.registry.folder / FULL / version


@pytest.fixture(autouse=True)
def listed(world: World) -> None:
    """The registry has `weather` 1.0, whose dependency has an accepted hook, with decisions."""
    for name in ("weather-server", "sky-maps"):
        world.index.pages.pop(name, None)
    publish(world.index, "sky-maps", "1.0", body=None, members=HOOK)
    publish(world.index, "weather-server", "1.0", requires=("sky-maps>=1",), readme=NAMED)
    made = manifest_new.prepare(
        "pypi:weather-server", Options(into=world.registry.folder), world.context
    )
    made = manifest_new.probe(
        replace(made, reasons={one.key: "finds its maps" for one in made.to_accept}), world.context
    )
    manifest = replace(
        made.draft.manifest, permissions=Permissions(network=("maps.example.com",)),
        reviews=(REVIEW,),
    )  # fmt: skip
    manifest_new.commit(replace(made, draft=replace(made.draft, manifest=manifest)), world.context)


def lock(world: World, *words: str, folder: Path | None = None) -> Ran:
    ran = run("manifest", "lock", str(folder or target(world)), "--yes", *words, person=False)
    assert ran.faults() == []
    return ran


def test_nothing_newer_changes_no_byte(world: World) -> None:
    before = {path: path.read_bytes() for path in world.registry.folder.rglob("*.*")
              if path.is_file()}  # fmt: skip

    ran = lock(world)

    assert (ran.status, "Nothing is newer" in ran.seen) == (0, True), ran.seen
    after = {path: path.read_bytes() for path in world.registry.folder.rglob("*.*")
             if path.is_file()}  # fmt: skip
    assert after == before


def test_a_newer_dependency_makes_a_newer_version_and_keeps_the_decisions(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    old = {path.name: path.read_bytes() for path in target(world).iterdir()}
    serial = registry_text.parse((world.registry.folder / "registry.toml").read_bytes(), "x").serial

    ran = lock(world)

    assert ran.status == 0, ran.seen
    found = registries.one_version(target(world, "1.0+lock.1"))
    assert {one.version for one in found.lock.packages if one.name == "sky-maps"} == {"1.1"}
    assert found.manifest.permissions.network == ("maps.example.com",)
    assert [hook.reason for hook in found.manifest.hooks] == ["finds its maps"]
    assert found.manifest.hooks[0].wheel.startswith("sky_maps-1.1-")
    assert found.manifest.reviews == (), "they were of other files"
    assert found.manifest.local.version == "1.0"
    assert found.server.version == "1.0+lock.1"
    assert {path.name: path.read_bytes() for path in target(world).iterdir()} == old
    after = registry_text.parse((world.registry.folder / "registry.toml").read_bytes(), "x")
    assert after.serial == serial + 1
    assert after.expires - after.issued == timedelta(days=180)
    world.install("weather", hosts=("cursor",))
    assert world.receipts()["weather"].version == "1.0+lock.1"


def test_locked_twice_it_counts_on(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    lock(world)
    publish(world.index, "sky-maps", "1.2", body=None, members=HOOK)

    lock(world, folder=world.registry.folder / FULL / "1.0+lock.1")

    assert registries.one_version(target(world, "1.0+lock.2")).manifest.version == "1.0+lock.2"
    with pytest.raises(McpInstallError) as refused:
        manifest_relock.prepare(target(world), manifest_relock.Options(), world.context)
    assert refused.value.code is ErrorCode.SERVER_EXISTS


def test_a_hook_with_other_bytes_has_to_be_decided_again(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members={"sky_maps.pth": b"import os\n"})
    index = (world.registry.folder / "index.toml").read_bytes()

    ran = lock(world, "--json")

    (server,) = json.loads(ran.out)["servers"]
    assert server["after"]["owed"] == ["a reason to accept `sky_maps.pth` of `sky-maps`"]
    assert "hook-changed" in {change["kind"] for change in server["diff"]["changes"]}
    with pytest.raises(McpInstallError, match="reason"):
        manifest_text.parse((target(world, "1.0+lock.1") / "manifest.toml").read_bytes())
    assert (world.registry.folder / "index.toml").read_bytes() == index


def test_what_a_lock_says_about_holds_binds_the_next_one(world: World) -> None:
    path = target(world)
    there = manifest_present.present(path)
    stated = restated(there.lock, MadeWith(constraints=("sky-maps<1.1",),
                                           exclude_newer=there.lock.exclude_newer))  # fmt: skip
    (path / "pylock.toml").write_bytes(stated)
    digest = hashlib.sha256(stated).hexdigest()
    text = (path / "manifest.toml").read_text().replace(there.lock.sha256, digest)
    (path / "manifest.toml").write_text(text)
    for version in ("1.0.5", "1.1"):
        publish(world.index, "sky-maps", version, body=None, members=HOOK)

    lock(world)

    found = lock_text.parse((target(world, "1.0+lock.1") / "pylock.toml").read_bytes(), "x")
    assert {one.name: one.version for one in found.packages}["sky-maps"] == "1.0.5"
    assert found.constraints == ("sky-maps<1.1",)


def test_two_people_who_lock_on_one_day_get_the_same_bytes(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    made = []
    for _ in range(2):
        one = manifest_relock.prepare(target(world), manifest_relock.Options(), world.context)
        assert one.proposal is not None
        draft = one.proposal.draft
        found = authoring.texts(draft, one.proposal.lock, one.proposal.hooks, one.proposal.tools)
        made.append(found)

    assert made[0] == made[1]


def test_a_newer_package_gets_its_own_version_and_its_tools(world: World) -> None:
    tools = [{**servers.CLOCK, "description": "Get the time, and send it"}, servers.CONVERTER]
    publish(world.index, "weather-server", "2.0", requires=("sky-maps>=1",), tools=tools,
            readme=NAMED)  # fmt: skip

    ran = lock(world, "--upgrade", "--probe", "--report", str(world.root / "report.md"))

    assert ran.status == 0, ran.seen
    found = registries.one_version(target(world, "2.0"))
    assert (found.manifest.local.version, found.server.packages[0].version) == ("2.0", "2.0")
    report = (world.root / "report.md").read_text()
    assert "and send it" in report
    assert "get_current_time" in report


def test_the_package_itself_moves_only_when_asked(world: World) -> None:
    publish(world.index, "weather-server", "2.0", requires=("sky-maps>=1",), readme=NAMED)

    assert "Nothing is newer" in lock(world).seen
    lock(world, "--version", "2.0")

    assert target(world, "2.0").is_dir()


def test_a_file_younger_than_seven_days_is_not_taken(world: World) -> None:
    young = world.context.now - timedelta(days=6)
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK, uploaded=young)

    assert "Nothing is newer" in lock(world).seen
    assert lock(world, "--min-age", "1").status == 2


def test_nothing_runs_unless_asked(world: World) -> None:
    witness = world.root / "it-ran"
    body = f"open({str(witness)!r}, 'w').close()\n{servers.MODERN}"
    publish(world.index, "weather-server", "2.0", body=body, requires=("sky-maps",), readme=NAMED)

    assert lock(world, "--upgrade").status == 0
    assert not witness.exists()
    assert lock(world, "--in-place", "--probe", folder=target(world, "2.0")).status == 0
    assert witness.exists(), "the test sees that it ran"


def test_a_registry_is_locked_as_a_whole_and_its_changes_are_told(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    clock = registries.one_version(world.registry.folder / "io.github.user/clock/1.0")
    world.index.pages["clock-server"].clear()

    ran = lock(world, "--json", folder=world.registry.folder)

    servers_ = {one["name"].split("/")[1]: one for one in json.loads(ran.out)["servers"]}
    assert ran.status == 5, "one of them is gone from its index, and the others are locked"
    assert (servers_["clock"]["problem"], servers_["clock"]["after"]) == ("tool-failed", None)
    assert servers_["notes"]["problem"] is None
    assert target(world, "1.0+lock.1").is_dir()
    assert registries.one_version(world.registry.folder / "io.github.user/clock/1.0") == clock


def test_a_lock_of_too_many_bytes_stops_no_other_and_names_what_helps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    monkeypatch.setattr("mcpinstall.system.limits.LOCKED_BYTES", 1)

    alone = lock(world)
    every = lock(world, "--json", folder=world.registry.folder)

    assert (alone.status, "error[artifact-size]" in alone.seen) == (3, True), alone.seen
    assert "fewer `platforms` in `manifest.toml`" in " ".join(alone.seen.split())
    servers_ = {one["name"].split("/")[1]: one for one in json.loads(every.out)["servers"]}
    assert every.status == 3
    assert servers_["weather"]["problem"] == "artifact-size"
    assert servers_["clock"]["problem"] is None
    assert not target(world, "1.0+lock.1").exists()


def test_an_answer_of_no_writes_nothing(world: World) -> None:
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)

    ran = run("manifest", "lock", str(target(world)), typed="n\n")

    assert ran.status == 4, ran.seen
    assert not target(world, "1.0+lock.1").exists()
    one = manifest_relock.prepare(target(world), manifest_relock.Options(), world.context)
    found = manifest_relock.changes(one, world.context)
    assert found is not None
    kinds = {change.kind for change in found.comparison.changes}
    assert {ChangeKind.DEPENDENCY_VERSION, ChangeKind.VERSION} <= kinds


def test_a_damaged_folder_is_refused(world: World) -> None:
    (target(world) / "tools.json").write_bytes(b'{"tools":[]}\n')

    assert lock(world).status == 3
    assert run("manifest", "lock", str(world.root), "--yes", person=False).status == 5


def test_a_hand_made_edit_is_stated_in_its_place_and_nowhere_else(world: World) -> None:
    path = target(world) / "server.json"
    document = json.loads(path.read_bytes())
    document["packages"][0]["packageArguments"] = [ARGUMENT]
    path.write_text(json.dumps(document))

    assert lock(world).status == 3, "nobody knows who changed it"
    ran = lock(world, "--in-place")

    assert ran.status == 0, ran.seen
    found = registries.one_version(target(world))
    assert found.server.packages[0].arguments
    assert found.manifest.reviews == (REVIEW,), "the files that were reviewed are the same"
    world.install("weather", hosts=("cursor",), settings=(("zone", "UTC"),))
