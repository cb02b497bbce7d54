"""`manifest index`, and what a run that died leaves: the old state, the new one, or one told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import McpInstallError
from mcpinstall.model import manifest_text, registry_text
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.operations import (
    authoring,
    manifest_index,
    manifest_new,
    manifest_paths,
    manifest_relock,
)
from mcpinstall.operations.manifest_new import Options
from tests.builders.audit_killer import dies
from tests.builders.packages import publish
from tests.builders.shell import Ran, run
from tests.builders.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="needs POSIX")]

FULL = "io.github.user/weather"
NAMED = f"mcp-name: {FULL}"
HOOK = {"sky_maps.pth": b"import sky_maps\n"}


def index(world: World, *words: str, typed: str = "", person: bool = False) -> Ran:
    ran = run("manifest", "index", str(world.registry.folder), *words, typed=typed, person=person)
    assert person or ran.faults() == []
    return ran


def registry(world: World) -> RegistryFile:
    path = world.registry.folder / "registry.toml"
    return registry_text.parse(path.read_bytes(), str(path))


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def found(world: World) -> set[str]:
    """What `manifest verify` says of index and registry file."""
    ran = run("manifest", "verify", str(world.registry.folder), "--files-only", "--json",
              person=False)  # fmt: skip
    return {one["rule"] for one in json.loads(ran.out)["findings"]} & {"MV302", "MV303"}


def clock(world: World) -> Path:
    return world.registry.folder / "io.github.user/clock/1.0/manifest.toml"


def edit(world: World) -> None:
    path = clock(world)
    path.write_bytes(path.read_bytes().replace(b'title = "', b'title = "Honest ', 1))


def test_an_edited_manifest_is_listed_again(world: World) -> None:
    edit(world)
    assert found(world) == {"MV302"}

    ran = index(world, "--yes", "--json")

    answer = json.loads(ran.out)
    assert (ran.status, answer["outcome"]) == (0, "done")
    assert answer["rows"] == [{"change": "changed", "version": "io.github.user/clock 1.0"}]
    assert registry(world).serial == world.registry.file.serial + 1
    assert found(world) == set()
    world.install("clock", hosts=("cursor",))


REVIEW = b"""
# looked at in the evening
[[reviews]]
by = "Ana"
on = "2026-11-23"
criteria = ["locked", "inspected"]
platforms = []
notes = ""
"""


def test_an_edited_manifest_is_printed_as_it_has_to_be(world: World) -> None:
    path = clock(world)
    path.write_bytes(path.read_bytes() + REVIEW)

    ran = index(world, typed="y\n", person=True)

    assert "Write 1 manifest, `index.toml`, `registry.toml`?" in ran.seen
    assert ran.status == 0
    text = path.read_bytes()
    assert text == manifest_text.dump(manifest_text.parse(text))
    assert manifest_text.parse(text).reviews[-1].by == "Ana"
    assert b"evening" not in text
    found = json.loads(
        run("manifest", "verify", str(path), "--files-only", "--json", person=False).out
    )["findings"]
    assert "MV106" not in {one["rule"] for one in found}
    assert index(world).seen.endswith("what the manifests make.\n")


def test_a_signed_manifest_and_one_that_is_listed_keep_their_bytes(world: World) -> None:
    path = clock(world)
    path.write_bytes(path.read_bytes() + REVIEW)
    signature = path.with_name("manifest.sigstore.json")
    signature.write_bytes(b"{}\n")

    assert index(world, "--yes").status == 0
    signed = path.read_bytes()
    signature.unlink()
    assert index(world, "--yes").status == 0

    assert b"evening" in signed
    assert path.read_bytes() == signed


def test_where_nothing_changed_nothing_is_written(world: World) -> None:
    before = everything(world.registry.folder)

    ran = index(world, "--json")

    assert (ran.status, json.loads(ran.out)["outcome"]) == (0, "nothing-to-do")
    assert everything(world.registry.folder) == before


def test_nothing_is_written_without_a_yes(world: World) -> None:
    edit(world)
    before = everything(world.registry.folder)

    assert (index(world).status, index(world, typed="n\n", person=True).status) == (4, 4)
    assert everything(world.registry.folder) == before
    assert index(world, typed="y\n", person=True).status == 0


def test_dates_that_run_out_are_a_reason(world: World) -> None:
    late = replace(world.context, now=registry(world).expires - timedelta(days=20))

    listing = manifest_index.prepare(world.registry.folder, late)

    assert any("expires" in why for why in listing.why)


def test_what_is_no_registry_is_told(world: World) -> None:
    assert run("manifest", "index", str(world.root), "--yes", person=False).status == 5
    clock(world).write_bytes(b"title = [\n")
    ran = index(world, "--yes")
    assert (ran.status, "clock" in ran.seen) == (3, True), ran.seen


@pytest.fixture
def weather(world: World) -> World:
    for name in ("weather-server", "sky-maps"):
        world.index.pages.pop(name, None)
    publish(world.index, "sky-maps", "1.0", body=None)
    publish(world.index, "weather-server", "1.0", requires=("sky-maps>=1",), readme=NAMED)
    return world


def new_version(world: World) -> Callable[[], object]:
    made = manifest_new.prepare(
        "pypi:weather-server", Options(into=world.registry.folder), world.context
    )
    made = manifest_new.probe(made, world.context)
    return lambda: manifest_new.commit(made, world.context)


def require_right_or_refused(world: World) -> None:
    """A reader sees a state that is right, or refuses."""
    try:
        opened = registries.open_folder(
            world.registry.folder, world.context.paths, world.context.now
        )
        rows = opened.index()
    except McpInstallError as error:
        assert error.code in ("digest-mismatch", "registry-invalid")  # noqa: PT017
    else:
        for row in rows:
            path = world.registry.folder.joinpath(*row.name.split("/"), row.version)
            assert registries.one_version(path).manifest.version == row.version


def test_a_death_between_the_two_files_is_told_and_mended(weather: World) -> None:
    commit = new_version(weather)

    assert dies(commit, "registry.toml", weather.registry.folder)

    assert (weather.registry.folder / FULL / "1.0").is_dir()
    assert found(weather) == {"MV303"}
    require_right_or_refused(weather)
    assert index(weather, "--yes").status == 0
    assert found(weather) == set()
    weather.install("weather", hosts=("cursor",))


@pytest.mark.parametrize("at", range(0, 36, 4))
def test_wherever_a_run_dies_one_more_command_ends_in_a_whole_registry(
    weather: World, at: int
) -> None:
    commit = new_version(weather)

    dies(commit, at, weather.registry.folder)
    require_right_or_refused(weather)

    assert index(weather, "--yes").status == 0
    assert found(weather) == set()
    rows = authoring.index_rows(weather.registry.folder)
    listed = {row.name for row in rows}
    assert (FULL in listed) == (weather.registry.folder / FULL / "1.0").is_dir()


def finished_draft(world: World) -> tuple[Path, Callable[[], object]]:
    """A draft whose last reasons are about to be written in its place."""
    publish(world.index, "sky-maps", "1.1", body=None, members=HOOK)
    made = manifest_new.prepare(
        "pypi:weather-server", Options(into=world.registry.folder), world.context
    )
    manifest_new.commit(made, world.context)
    (made.target / "notes.txt").write_text("a person's")
    relocked = manifest_relock.prepare(
        made.target, manifest_relock.Options(in_place=True), world.context
    )
    assert relocked.proposal is not None
    reasons = {one.key: "finds its maps" for one in relocked.proposal.to_accept}
    proposal = replace(relocked.proposal, reasons=reasons)
    done = manifest_relock.probe(replace(relocked, proposal=proposal), world.context)
    return made.target, lambda: manifest_relock.commit([done], world.context)


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_a_death_while_files_are_exchanged_leaves_the_old_ones_or_the_new(
    weather: World, at: int
) -> None:
    target, commit = finished_draft(weather)
    old = everything(target)

    dies(commit, at, weather.registry.folder)
    (chosen,) = manifest_paths.versions([target], weather.context)

    assert (chosen, {path.name for path in target.parent.iterdir()}) == (target, {"1.0"})
    now = everything(target)
    assert now["notes.txt"] == b"a person's"
    if now != old:
        registries.one_version(target)
    assert index(weather, "--yes").status == 0
    assert found(weather) == set()


def test_a_folder_that_a_run_left_half_written_is_no_version(weather: World) -> None:
    commit = new_version(weather)

    assert dies(commit, f"{FULL}/.1.0.mcpi/tools.json", weather.registry.folder)

    assert FULL not in {row.name for row in authoring.index_rows(weather.registry.folder)}
    commit()
    assert {path.name for path in (weather.registry.folder / FULL).iterdir()} == {"1.0"}
