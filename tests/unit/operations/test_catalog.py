"""`mcpi search` over the registries of a machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall.operations import catalog
from mcpinstall.operations.context import Context
from mcpinstall.registries import sources
from tests.builders.registry_folders import RegistryFolder, manifest

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("text", ["notes", "Notes", "io.github.user/notes"])
def test_the_server_that_is_named_so_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    folder = RegistryFolder(tmp_path / "r")
    for name in ("a-reader", "notes", "notes-reader"):
        one = manifest(f"io.github.user/{name}")
        folder.add(replace(one, summary="Reads notes of io.github.user/notes"))
    monkeypatch.setattr(sources, "bundled_folder", lambda: folder.folder)

    rows = catalog.search(text, replace(Context.current(), now=NOW))

    assert [row.name.rpartition("/")[2] for row in rows] == [
        "notes", "a-reader", "notes-reader",
    ]  # fmt: skip
