"""A registry's folder that `mcpi manifest verify` looks at, and the index of its packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.index_server import IndexServer
from tests.builders.manifest_folders import ManifestFolder
from tests.builders.world import world

__all__ = ["folder", "index", "world"]


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as started:
        yield started


@pytest.fixture
def folder(
    tmp_path: Path, home: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> ManifestFolder:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    monkeypatch.setenv("NO_PROXY", "*")
    return ManifestFolder(work / "manifests", index)
