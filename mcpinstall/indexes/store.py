"""The private store of downloaded files, addressed by their digests.

A file is in the store once its bytes have its name's digest, and it is hashed again whenever it
is taken out, so nothing needs to be durable: what a crash or a disk damaged is fetched again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.system.files import disk_errors, private_folder

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMING = ".incoming-"
_DAMAGED = ".damaged"
_STALE = timedelta(days=1)
"""After this long nobody is still writing an incoming file."""


class Held(Enum):
    """What the store has under a digest."""

    MISSING = auto()
    INTACT = auto()
    DAMAGED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What `prune` removed."""

    files: int
    size: int


class Store:
    """Files below `root`: `ab/abcdef…`, read-only, in folders of this user alone.

    Two processes may use it at once: each writes its own file, and the last rename wins with
    the same bytes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, sha256: str) -> Path:
        """Return where the file with this digest is, or would be."""
        if not _SHA256.fullmatch(sha256):
            raise McpInstallError(ErrorCode.LOCK_INVALID, "a digest is not 64 hexadecimal digits")
        return self._root / sha256[:2] / sha256

    def has(self, artifact: Artifact) -> bool:
        """Tell whether the very bytes of `artifact` are there; they are read and hashed."""
        return self.held(artifact) is Held.INTACT

    def held(self, artifact: Artifact) -> Held:
        """Tell what is there under the digest of `artifact`; it is read and hashed."""
        path = self.path(artifact.sha256)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        flags |= getattr(os, "O_NONBLOCK", 0)
        try:
            with os.fdopen(os.open(path, flags), "rb") as file:
                found = os.fstat(file.fileno())
                regular = stat.S_ISREG(found.st_mode)
                if not regular or found.st_size != artifact.size:
                    return Held.DAMAGED
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return Held.MISSING
        except OSError:
            return Held.DAMAGED
        return Held.INTACT if digest == artifact.sha256 else Held.DAMAGED

    def quarantine(self, artifact: Artifact) -> None:
        """Move what is under the digest of `artifact` aside."""
        path = self.path(artifact.sha256)
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_DAMAGED}")
        moving = disk_errors(f"move the damaged `{artifact.filename}` aside")
        with moving, contextlib.suppress(FileNotFoundError):
            path.rename(aside)

    @contextlib.contextmanager
    def incoming(self, artifact: Artifact) -> Iterator[BinaryIO]:
        """Yield a new private file; it becomes the entry when the block ends without an error.

        The block must have compared size and digest of what it wrote.
        """
        path = self.path(artifact.sha256)
        private_folder(self._root)
        temporary = private_folder(path.parent) / f"{_INCOMING}{secrets.token_hex(8)}"
        with disk_errors(f"write to the store `{self._root}`"):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            descriptor = os.open(temporary, flags, 0o600)
        try:
            # Closing writes what is left, also after a failure.
            with disk_errors(f"write `{artifact.filename}`"), os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                if os.name == "posix":
                    os.fchmod(file.fileno(), 0o400)
            self._place(temporary, path, artifact)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _place(self, temporary: Path, path: Path, artifact: Artifact) -> None:
        with disk_errors(f"keep `{artifact.filename}`"):
            try:
                temporary.replace(path)
            except PermissionError:  # Windows: another process has put it there and reads it
                if not self.has(artifact):
                    raise

    def size(self) -> int:
        """Return how many bytes the store holds, damaged and unfinished files included."""
        return sum(found.st_size for _, found in self._files())

    def count(self) -> int:
        """Return how many files the store holds, damaged and unfinished ones included."""
        return sum(1 for _ in self._files())

    def prune(self, *, now: datetime, days: int | None = None) -> Pruned:
        """Remove entries older than `days`, or all; leftovers of dead processes too."""
        count = size = 0
        for path, found in self._files():
            age = timedelta(seconds=now.timestamp() - found.st_mtime)
            old = days is None or age / timedelta(days=1) > days
            if path.name.startswith(_INCOMING):
                old = age > _STALE
            if old or path.name.endswith(_DAMAGED):
                with disk_errors(f"delete `{path}`"):
                    path.unlink(missing_ok=True)
                count, size = count + 1, size + found.st_size
        return Pruned(files=count, size=size)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        with disk_errors(f"read the store `{self._root}`"):
            paths = list(self._root.glob("*/*")) if self._root.is_dir() else []
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    found = path.lstat()
                    if not stat.S_ISDIR(found.st_mode):
                        yield path, found
