"""A registry's folder: what its index has to say, its next state, and which versions are meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.operations import manifest_index, manifest_paths, registry_folder
from mcpinstall.operations.context import Context
from mcpinstall.system import files
from tests.builders.registry_folders import EXPIRES, NAME, RegistryFolder, manifest

NOW = datetime(2026, 12, 1, 12, 30, 15, 999, tzinfo=UTC)
OTHER = "com.example/maps"


@pytest.fixture
def made(home: object, tmp_path: Path) -> RegistryFolder:
    return RegistryFolder(tmp_path / "registry").add(alias="clock").add(manifest(version="1.10.0"))


@pytest.fixture
def context(home: object) -> Context:
    return replace(Context.current(), now=NOW)


def state(folder: Path) -> RegistryFile:
    path = folder / "registry.toml"
    return registry_text.parse(path.read_bytes(), str(path))


def retitled(made: RegistryFolder) -> None:
    path = made.path("manifest.toml")
    path.write_bytes(path.read_bytes().replace(b'title = "Clock"', b'title = "Watch"'))


# What an index has to say ----------------------------------------------------------------------


def test_an_index_that_says_what_is_there_has_no_reason(
    made: RegistryFolder, context: Context
) -> None:
    found = manifest_index.prepare(made.folder, context)

    assert (found.why, found.folder, found.registry) == ((), made.folder, made.file)
    assert found.before == found.after
    assert [row.version for row in found.after] == ["1.10.0", "1.2.0"]
    before = (made.folder / "registry.toml").read_bytes()
    assert manifest_index.commit(found, context) == ()
    assert (made.folder / "registry.toml").read_bytes() == before


def test_an_edited_manifest_is_a_reason_and_is_listed(
    made: RegistryFolder, context: Context
) -> None:
    retitled(made)
    found = manifest_index.prepare(made.folder, context)
    assert len(found.why) == 2
    assert {row.title for row in found.before} == {"Clock"}
    assert {row.title for row in found.after} == {"Clock", "Watch"}

    written = manifest_index.commit(found, context)

    assert written == (made.folder / "index.toml", made.folder / "registry.toml")
    after = state(made.folder)
    assert after.serial == made.file.serial + 1
    assert after.issued == NOW.replace(microsecond=0)
    assert after.expires == after.issued + timedelta(days=180)
    assert (after.aliases, after.name) == (made.file.aliases, made.file.name)
    assert manifest_index.prepare(made.folder, context).why == ()
    registry = registries.open_folder(made.folder, context.paths, NOW)
    assert registry.find(NAME, "1.2.0").manifest.title == "Watch"


def test_an_index_that_is_damaged_or_gone_is_made_again(
    made: RegistryFolder, context: Context
) -> None:
    index = made.folder / "index.toml"
    index.write_bytes(b"[[")
    damaged = manifest_index.prepare(made.folder, context)
    index.unlink()
    gone = manifest_index.prepare(made.folder, context)

    for found in (damaged, gone):
        assert (len(found.why), found.before, len(found.after)) == (1, (), 2)
    manifest_index.commit(gone, context)
    assert manifest_index.prepare(made.folder, context).why == ()


def test_a_file_that_is_pinned_and_gone_is_a_reason(made: RegistryFolder, context: Context) -> None:
    made.file = replace(made.file, advisories="ab" * 32)
    made.publish()

    found = manifest_index.prepare(made.folder, context)

    assert len(found.why) == 1
    manifest_index.commit(found, context)
    assert state(made.folder).advisories == ""


@pytest.mark.parametrize(("days", "expected"), [(31, 0), (30, 0), (29, 1), (-1, 1)])
def test_dates_that_run_out_within_a_month_are_a_reason(
    made: RegistryFolder, context: Context, days: int, expected: int
) -> None:
    late = replace(context, now=EXPIRES - timedelta(days=days))

    found = manifest_index.prepare(made.folder, late)

    assert len(found.why) == expected
    assert all("2027-05-21" in why for why in found.why)


def test_what_is_no_registry_is_refused(home: Path, context: Context) -> None:
    with pytest.raises(McpInstallError) as error:
        manifest_index.prepare(home, context)

    assert error.value.code is ErrorCode.FILE_UNREADABLE


def test_what_a_dead_run_left_is_settled_before_it_is_listed(
    made: RegistryFolder, context: Context
) -> None:
    version = made.path("manifest.toml").parent
    version.rename(version.with_name(".1.2.0.mcpi-old"))
    found = manifest_index.prepare(made.folder, context)
    assert [row.version for row in found.after] == ["1.10.0"]

    manifest_index.commit(found, context)

    assert version.is_dir()
    assert manifest_index.prepare(made.folder, context).why == ()


# Its next state --------------------------------------------------------------------------------


def test_a_folder_that_is_no_registry_has_no_next_state(home: Path) -> None:
    assert registry_folder.present(home) is None
    assert registry_folder.renew(home, NOW) == ()
    assert not list(home.iterdir())


@pytest.mark.parametrize("file", ["registry.toml", "io.github.user/clock/1.2.0/manifest.toml"])
def test_a_registry_that_cannot_be_read_is_not_renewed(made: RegistryFolder, file: str) -> None:
    (made.folder / file).write_bytes(b"[[")
    index = (made.folder / "index.toml").read_bytes()

    for act in (registry_folder.present, lambda folder: registry_folder.renew(folder, NOW)):
        with pytest.raises(McpInstallError, match="toml"):
            act(made.folder)

    assert (made.folder / "index.toml").read_bytes() == index


def test_two_at_once_do_not_change_a_registry(
    made: RegistryFolder, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever way leads to its folder; the folder itself keeps no trace of it."""
    before = sorted(made.folder.rglob("*"))
    other = made.folder.parent / "x" / ".." / "registry"
    (made.folder.parent / "x").mkdir()
    locked = files.locked
    monkeypatch.setattr(files, "locked", lambda path: locked(path, seconds=0.01))

    with (
        registry_folder.alone(made.folder, context),
        pytest.raises(McpInstallError) as error,
        registry_folder.alone(other, context),
    ):
        pass

    assert error.value.code is ErrorCode.STATE_BUSY
    with (
        registry_folder.alone(made.folder, context),
        registry_folder.alone(made.folder.parent / "x", context),
    ):
        pass
    assert sorted(made.folder.rglob("*")) == before


# Which versions are meant ----------------------------------------------------------------------


def test_of_a_registry_the_newest_version_of_each_server_is_meant(
    made: RegistryFolder, context: Context
) -> None:
    made.add(manifest(OTHER, "2.0.0"))

    found = manifest_paths.versions([made.folder], context)

    assert set(found) == {made.folder / NAME / "1.10.0", made.folder / OTHER / "2.0.0"}
    assert len(found) == 2


def test_a_version_that_is_named_is_meant_once(made: RegistryFolder, context: Context) -> None:
    older, newer = (made.folder / NAME / one for one in ("1.2.0", "1.10.0"))

    assert manifest_paths.versions([older, newer, older], context) == (older, newer)
    assert manifest_paths.versions([newer, made.folder], context) == (newer,)


def test_a_version_can_be_named_while_another_mcpi_changes_its_registry(
    made: RegistryFolder, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = made.folder / NAME / "1.2.0"
    locked = files.locked
    with registry_folder.alone(made.folder, context):
        monkeypatch.setattr(files, "locked", lambda path: locked(path, seconds=0.01))
        assert manifest_paths.versions([version], context) == (version,)


def test_a_short_path_is_that_of_the_folder_where_it_is_typed(
    made: RegistryFolder, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = made.folder / NAME / "1.2.0"
    monkeypatch.chdir(version)
    assert manifest_paths.versions([Path()], context) == (version,)
    monkeypatch.chdir(version.parent)
    assert manifest_paths.versions([Path("1.2.0")], context) == (version,)
    assert manifest_paths.versions([Path("../clock/1.2.0")], context) == (version,)
    monkeypatch.chdir(version.parent.parent)
    assert manifest_paths.versions([Path("clock/1.2.0")], context) == (version,)
    monkeypatch.chdir(made.folder)
    assert manifest_paths.versions([Path()], context) == (Path(NAME) / "1.10.0",)


def test_a_path_that_has_its_registry_in_it_stays_as_it_was_typed(
    made: RegistryFolder, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (made.folder, made.folder.parent):
        monkeypatch.chdir(folder)
        typed = (made.folder / NAME / "1.2.0").relative_to(folder)
        assert manifest_paths.versions([typed], context) == (typed,)


def test_a_path_that_is_neither_is_refused(made: RegistryFolder, context: Context) -> None:
    for path in (made.folder / NAME, made.folder / "nothing", Path(made.folder.anchor)):
        with pytest.raises(McpInstallError) as error:
            manifest_paths.versions([path], context)
        assert error.value.code is ErrorCode.FILE_UNREADABLE


@pytest.mark.parametrize("named", ["version", "registry"])
def test_what_a_dead_run_left_is_settled_first(
    made: RegistryFolder, context: Context, named: str
) -> None:
    version = made.folder / NAME / "1.10.0"
    left = version.with_name(".1.10.0.mcpi-old")
    version.rename(left)

    found = manifest_paths.versions([version if named == "version" else made.folder], context)

    assert found == (version,)
    assert not left.exists()
