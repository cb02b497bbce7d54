"""Private, checked copies of the files that a plan needs (checks 4 and 6)."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Self

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact, VerifiedArtifact
from mcpinstall.model.manifest import Hook
from mcpinstall.system import limits
from mcpinstall.system.files import disk_errors
from mcpinstall.system.progress import Progress, SilentProgress
from mcpinstall.verification.clashes import check_clashes
from mcpinstall.verification.inspection import inspect_wheel
from mcpinstall.verification.outcomes import counted
from mcpinstall.verification.refusals import naming_the_wheel
from mcpinstall.verification.wheel_metadata import parse_filename

_CHUNK = 1 << 20  # bytes copied at once
_THREADS = 2  # unpacking and hashing leave the interpreter lock; the rest doesn't


class Copies:
    """Checked copies in one folder; each is made as soon as its file is there.

    What is hashed, inspected and later installed is one copy in a folder that only this user
    can write to: a file swapped in the store afterwards changes nothing (threat T20).

    1. Size and digest of the bytes copied, before anything in them is parsed.
    2. Inspection of the very file that was written, by its open descriptor.
    3. Clashes between the wheels, when all are there.
    """

    def __init__(self, folder: Path, hooks: Sequence[Hook]) -> None:
        self._folder, self._hooks = folder, hooks
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="inspection")
        self._jobs: dict[str, Future[VerifiedArtifact]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def add(self, artifact: Artifact, stored: Path) -> None:
        """Begin with the copy of one stored file; `verified` tells what came of it."""
        job = self._pool.submit(_stage, artifact, stored, self._folder, self._hooks)
        self._jobs[artifact.sha256] = job

    def verified(self, artifacts: Sequence[Artifact]) -> tuple[VerifiedArtifact, ...]:
        """Return the copies of `artifacts`, in this order; each was added.

        Raises:
            McpInstallError: `artifact-size`, `digest-mismatch`, `archive-refused`,
                `disk-failed`; of several wrong files the first in order, whatever was faster.
        """
        found = tuple(self._jobs[artifact.sha256].result() for artifact in artifacts)
        check_clashes((item.artifact.filename, item.inspection) for item in found)
        return found


def stage_artifacts(
    artifacts: Sequence[tuple[Artifact, Path]],
    folder: Path,
    hooks: Sequence[Hook],
    *,
    progress: Progress | None = None,
) -> tuple[VerifiedArtifact, ...]:
    """Copy stored files into `folder`, check the copies, and return them in the same order.

    Raises:
        McpInstallError: as `Copies.verified`.
    """
    (progress or SilentProgress()).step(f"checking {counted(len(artifacts), 'file')}")
    with Copies(folder, hooks) as copies:
        for artifact, stored in artifacts:
            copies.add(artifact, stored)
        return copies.verified([artifact for artifact, _ in artifacts])


def _stage(
    artifact: Artifact, source: Path, folder: Path, hooks: Sequence[Hook]
) -> VerifiedArtifact:
    with naming_the_wheel(artifact):
        parse_filename(artifact)
    target = folder / artifact.filename
    with _new_file(target) as copy:
        # (1) Size and digest.
        with disk_errors(f"copy `{artifact.filename}`"), source.open("rb") as stored:
            _copy(stored, copy, artifact)

        # (2) Inspection.
        inspection = inspect_wheel(copy, artifact, hooks)
    return VerifiedArtifact(artifact=artifact, path=target, inspection=inspection)


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file for this user alone; it is deleted again when the block fails."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with disk_errors(f"make `{path}`"):
        file = os.fdopen(os.open(path, flags, 0o600), "w+b")
    try:
        with disk_errors(f"write `{path}`"), file:  # closing writes what is left
            yield file
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _copy(stored: BinaryIO, copy: BinaryIO, artifact: Artifact) -> None:
    """Copy at most as many bytes as the artifact claims, and compare what was copied."""
    digest = hashlib.sha256()
    length = 0
    while length <= artifact.size <= limits.ARTIFACT_BYTES and (chunk := stored.read(_CHUNK)):
        digest.update(chunk)
        copy.write(chunk)
        length += len(chunk)
    if length != artifact.size:
        raise _differs(artifact, ErrorCode.ARTIFACT_SIZE, f"{artifact.size} bytes", f"{length}")
    if digest.hexdigest() != artifact.sha256:
        raise _differs(
            artifact, ErrorCode.DIGEST_MISMATCH, f"sha256 {artifact.sha256}", digest.hexdigest()
        )


def _differs(artifact: Artifact, code: ErrorCode, expected: str, got: str) -> McpInstallError:
    return McpInstallError(
        code,
        f"`{artifact.filename}` is not the file that the lock names",
        hint="nothing of it was read; if it keeps happening, your index or proxy changes files",
        evidence=f"expected {expected}\n     got {got}",
    )
