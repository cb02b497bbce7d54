"""Attack T21: a registry hides its advisories: an older file, none, or another one, pin left.

Who: a mirror, the network, whoever can replace a file of a registry's folder.
Stopped by: check 1 and 3: `registry.toml` pins the file by its digest, and is itself signed or
shipped; the file that is shipped with mcpinstall counts beside that of any registry.
Twin: `test_the_file_that_is_pinned_counts`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import advisory_text
from mcpinstall.planning import advisories
from mcpinstall.registries import Registry
from mcpinstall.system.paths import StatePaths
from tests.builders.advisories import advise, advisory, file
from tests.builders.registry_folders import NAME, RegistryFolder

NOW = datetime(2026, 12, 1, tzinfo=UTC)
OLD = file(date(2026, 1, 1), other=advisory("PYSEC-2025-1"))
NEW = file(date(2026, 11, 1), clock_server=advisory("PYSEC-2026-1"))
CLOCK = [("clock-server", "1.2.0")]


@pytest.fixture
def paths(tmp_path: Path) -> StatePaths:
    tmp_path.chmod(0o700)
    return StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")


@pytest.fixture
def folder(tmp_path: Path) -> RegistryFolder:
    made = RegistryFolder(tmp_path / "r").add(alias="clock")
    advise(made, NEW)
    return made


def opened(folder: RegistryFolder, paths: StatePaths) -> Registry:
    return registries.open_folder(folder.folder, paths, NOW)


def refused(folder: RegistryFolder, paths: StatePaths) -> ErrorCode:
    read = opened(folder, paths).find(NAME).advisories
    assert read is not None
    with pytest.raises(McpInstallError) as error:
        read()
    return error.value.code


def test_the_file_that_is_pinned_counts(folder: RegistryFolder, paths: StatePaths) -> None:
    found = opened(folder, paths).advisories()

    assert found is not None
    known = advisories.compare(CLOCK, [found])
    assert [one.package for one in known.affected] == ["clock-server"]


@pytest.mark.parametrize(
    "other",
    [OLD, b"", NEW[:-1], NEW.replace(b'"2.0"', b'"1.0"'), NEW.split(b"\n")[0] + b"\n"],
    ids=["older", "empty", "cut", "changed", "head only"],
)
def test_another_file_under_the_same_pin_is_refused(
    folder: RegistryFolder, paths: StatePaths, other: bytes
) -> None:
    advise(folder, other, pinned=False)

    assert refused(folder, paths) is ErrorCode.DIGEST_MISMATCH


def test_no_file_under_a_pin_is_refused(folder: RegistryFolder, paths: StatePaths) -> None:
    (folder.folder / advisory_text.NAME).unlink()

    assert refused(folder, paths) is ErrorCode.FILE_UNREADABLE


def test_an_older_state_of_the_whole_registry_is_refused(
    folder: RegistryFolder, paths: StatePaths
) -> None:
    folder.publish(serial=7)
    registries.remember(opened(folder, paths).state, paths, now=NOW)
    folder.file = replace(folder.file, advisories="")
    folder.publish(serial=6)

    with pytest.raises(McpInstallError) as error:
        opened(folder, paths)

    assert error.value.code is ErrorCode.REGISTRY_ROLLED_BACK


def test_a_file_that_withdraws_an_advisory_does_not_withdraw_that_of_another(
    folder: RegistryFolder, paths: StatePaths
) -> None:
    shipped = advisory_text.read(NEW, "shipped")
    withdrawn = advisory("PYSEC-2026-1", withdrawn=date(2026, 11, 30))
    advise(folder, file(date(2026, 11, 30), clock_server=withdrawn))
    own = opened(folder, paths).advisories()
    assert own is not None

    assert advisories.compare(CLOCK, [own, shipped]).affected
