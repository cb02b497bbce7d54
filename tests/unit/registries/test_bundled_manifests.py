"""The registry that ships with the program: complete, consistent, usable where it says so."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from mcpinstall import registries
from mcpinstall.model import (
    advisory,
    advisory_text,
    lock_authoring,
    manifest_text,
    platforms,
    registry_text,
)
from mcpinstall.model.manifest import HookKind
from mcpinstall.model.platforms import PYTHONS
from mcpinstall.model.registry import ReviewedServer, ReviewState
from mcpinstall.operations import authoring
from mcpinstall.planning import advisories, inputs, selection
from mcpinstall.registries import Registry, agreement
from mcpinstall.system.paths import StatePaths
from tests.conftest import ROOT

MANIFESTS = ROOT / "manifests"
NAMES = (
    "io.github.markuspfundstein/mcp-obsidian",
    "io.github.modelcontextprotocol/server-fetch",
    "io.github.modelcontextprotocol/server-git",
    "io.github.modelcontextprotocol/server-time",
)
YOUNGEST = timedelta(days=7)
each_server = pytest.mark.parametrize("name", NAMES)


@functools.cache
def registry() -> Registry:
    nowhere = Path("/nonexistent")
    paths = StatePaths(config=nowhere, data=nowhere, cache=nowhere)
    return registries.open_bundled(paths, datetime(2026, 11, 23, tzinfo=UTC))


@functools.cache
def server(name: str) -> ReviewedServer:
    return registry().find(name)


def folder(name: str) -> Path:
    return MANIFESTS.joinpath(*name.split("/"), server(name).manifest.version)


def test_it_holds_the_servers_that_were_reviewed() -> None:
    assert tuple(row.name for row in registry().index()) == NAMES
    assert dict(registry().state.aliases) == {
        "fetch": NAMES[1],
        "git": NAMES[2],
        "obsidian": NAMES[0],
        "time": NAMES[3],
    }
    assert registry().state.review is ReviewState.CERTIFIED


def test_it_is_good_for_180_days() -> None:
    state = registry().state

    assert state.expires - state.issued == timedelta(days=180)


def test_the_index_is_what_the_manifests_give() -> None:
    index = (MANIFESTS / "index.toml").read_bytes()
    file = registry_text.parse((MANIFESTS / "registry.toml").read_bytes(), "registry.toml")

    assert index == registry_text.dump_index(authoring.index_rows(MANIFESTS))
    assert file.index == hashlib.sha256(index).hexdigest()


def test_there_is_no_file_that_nothing_pins() -> None:
    present = {path.relative_to(MANIFESTS).as_posix() for path in MANIFESTS.rglob("*")}
    wanted = {"registry.toml", "index.toml", advisory_text.NAME} | {
        f"{name}/{server(name).manifest.version}/{file}"
        for name in NAMES
        for file in ("manifest.toml", *dict(server(name).manifest.files))
    }

    assert {path for path in present if (MANIFESTS / path).is_file()} == wanted


def test_the_advisories_are_whole_pinned_and_compact() -> None:
    data = (MANIFESTS / advisory_text.NAME).read_bytes()

    found = registry().advisories()

    assert found is not None
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    every = dict(found.every())
    assert (len(every), sum(map(len, every.values()))) == (658, 2649)
    assert found.issued == date(2024, 10, 10)
    assert len(data) < 1_000_000
    assert all(one.link.endswith("/{id}") and one.licence for one in found.sources)
    assert not any(one.withdrawn for records in every.values() for one in records)


@pytest.mark.parametrize(
    ("package", "version", "ids"),
    [
        ("requests", "2.19.0", ["PYSEC-2018-28", "PYSEC-2023-74"]),
        ("requests", "2.30.0", ["PYSEC-2023-74"]),
        ("requests", "2.32.0", []),
    ],
)
def test_what_is_known_of_requests(package: str, version: str, ids: list[str]) -> None:
    found = registry().advisories()
    assert found is not None

    assert [one.id for one in found.of(package) if advisory.affects(one, version)] == ids


@each_server
def test_no_package_of_a_shipped_server_is_known_to_be_vulnerable(name: str) -> None:
    found = registry().advisories()
    assert found is not None
    packages = [(one.name, one.version) for one in server(name).lock.packages]

    assert advisories.compare(packages, [found]).affected == ()


@each_server
def test_a_manifest_is_printed_as_it_stands(name: str) -> None:
    data = (folder(name) / "manifest.toml").read_bytes()

    assert manifest_text.dump(manifest_text.parse(data)) == data


@each_server
def test_a_server_json_passes_the_official_schema(name: str, shared_data: Path) -> None:
    schema = shared_data / "server-json-schemas" / "2025-12-11" / "server.schema.json"

    jsonschema.validate(
        json.loads((folder(name) / "server.json").read_bytes()), json.loads(schema.read_bytes())
    )


@each_server
def test_no_location_is_written_anywhere(name: str) -> None:
    lock = (folder(name) / "pylock.toml").read_text()
    (package,) = server(name).server.packages

    assert "://" not in lock
    assert package.registry_base_url is None


@each_server
@pytest.mark.parametrize("python", PYTHONS)
def test_every_claimed_platform_gets_one_wheel_for_each_package(
    name: str, python: tuple[int, int]
) -> None:
    found = server(name)

    assert (
        lock_authoring.uncovered(found.lock, found.manifest.local.platforms, pythons=[python]) == ()
    )


@each_server
def test_every_wheel_fits_a_claimed_platform(name: str) -> None:
    from packaging.utils import parse_wheel_filename

    found = server(name)
    fits = {
        tag
        for platform in found.manifest.local.platforms
        for python in PYTHONS
        for tag in platforms.tags(platform, python)
    }

    for package in found.lock.packages:
        for wheel in package.wheels:
            assert parse_wheel_filename(wheel.filename)[3] & fits, wheel.filename


@each_server
def test_only_platforms_without_a_wheel_are_left_out(name: str) -> None:
    found = server(name)
    left_out = platforms.PLATFORMS.keys() - set(found.manifest.local.platforms)

    assert left_out == {"windows-arm64"}
    assert any("Windows on ARM is left out" in review.notes for review in found.manifest.reviews)
    assert lock_authoring.uncovered(found.lock, ["windows-arm64"]) != ()


@each_server
def test_nothing_was_younger_than_seven_days_at_the_review(name: str) -> None:
    review = min(date.fromisoformat(item.on) for item in server(name).manifest.reviews)
    lock = tomllib.loads((folder(name) / "pylock.toml").read_text())

    uploaded = [wheel["upload-time"] for item in lock["packages"] for wheel in item["wheels"]]

    assert max(uploaded).date() <= review - YOUNGEST


@each_server
def test_what_starts_by_itself_is_accepted_with_a_reason(name: str) -> None:
    hooks = server(name).manifest.hooks

    assert {(hook.member, hook.kind) for hook in hooks} == {
        ("pywin32.pth", HookKind.STARTUP),
        ("pywin32-312.data/scripts/pywin32_postinstall.py", HookKind.SCRIPT),
        ("pywin32-312.data/scripts/pywin32_testall.py", HookKind.SCRIPT),
    }
    assert all(len(hook.reason) > 20 for hook in hooks)
    assert all("win_amd64" in hook.wheel for hook in hooks)


@each_server
def test_a_review_claims_only_what_was_done(name: str) -> None:
    (review,) = server(name).manifest.reviews

    assert review.criteria == ("locked", "inspected", "probed")
    assert review.platforms == ("linux-x86_64-glibc",)


@each_server
def test_the_probe_answers_every_required_question(name: str) -> None:
    found = server(name)
    package = agreement.chosen_package(found)
    given = {key: [value] for key, value in found.manifest.probe.inputs}

    around = inputs.Around(
        cwd=Path("/work"),
        home=Path("/home/user"),
        exists=lambda _: True,
        plaintext_secrets=True,
    )
    resolved = inputs.resolve(package, given, around)

    assert resolved.missing == ()


def test_the_inputs_that_a_user_must_give() -> None:
    required = {
        name.rsplit("/", 1)[-1]: [
            question.flag
            for question in inputs.questions(agreement.chosen_package(server(name)))
            if question.required
        ]
        for name in NAMES
    }

    assert required == {
        "mcp-obsidian": ["--secret OBSIDIAN_API_KEY"],
        "server-fetch": [],
        "server-git": ["--set repository=PATH"],
        "server-time": [],
    }


def test_fetch_never_installs_javascript_at_run_time() -> None:
    (readabilipy,) = (
        package for package in server(NAMES[1]).lock.packages if package.name == "readabilipy"
    )

    assert tuple(map(int, readabilipy.version.split("."))) < (0, 3)


def test_this_machine_finds_its_wheels() -> None:
    from packaging.markers import default_environment
    from packaging.tags import sys_tags

    from mcpinstall.model.environment import Interpreter

    markers = {key: str(value) for key, value in default_environment().items()}
    interpreter = Interpreter(
        path=Path("/usr/bin/python3"),
        version=markers["python_full_version"],
        sha256="0" * 64,
        markers=tuple(sorted(markers.items())),
        tags=tuple(map(str, sys_tags())),
    )

    chosen = selection.select(server(NAMES[3]).lock, interpreter)

    assert any(re.match(r"mcp_server_time-", artifact.filename) for artifact in chosen)
