"""Install a real package that nobody reviewed from the real index, as a script does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.command import Command

pytestmark = pytest.mark.network


def test_a_small_server_is_locked_installed_and_verified(home: Path, tmp_path: Path) -> None:
    cwd = tmp_path / "work"
    cwd.mkdir()
    mcpi = Command(home=home, cwd=cwd)
    name = ("install", "pypi:duckduckgo-mcp-server")

    digest = mcpi.run(*name, "--dry-run").stdout.strip()
    done = mcpi.answer(*name, "--yes", "--allow", "unreviewed", "--expect-digest", digest)

    assert done["outcome"] == "done"
    assert "no findings" in mcpi.run("verify").stdout
    assert "3 tools" in mcpi.run("test", "duckduckgo-mcp-server").stdout
