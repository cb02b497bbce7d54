"""Registries: opened, looked through, resolved; every file compared with its digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import mcpinstall
from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text
from mcpinstall.model.checks import Outcome
from mcpinstall.model.registry import ReviewState
from mcpinstall.registries import Registry, memory, sources
from mcpinstall.system.paths import StatePaths
from tests.builders.registry_folders import EXPIRES, NAME, RegistryFolder, manifest

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path: Path) -> StatePaths:
    tmp_path.chmod(0o700)
    return StatePaths(config=tmp_path / "config", data=tmp_path / "data", cache=tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> RegistryFolder:
    return RegistryFolder(tmp_path / "manifests").add(alias="clock")


@pytest.fixture
def bundled(folder: RegistryFolder, paths: StatePaths, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The folder in the place of the registry that ships with the program."""
    monkeypatch.setattr(sources, "bundled_folder", lambda: folder.folder)
    return registries.open_bundled(paths, NOW)


def test_the_bundled_registry_vouches_for_its_servers(bundled: Registry) -> None:
    server = bundled.find(NAME)

    assert server.registry.review is ReviewState.CERTIFIED
    assert server.registry.check.outcome is Outcome.VERIFIED
    assert server.registry.check.evidence == "shipped with mcpinstall 0.1.0, fresh, not rolled back"
    assert server.check.evidence == "4 files match their sha256"
    assert [tool["name"] for tool in server.tools.tools if isinstance(tool, dict)] == ["now"]


def test_nothing_vouches_for_a_folder(folder: RegistryFolder, paths: StatePaths) -> None:
    registry = registries.open_folder(folder.folder, paths, NOW)

    assert registry.state.review is ReviewState.UNREVIEWED
    assert registry.state.check.outcome is Outcome.ABSENT
    assert registry.state.check.evidence == (
        "folder of yours, nothing vouches for it; by its own word fresh, not rolled back"
    )
    assert registry.state.name == "folder test"


def test_a_folder_has_the_name_that_its_user_gave_it(
    folder: RegistryFolder, paths: StatePaths
) -> None:
    assert registries.open_folder(folder.folder, paths, NOW, name="ours").state.name == "ours"


@pytest.mark.parametrize("spec", ["clock", NAME, f"{NAME}@1.2.0", "clock@1.2.0"])
def test_a_name_and_an_alias_mean_the_same(bundled: Registry, spec: str) -> None:
    assert registries.resolve(spec, [bundled]).manifest.name == NAME


def test_the_last_part_of_a_name_is_enough_while_it_is_alone(bundled: Registry) -> None:
    assert registries.resolve("clock", [bundled]).manifest.name == NAME


def test_a_last_part_that_two_servers_have_lists_both(tmp_path: Path, paths: StatePaths) -> None:
    folder = RegistryFolder(tmp_path / "two").add().add(manifest("com.example/clock"))
    registry = registries.open_folder(folder.folder, paths, NOW)

    with pytest.raises(McpInstallError) as refused:
        registries.resolve("clock", [registry])

    assert refused.value.code is ErrorCode.NAME_AMBIGUOUS
    assert "`com.example/clock`, `io.github.user/clock`" in refused.value.hint


def test_an_unknown_name_suggests_near_ones(bundled: Registry) -> None:
    with pytest.raises(McpInstallError) as refused:
        registries.resolve("clocks", [bundled])

    assert refused.value.code is ErrorCode.NOT_FOUND
    assert refused.value.hint == "did you mean `clock`?"


@pytest.mark.parametrize(
    "spec", ["pypi:x", "npm:x@1", "mcp:a/b", "mcpb:/x", "remote:https://x.example"]
)
def test_a_source_without_reviews_is_not_supported_yet(bundled: Registry, spec: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        registries.resolve(spec, [bundled])

    assert refused.value.code is ErrorCode.NOT_SUPPORTED_YET


def test_a_name_of_npm_is_told_to_be_one(bundled: Registry) -> None:
    with pytest.raises(McpInstallError) as refused:
        registries.resolve("@modelcontextprotocol/server-memory", [bundled])

    assert refused.value.code is ErrorCode.NOT_SUPPORTED_YET
    assert "npm" in refused.value.message


def test_an_address_without_a_prefix_is_told_the_prefix(bundled: Registry) -> None:
    with pytest.raises(McpInstallError) as refused:
        registries.resolve("https://mcp.example.com/mcp", [bundled])

    assert refused.value.code is ErrorCode.USAGE
    assert "`remote:https://mcp.example.com/mcp`" in refused.value.hint


@pytest.mark.parametrize("spec", ["clock@", "clock@latest", "clock@>=1", "clock@../x"])
def test_a_version_is_exact(bundled: Registry, spec: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        registries.resolve(spec, [bundled])

    assert refused.value.code is ErrorCode.NAME_INVALID


def test_the_newest_version_is_found_by_number_not_by_letter(
    tmp_path: Path, paths: StatePaths
) -> None:
    folder = RegistryFolder(tmp_path / "many")
    for version in ("1.9", "1.10", "1.11rc1"):
        folder.add(manifest(version=version))
    registry = registries.open_folder(folder.folder, paths, NOW)

    assert registry.find(NAME).manifest.version == "1.10"
    assert registry.find(NAME, "1.9").manifest.version == "1.9"
    assert [row.version for row in registry.search("tells")] == ["1.10"]


def test_a_version_that_is_not_there_names_those_that_are(bundled: Registry) -> None:
    with pytest.raises(McpInstallError) as refused:
        bundled.find(NAME, "9")

    assert refused.value.hint == "there is `1.2.0`"


@pytest.mark.parametrize("version", [None, "1.2.0"])
def test_a_name_that_is_not_there_has_no_versions(bundled: Registry, version: str | None) -> None:
    with pytest.raises(McpInstallError) as refused:
        bundled.find("com.example/none", version)

    assert refused.value.code is ErrorCode.NOT_FOUND
    assert refused.value.message == "no server is named `com.example/none`"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CLOCK time", ["clock"]),
        ("user", ["clock", "bell"]),
        ("fish", []),
        ("clock fish", []),
        ("uhr", ["clock"]),
        ("none", []),
    ],
)
def test_search_wants_every_word(
    tmp_path: Path, paths: StatePaths, text: str, found: list[str]
) -> None:
    folder = RegistryFolder(tmp_path / "r").add(alias="uhr")
    folder.add(replace(manifest("io.github.user/bell"), title="Bell", summary="Rings"))
    registry = registries.open_folder(folder.folder, paths, NOW)

    assert {row.name.rpartition("/")[2] for row in registry.search(text)} == set(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("git", {"bell"}),
        ("hub", set()),
        ("github", set()),
        ("io.github.user", {"clock", "bell"}),
        ("io.github.user/b", {"bell"}),
    ],
)
def test_a_word_that_most_names_begin_with_finds_not_all_of_them(
    tmp_path: Path, paths: StatePaths, text: str, found: set[str]
) -> None:
    folder = RegistryFolder(tmp_path / "r").add()
    folder.add(replace(manifest("io.github.user/bell"), title="Bell", summary="Rings for Git"))
    registry = registries.open_folder(folder.folder, paths, NOW)

    assert {row.name.rpartition("/")[2] for row in registry.search(text)} == found


def test_a_revoked_version_is_refused_with_its_reason(
    folder: RegistryFolder, paths: StatePaths
) -> None:
    folder.add(manifest(version="1.3")).revoke("1.3", "sends mail")
    registry = registries.open_folder(folder.folder, paths, NOW)

    with pytest.raises(McpInstallError) as refused:
        registry.find(NAME, "1.3")

    assert refused.value.code is ErrorCode.VERSION_REVOKED
    assert "sends mail" in refused.value.message
    assert registry.find(NAME).manifest.version == "1.2.0"


def test_a_registry_past_its_date_is_stale(folder: RegistryFolder, paths: StatePaths) -> None:
    folder.publish(expires=NOW - timedelta(days=1))

    assert registries.open_folder(folder.folder, paths, NOW).state.stale


def test_the_words_for_a_stale_bundled_registry(bundled: Registry, paths: StatePaths) -> None:
    later = registries.open_bundled(paths, EXPIRES)

    assert later.state.check.outcome is Outcome.ABSENT
    assert later.state.check.evidence == (
        "shipped with mcpinstall 0.1.0, STALE since 2027-05-21, not rolled back"
    )


def test_a_clock_that_was_turned_back_is_reported_and_does_not_help(
    bundled: Registry, paths: StatePaths
) -> None:
    registries.remember(bundled.state, paths, now=EXPIRES)

    earlier = registries.open_bundled(paths, NOW)

    assert earlier.state.stale
    assert "this machine's clock stands before 2027-05-21" in earlier.state.check.evidence


def test_a_clock_that_stands_still_is_not_reported(bundled: Registry, paths: StatePaths) -> None:
    registries.remember(bundled.state, paths, now=NOW)

    assert "clock" not in registries.open_bundled(paths, NOW).state.check.evidence


def test_an_older_bundled_registry_is_refused(bundled: Registry, paths: StatePaths) -> None:
    registries.remember(replace(bundled.state, serial=2), paths, now=NOW)

    with pytest.raises(McpInstallError) as refused:
        registries.open_bundled(paths, NOW)

    assert refused.value.code is ErrorCode.REGISTRY_ROLLED_BACK


def test_of_a_registry_that_was_never_seen_the_serial_is_0(
    bundled: Registry, paths: StatePaths
) -> None:
    assert memory.recall(bundled.state.root_digest, paths).serial == 0


def test_the_highest_serial_and_the_latest_time_are_kept(
    bundled: Registry, paths: StatePaths
) -> None:
    root = bundled.state.root_digest
    registries.remember(replace(bundled.state, serial=2), paths, now=NOW)
    registries.remember(bundled.state, paths, now=NOW - timedelta(days=1))

    assert memory.recall(root, paths) == memory.Seen(serial=2, latest=NOW)

    registries.remember(bundled.state, paths)
    assert memory.recall(root, paths).latest.tzinfo is not None


@pytest.mark.parametrize(
    ("states", "kept"),
    [
        ([(1, 5), (1, 3)], (1, 5)),
        ([(1, 5), (2, 3)], (2, 3)),  # a newer root begins anew
        ([(2, 3), (1, 9)], (2, 3)),  # a slow process under the root before
        ([(0, 4), (1, 3)], (1, 4)),  # a record of before roots were kept
        ([(1, 5), (2, 3), (2, 4)], (2, 4)),
    ],
)
def test_the_highest_serial_is_that_of_the_newest_root(
    bundled: Registry,
    paths: StatePaths,
    states: list[tuple[int, int]],
    kept: tuple[int, int],
) -> None:
    for root, serial in states:
        state = replace(bundled.state, root_version=root, serial=serial)
        registries.remember(state, paths, now=NOW)

    seen = memory.recall(bundled.state.root_digest, paths)
    assert (seen.root, seen.serial) == kept


@pytest.mark.parametrize(
    "damaged",
    [
        b"{}",
        b'{"latest":"2026-12-01T12:00:00+00:00","root":-1,"serial":1}',
        b"{",
        b'{"latest":"2026-12-01T12:00:00","serial":1}',
        b'{"latest":"2026-12-01T12:00:00+00:00","serial":"1"}',
        b'{"latest":"2026-12-01T12:00:00+00:00","serial":1,"more":1}',
    ],
)
def test_a_damaged_memory_is_refused(bundled: Registry, paths: StatePaths, damaged: bytes) -> None:
    registries.remember(bundled.state, paths, now=NOW)
    (record,) = paths.registries.glob("*.json")
    record.write_bytes(damaged)

    with pytest.raises(McpInstallError) as refused:
        registries.open_bundled(paths, NOW)

    assert refused.value.code is ErrorCode.STATE_UNSAFE
    assert str(record) in refused.value.message
    assert "delete it" in refused.value.hint


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place where the program could be installed."""
    folder = tmp_path / "site" / "mcpinstall"
    folder.mkdir(parents=True)
    monkeypatch.setattr(mcpinstall, "__file__", str(folder / "__init__.py"))
    return folder


def test_the_registry_inside_the_program_is_the_bundled_one(package: Path) -> None:
    (package / "_manifests").mkdir()
    (package.parent / "manifests").mkdir()
    (package.parent / "pyproject.toml").write_text("[project]\nname = 'mcpinstall'\n")

    assert sources.bundled_folder() == package / "_manifests"


def test_in_a_checkout_the_bundled_registry_lies_beside_the_program(package: Path) -> None:
    (package.parent / "manifests").mkdir()
    (package.parent / "pyproject.toml").write_text("[project]\nname = 'mcpinstall'\n")

    assert sources.bundled_folder() == package.parent / "manifests"


@pytest.mark.parametrize(
    "project",
    [None, "", "[project]\nname = 'other'\n", "project = 'mcpinstall'\n", "project = [\n", "\xff"],
)
def test_manifests_beside_another_project_are_not_the_bundled_registry(
    package: Path, project: str | None
) -> None:
    (package.parent / "manifests").mkdir()
    if project is not None:
        (package.parent / "pyproject.toml").write_bytes(project.encode("latin-1"))

    with pytest.raises(McpInstallError) as refused:
        sources.bundled_folder()

    assert refused.value.code is ErrorCode.REGISTRY_INVALID


def test_a_checkout_without_manifests_has_no_bundled_registry(package: Path) -> None:
    (package.parent / "pyproject.toml").write_text("[project]\nname = 'mcpinstall'\n")

    with pytest.raises(McpInstallError) as refused:
        sources.bundled_folder()

    assert refused.value.code is ErrorCode.REGISTRY_INVALID


def test_an_alias_for_nothing_is_refused(folder: RegistryFolder, paths: StatePaths) -> None:
    text = (folder.folder / "registry.toml").read_text()
    (folder.folder / "registry.toml").write_text(text.replace(NAME, "com.example/gone"))

    with pytest.raises(McpInstallError) as refused:
        registries.open_folder(folder.folder, paths, NOW)

    assert refused.value.code is ErrorCode.REGISTRY_INVALID


def test_a_folder_without_a_registry_file_is_no_registry(tmp_path: Path, paths: StatePaths) -> None:
    (tmp_path / "other").write_text("something else")

    with pytest.raises(McpInstallError, match="is no registry") as refused:
        registries.open_folder(tmp_path, paths, NOW)

    assert refused.value.code is ErrorCode.REGISTRY_INVALID


@pytest.mark.parametrize("name", ["", "gone"], ids=["empty", "gone"])
def test_a_folder_that_is_not_there_may_come_back(
    tmp_path: Path, paths: StatePaths, name: str
) -> None:
    folder = tmp_path / "registry" / name
    (tmp_path / "registry").mkdir()

    with pytest.raises(McpInstallError, match="is not there") as refused:
        registries.open_folder(folder, paths, NOW)

    assert refused.value.code is ErrorCode.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("serial = 1", "serial = 0"),
        ("serial = 1", 'serial = "1"'),
        ("serial = 1", "serial = 1\nmirror = 'https://evil.example'"),
        ('name = "test"', 'name = "Te st"'),
        ("2026-11-22 00:00:00Z", "2026-11-22 00:00:00"),
        ('clock = "', 'cl_ock = "'),
        ("schema = 1", "schema = 2"),
    ],
)
def test_a_registry_file_with_a_wrong_value_is_refused(
    folder: RegistryFolder, old: str, new: str
) -> None:
    text = (folder.folder / "registry.toml").read_text().replace("+00:00", "Z")
    assert old in text

    with pytest.raises(McpInstallError) as refused:
        registry_text.parse(text.replace(old, new).encode(), "registry.toml")

    assert refused.value.code is ErrorCode.REGISTRY_INVALID


def test_registry_and_index_are_printed_as_they_were_parsed(folder: RegistryFolder) -> None:
    folder.revoke("1.2.0", "a reason")
    registry = (folder.folder / "registry.toml").read_bytes()
    index = (folder.folder / "index.toml").read_bytes()

    assert registry_text.dump(registry_text.parse(registry, "registry.toml")) == registry
    assert registry_text.dump_index(registry_text.parse_index(index, "index.toml")) == index
