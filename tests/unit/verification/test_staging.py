"""Stored files become checked copies."""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.system import limits
from mcpinstall.verification import stage_artifacts, staging
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


def test_after_a_refusal_the_files_behind_it_are_not_looked_at(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []

    def inspect(file: object, claim: Artifact, hooks: object) -> None:
        looked_at.append(claim.package)
        if claim.package != "w0":
            threading.Event().wait(0.5)  # (a large file)
        raise McpInstallError(ErrorCode.ARCHIVE_REFUSED, "is bad")

    monkeypatch.setattr(staging, "inspect_wheel", inspect)

    with pytest.raises(McpInstallError):
        stage_artifacts([stored(tmp_path, f"w{number}") for number in range(12)], folder, [])

    assert len(looked_at) < 12


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
    claim, path = stored(tmp_path, "a")
    outside = tmp_path / claim.filename
    outside.write_bytes(b"mine")  # (so that a file made there and deleted again would be seen)

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([(replace(claim, filename=f"../{claim.filename}"), path)], folder, [])

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    assert outside.read_bytes() == b"mine"


def test_other_bytes_of_the_same_length_are_refused(tmp_path: Path, folder: Path) -> None:
    claim, path = stored(tmp_path, "a")
    path.write_bytes(path.read_bytes().replace(b"a/__init__.py", b"b/__init__.py"))

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([(claim, path)], folder, [])

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH
    assert claim.sha256 in refused.value.evidence
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("more", [b"x", b""])
def test_one_byte_too_many_is_seen_whatever_is_read_at_once(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    claim, path = stored(tmp_path, "a")
    path.write_bytes(path.read_bytes() + more)
    monkeypatch.setattr(staging, "_CHUNK", 1)

    if more:
        with pytest.raises(McpInstallError) as refused:
            stage_artifacts([(claim, path)], folder, [])
        assert refused.value.code is ErrorCode.ARTIFACT_SIZE
    else:
        stage_artifacts([(claim, path)], folder, [])


def test_a_refusal_stays_one_where_its_copy_is_gone_already(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        next(folder.iterdir()).unlink()
        raise McpInstallError(ErrorCode.ARCHIVE_REFUSED, "is bad")

    monkeypatch.setattr(staging, "inspect_wheel", refuse)

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([stored(tmp_path, "a")], folder, [])

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_an_absurd_size_is_refused_uncopied(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, path = stored(tmp_path, "a")

    monkeypatch.setattr(limits, "ARTIFACT_BYTES", claim.size - 1)
    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([(claim, path)], folder, [])
    assert refused.value.code is ErrorCode.ARTIFACT_SIZE

    monkeypatch.setattr(limits, "ARTIFACT_BYTES", claim.size)
    stage_artifacts([(claim, path)], folder, [])


def test_the_listener_hears_how_many_files_are_checked(tmp_path: Path, folder: Path) -> None:
    listener = Listener()

    stage_artifacts([stored(tmp_path, "a")], folder, [], progress=listener)

    assert listener.steps == ["checking 1 file"]
