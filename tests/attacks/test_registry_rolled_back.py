"""Attack T21: an old registry hides a fix or a revocation; or its clock is turned back.

Who: a mirror, the network, whoever can replace a folder.
Stopped by: check 1: the highest serial and the latest time seen are kept, expiry, and every
file is pinned by the one above it, so that no two states can be mixed.
Twin: `test_the_same_and_a_newer_serial_are_accepted`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.registries import Registry
from mcpinstall.system.paths import StatePaths
from tests.builders.registry_folders import NAME, RegistryFolder, lock, manifest, server_json

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path: Path) -> StatePaths:
    tmp_path.chmod(0o700)
    return StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")


@pytest.fixture
def folder(tmp_path: Path) -> RegistryFolder:
    return RegistryFolder(tmp_path / "r").add(alias="clock")


def opened(folder: RegistryFolder, paths: StatePaths) -> Registry:
    return registries.open_folder(folder.folder, paths, NOW)


def test_an_older_serial_than_seen_is_refused(folder: RegistryFolder, paths: StatePaths) -> None:
    registries.remember(opened(folder.publish(serial=7), paths).state, paths, now=NOW)
    folder.publish(serial=6)

    with pytest.raises(McpInstallError) as refused:
        opened(folder, paths)

    assert refused.value.code is ErrorCode.REGISTRY_ROLLED_BACK


def test_a_refused_registry_is_not_remembered(folder: RegistryFolder, paths: StatePaths) -> None:
    registries.remember(opened(folder.publish(serial=7), paths).state, paths, now=NOW)
    older = opened(folder.publish(serial=7), paths).state
    registries.remember(older, paths, now=datetime(2020, 1, 1, tzinfo=UTC))
    folder.publish(serial=6)

    with pytest.raises(McpInstallError):
        opened(folder, paths)


def test_the_same_and_a_newer_serial_are_accepted(
    folder: RegistryFolder, paths: StatePaths
) -> None:
    registries.remember(opened(folder.publish(serial=7), paths).state, paths, now=NOW)

    assert opened(folder.publish(serial=7), paths).state.serial == 7
    assert opened(folder.publish(serial=8), paths).state.serial == 8


@pytest.mark.parametrize("file", ["manifest.toml", "server.json", "pylock.toml", "tools.json"])
def test_a_file_of_another_state_is_refused(
    folder: RegistryFolder, paths: StatePaths, file: str
) -> None:
    folder.swap(file, folder.path(file).read_bytes() + b"\n")

    with pytest.raises(McpInstallError) as refused:
        opened(folder, paths).find(NAME)

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH
    assert file in refused.value.message


def test_an_index_of_another_state_is_refused(folder: RegistryFolder, paths: StatePaths) -> None:
    before = (folder.folder / "index.toml").read_bytes()
    folder.add(manifest(version="1.3"))
    (folder.folder / "index.toml").write_bytes(before)

    with pytest.raises(McpInstallError) as refused:
        opened(folder, paths)

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH


def test_a_manifest_under_another_name_is_refused(tmp_path: Path, paths: StatePaths) -> None:
    other = manifest("com.example/other")
    folder = (
        RegistryFolder(tmp_path / "mixed").add().add(other, server=server_json(), locked=lock())
    )

    with pytest.raises(McpInstallError) as refused:
        opened(folder, paths).find("com.example/other")

    assert refused.value.code is ErrorCode.MANIFEST_INVALID
