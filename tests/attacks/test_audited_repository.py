"""Attack T12: a repository attacks the audit that compares it with a commit, or hides a change.

Who: the author of a cloned repository, or of a pull request.
Stopped by: git's objects alone are read, without hooks, filters, helpers and replacements.
Twin: `test_an_honest_repository_is_compared`, `test_the_trap_works`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builders.git_repository import GitRepository
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

BAD = {"type": "http", "url": "http://docs.example.com/mcp"}
WORSE = {"type": "http", "url": "http://other.example.com/mcp"}


@pytest.fixture
def repository(home: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    found = GitRepository(home / "code")
    monkeypatch.chdir(found.folder)
    return found


def new(mcpi: Mcpi, ref: str = "HEAD") -> list[str]:
    found = json.loads(mcpi("audit", "--json", "--diff", ref).out)["findings"]
    return [one["server"] for one in found]


def trap(repository: GitRepository) -> Path:
    """Let everything that a repository can name be a program that leaves a mark."""
    marker = repository.folder.parent / "ran"
    script = repository.write("evil.sh", f"#!/bin/sh\ntouch {marker}\ncat\n")
    script.chmod(0o700)
    repository.put(".mcp.json", docs=BAD)
    repository.write(".gitattributes", "*.json filter=evil diff=evil\n")
    repository.commit()
    for key in ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv",
                "core.pager", "pager.ls-tree", "core.sshCommand", "core.editor", "core.askPass",
                "credential.helper", "alias.ls-tree", "diff.external"):  # fmt: skip
        repository.git("config", key, str(script))
    hooks = repository.folder / ".git/hooks"
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        shutil.copy(script, hooks / name)
    marker.unlink(missing_ok=True)
    return marker


def test_an_honest_repository_is_compared(repository: GitRepository, mcpi: Mcpi) -> None:
    repository.put(".mcp.json", docs=BAD)
    repository.commit()
    assert new(mcpi) == []

    repository.put(".mcp.json", docs=BAD, other=WORSE)

    assert new(mcpi) == ["other"]


def test_no_hook_filter_or_helper_of_the_repository_runs(
    repository: GitRepository, mcpi: Mcpi
) -> None:
    marker = trap(repository)

    assert new(mcpi) == []
    assert not marker.exists()


def test_the_trap_works(repository: GitRepository, mcpi: Mcpi) -> None:
    marker = trap(repository)

    subprocess.run(["git", "status"], cwd=repository.folder, check=False, capture_output=True)

    assert marker.exists()


def test_a_replaced_object_hides_no_change(repository: GitRepository, mcpi: Mcpi) -> None:
    repository.put(".mcp.json", docs=BAD)
    repository.commit()
    old = repository.git("rev-parse", "HEAD:.mcp.json")
    path = repository.put(".mcp.json", docs=BAD, other=WORSE)
    repository.git("replace", old, repository.git("hash-object", "-w", str(path)))
    assert "other" in repository.git("show", "HEAD:.mcp.json")

    assert new(mcpi) == ["other"]


@pytest.mark.parametrize("ref", ["--upload-pack=x", "-h", "HEAD; touch x", "$(touch x)", "@{u}"])
def test_what_is_no_commit_is_no_command(repository: GitRepository, mcpi: Mcpi, ref: str) -> None:
    repository.put(".mcp.json", docs=BAD)
    repository.commit()

    ran = mcpi("audit", f"--diff={ref}")

    assert ran.status == 5
    assert "Traceback" not in ran.err
    assert not (repository.folder / "x").exists()


def test_a_file_that_is_huge_at_the_commit_is_told_and_hides_nothing(
    repository: GitRepository, mcpi: Mcpi
) -> None:
    text = json.dumps({"mcpServers": {"docs": BAD}})
    repository.write(".mcp.json", text + " " * 5_000_000)
    repository.commit()
    repository.put(".mcp.json", docs=BAD)

    ran = mcpi("audit", "--json", "--diff", "HEAD")

    document = json.loads(ran.out)
    assert [one["server"] for one in document["findings"]] == ["docs"]
    assert [one["subject"] for one in document["unchecked"]] == [".mcp.json at HEAD"]
