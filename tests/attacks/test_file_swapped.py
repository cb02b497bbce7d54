"""Attack T19: the index, or a proxy before it, serves other bytes than were reviewed.

Who: an operator or intruder of the index, of a proxy, or of the store on this disk.
Stopped by: check 4 in `staging`: size and digest of the copy, before anything in it is read.
Twin: `test_the_honest_file_is_accepted`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.verification import stage_artifacts
from tests.builders.wheels import artifact, wheel

HONEST = wheel({"example/__init__.py": b"honest = True\n"})


def stage(folder: Path, claim: Artifact, data: bytes) -> bytes:
    """Stage one stored file and return the bytes of the copy."""
    (folder / "stored").write_bytes(data)
    copies = folder / "copies"
    copies.mkdir()
    (verified,) = stage_artifacts([(claim, folder / "stored")], copies, [])
    return verified.path.read_bytes()


@pytest.mark.parametrize("position", [0, len(HONEST) // 2, len(HONEST) - 1])
def test_one_flipped_bit_is_refused_and_nothing_is_left(tmp_path: Path, position: int) -> None:
    swapped = bytearray(HONEST)
    swapped[position] ^= 1

    with pytest.raises(McpInstallError) as refused:
        stage(tmp_path, artifact(HONEST), bytes(swapped))

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH
    assert artifact(HONEST).sha256 in refused.value.evidence
    assert list((tmp_path / "copies").iterdir()) == []


def test_another_honest_looking_wheel_is_refused(tmp_path: Path) -> None:
    malice = wheel({"example/__init__.py": b"honest = Fals\n"})

    with pytest.raises(McpInstallError) as refused:
        stage(tmp_path, replace(artifact(HONEST), size=len(malice)), malice)

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH


@pytest.mark.parametrize("data", [HONEST[:-1], HONEST + b"\n", b""])
def test_a_file_of_another_length_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        stage(tmp_path, artifact(HONEST), data)

    assert refused.value.code is ErrorCode.ARTIFACT_SIZE


def test_a_file_renamed_to_another_package_is_refused(tmp_path: Path) -> None:
    claim = artifact(HONEST, name="another")

    with pytest.raises(McpInstallError) as refused:
        stage(tmp_path, claim, HONEST)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_a_file_renamed_to_another_version_is_refused(tmp_path: Path) -> None:
    claim = artifact(HONEST, version="2.0")

    with pytest.raises(McpInstallError) as refused:
        stage(tmp_path, claim, HONEST)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_the_honest_file_is_accepted(tmp_path: Path) -> None:
    assert stage(tmp_path, artifact(HONEST), HONEST) == HONEST
