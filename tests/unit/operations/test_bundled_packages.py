"""The package of each server that ships with mcpinstall, read without its whole manifest."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from mcpinstall import registries
from mcpinstall.operations import bundled_packages
from mcpinstall.system.paths import StatePaths


def test_every_row_names_the_package_of_its_manifest(tmp_path: Path) -> None:
    paths = StatePaths(data=tmp_path / "data", config=tmp_path / "config", cache=tmp_path / "cache")
    bundled = registries.open_bundled(paths, datetime(2026, 11, 23, tzinfo=UTC))
    rows = list(bundled.index())

    for row in rows:
        file = registries.bundled_folder() / row.name / row.version / "manifest.toml"
        package = tomllib.loads(file.read_text(encoding="utf-8"))["package"]
        found = bundled_packages.choice_of(row)
        assert found == (package["registryType"], package["identifier"])
    assert len(rows) >= 12
