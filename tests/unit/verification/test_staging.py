"""Stored files become checked copies."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.system import limits
from mcpinstall.verification import stage_artifacts
from tests.builders.wheels import artifact, wheel


class Listener:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def transferred(self, done: int, total: int) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for copies."""
    path = tmp_path / "copies"
    path.mkdir(mode=0o700)
    return path


def stored(store: Path, name: str, content: bytes = b"") -> tuple[Artifact, Path]:
    """Put a wheel into a store."""
    data = wheel({f"{name}/__init__.py": content}, name=name)
    path = store / f"{name}.stored"
    path.write_bytes(data)
    return artifact(data, name=name), path


def test_copies_come_in_the_order_asked_for(tmp_path: Path, folder: Path) -> None:
    pairs = [stored(tmp_path, name, name.encode() * 999) for name in ("c", "a", "b")]

    verified = stage_artifacts(pairs, folder, [])

    assert [item.artifact for item in verified] == [claim for claim, _ in pairs]
    assert [item.path for item in verified] == [folder / claim.filename for claim, _ in pairs]


def test_a_swap_in_the_store_afterwards_changes_nothing(tmp_path: Path, folder: Path) -> None:
    claim, path = stored(tmp_path, "a")
    honest = path.read_bytes()

    (verified,) = stage_artifacts([(claim, path)], folder, [])
    path.write_bytes(b"malice")

    assert verified.path.read_bytes() == honest
    assert not verified.path.samefile(path)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_copy_is_readable_by_its_owner_alone(tmp_path: Path, folder: Path) -> None:
    (verified,) = stage_artifacts([stored(tmp_path, "a")], folder, [])

    assert stat.S_IMODE(verified.path.stat().st_mode) == 0o600


def test_of_several_wrong_files_the_first_is_named(tmp_path: Path, folder: Path) -> None:
    pairs = [stored(tmp_path, name) for name in ("a", "b", "c")]
    for _, path in pairs[1:]:
        path.write_bytes(b"malice")

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts(pairs, folder, [])

    assert refused.value.code is ErrorCode.ARTIFACT_SIZE
    assert "`b-1.0" in refused.value.message


def test_a_file_is_never_written_over(tmp_path: Path, folder: Path) -> None:
    claim, path = stored(tmp_path, "a")
    (folder / claim.filename).write_bytes(b"mine")

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([(claim, path)], folder, [])

    assert refused.value.code is ErrorCode.DISK_FAILED
    assert (folder / claim.filename).read_bytes() == b"mine"


def test_a_missing_stored_file_is_reported(tmp_path: Path, folder: Path) -> None:
    claim, path = stored(tmp_path, "a")
    path.unlink()

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([(claim, path)], folder, [])

    assert refused.value.code is ErrorCode.DISK_FAILED


def test_a_file_name_can_not_lead_out_of_the_folder(tmp_path: Path, folder: Path) -> None:
    from dataclasses import replace

    claim, path = stored(tmp_path, "a")

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([(replace(claim, filename=f"../{claim.filename}"), path)], folder, [])

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    assert not (tmp_path / claim.filename).exists()


def test_an_absurd_size_is_refused_uncopied(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ARTIFACT_BYTES", 10)

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([stored(tmp_path, "a")], folder, [])

    assert refused.value.code is ErrorCode.ARTIFACT_SIZE


def test_the_listener_hears_how_many_files_are_checked(tmp_path: Path, folder: Path) -> None:
    listener = Listener()

    stage_artifacts([stored(tmp_path, "a")], folder, [], progress=listener)

    assert listener.steps == ["checking 1 file"]
