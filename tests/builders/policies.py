"""Policy files of every level, as administrator, user and project would write them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.model import policy_text
from mcpinstall.model.policy import Level, Origin, Policy, PolicySubject
from mcpinstall.system import policy_files

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ROOT = "ab" * 32


def parsed(text: str, level: Level = Level.USER, path: str = "") -> Policy:
    """Return the policy of a text without its first line."""
    origin = Origin(level=level, path=path or f"/{level.word}/policy.toml")
    return policy_text.parse(f"schema = 1\n{text}".encode(), origin)


def subject(**changes: object) -> PolicySubject:
    """Return a certified server that runs here, published a month ago, for Cursor."""
    values: dict[str, Any] = {
        "name": "io.github.user/clock",
        "version": "1.0",
        "registry": "bundled",
        "root_digest": ROOT,
        "certified": True,
        "criteria": ("locked", "inspected"),
        "transport": "stdio",
        "hosts": (("cursor", "cursor-user"),),
        "released": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return PolicySubject(**(values | changes))


def of_system(text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the system's policy of this test, whose place the fixture `home` has set.

    Its owner is whoever runs the tests, which the shipped program takes from root alone.
    """
    monkeypatch.setattr(policy_files, "_ADMINISTRATORS", frozenset({0, os.geteuid()}))
    path = Path(policy_files.SYSTEM_FOLDERS["linux"]) / policy_files.POLICY
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    path.write_text(f"schema = 1\n{text}")
    path.chmod(0o644)
    return path


def of_user(text: str, home: Path) -> Path:
    """Write the user's policy."""
    return _written(home / ".config" / "mcpinstall" / policy_files.POLICY, text)


def of_project(text: str, folder: Path | None = None) -> Path:
    """Write the policy of a project, by default the one in the working folder."""
    base = folder or Path.cwd()
    return _written(base / policy_files.PROJECT_FOLDER / policy_files.POLICY, text)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    path.write_text(f"schema = 1\n{text}")
    return path
