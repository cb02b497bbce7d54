"""Wheels as they are really published pass, however they were built."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

from mcpinstall.model.artifact import Artifact, Scheme
from mcpinstall.model.manifest import Hook
from mcpinstall.verification import archives_check, stage_artifacts, unaccepted_hooks


def download(folder: Path, *arguments: str) -> list[tuple[Artifact, Path]]:
    """Fetch wheels with pip, and lock them as they are."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
         "--only-binary", ":all:", "--dest", str(folder), *arguments],
        check=True, capture_output=True,
    )  # fmt: skip
    return [(locked(path), path) for path in sorted(folder.glob("*.whl"))]


def locked(path: Path) -> Artifact:
    """What a lock would say about a file."""
    name, version, _, _ = parse_wheel_filename(path.name)
    data = path.read_bytes()
    return Artifact(
        filename=path.name, package=name, version=str(version), size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def hooks_of(wheels: list[tuple[Artifact, Path]]) -> list[Hook]:
    """All that reviewers would have to accept."""
    found: list[Hook] = []
    for claim, path in wheels:
        with path.open("rb") as file:
            found += unaccepted_hooks(file, claim)
    return found


@pytest.mark.network
def test_the_closure_of_a_server_passes_without_hooks(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    wheels = download(tmp_path, "mcp-server-time")

    verified = stage_artifacts(wheels, tmp_path / "copies", [])

    assert "no start-up hooks" in archives_check(verified).evidence
    for item in verified:
        with zipfile.ZipFile(item.path) as archive:
            assert item.inspection.members == len(archive.namelist())
            assert all(file.scheme is Scheme.SITE for file in item.inspection.files)


@pytest.mark.network
def test_the_hook_of_pywin32_is_found(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    arguments = ("--no-deps", "--platform", "win_amd64", "--python-version", "3.12", "pywin32")
    wheels = download(tmp_path, *arguments)

    verified = stage_artifacts(wheels, tmp_path / "copies", hooks_of(wheels))

    assert "1 accepted start-up hook (pywin32.pth)" in archives_check(verified).evidence
