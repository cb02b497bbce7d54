"""Attack T07: a name one letter away from a reviewed one, typed or invented by a model.

Who: anyone with an index account.
Stopped by: names resolve in the registry only; a near name is a suggestion, never an answer.
Twin: `test_the_right_name_is_found`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.registries import Registry
from mcpinstall.system.paths import StatePaths
from tests.builders.registry_folders import NAME, RegistryFolder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    folder = RegistryFolder(tmp_path / "r").add(alias="clock").folder
    paths = StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")
    return registries.open_folder(folder, paths, datetime(2026, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize("spec", ["clok", "Clock", "clock-server", "io.github.usr/clock"])
def test_a_near_name_is_not_found(registry: Registry, spec: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        registries.resolve(spec, [registry])

    assert refused.value.code is ErrorCode.NOT_FOUND


def test_the_right_name_is_found(registry: Registry) -> None:
    assert registries.resolve("clock", [registry]).manifest.name == NAME
