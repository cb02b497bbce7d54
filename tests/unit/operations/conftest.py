"""A host's file, and a change of it that can be stopped anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.operations.context import Context
from tests.builders.unfinished import BASE, Scene


@pytest.fixture
def scene(home: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Nothing is installed yet; Cursor has a server of its user."""
    (home / ".cursor").mkdir()
    (home / ".cursor/mcp.json").write_bytes(BASE)
    return Scene(Context.current(), monkeypatch)


@pytest.fixture
def installed(scene: Scene) -> Scene:
    """The same after an installation."""
    scene.do(scene.installation())
    return scene
