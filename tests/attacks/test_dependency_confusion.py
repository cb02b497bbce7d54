"""Attack T08: a server in an unreviewed source takes a reviewed or private name's place.

Who: anyone who can add to a source that nobody vouches for.
Stopped by: a name never falls through from a registry that vouches to one that does not, and
reviewed packages are locked by digest, wherever a file comes from.
Twin: `test_the_reviewed_server_is_found_whatever_the_order`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.registries import Registry, sources
from mcpinstall.system.paths import StatePaths
from tests.builders.registry_folders import RegistryFolder, manifest

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Registry]:
    """The bundled registry with `clock`, and a folder that offers `payroll` and `clock`."""
    paths = StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")
    reviewed = RegistryFolder(tmp_path / "reviewed").add(alias="clock").folder
    monkeypatch.setattr(sources, "bundled_folder", lambda: reviewed)
    foreign = RegistryFolder(tmp_path / "foreign").add(manifest("com.evil/clock"))
    foreign.add(manifest("com.example/payroll"), alias="payroll")
    return [
        registries.open_folder(foreign.folder, paths, NOW),
        registries.open_bundled(paths, NOW),
    ]


@pytest.mark.parametrize("spec", ["payroll", "com.example/payroll", "com.evil/clock"])
def test_a_name_does_not_fall_through_to_an_unreviewed_source(
    both: list[Registry], spec: str
) -> None:
    with pytest.raises(McpInstallError) as refused:
        registries.resolve(spec, both)

    assert refused.value.code is ErrorCode.NOT_FOUND


def test_the_reviewed_server_is_found_whatever_the_order(both: list[Registry]) -> None:
    for order in (both, both[::-1]):
        assert registries.resolve("clock", order).registry.name == "bundled"
