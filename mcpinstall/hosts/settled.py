"""A host's file once it is whole: a host that saves in place empties the file first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.hosts import edits
from mcpinstall.model.host import HostRow
from mcpinstall.system import limits
from mcpinstall.system.files import disk_errors, read_optional

_POLL_SECONDS = 0.02


def content(path: Path) -> bytes | None:
    """Return the bytes of a file, None when there is none; one emptied just now is waited for.

    Raises:
        McpInstallError: `file-unreadable`.
    """
    found = read_optional(path, limits.HOST_FILE_BYTES)
    if found == b"":
        until(lambda: None if _is_just_emptied(path) else True)
        found = read_optional(path, limits.HOST_FILE_BYTES)
    return found


def opened(descriptor: int, row: HostRow, known: bytes) -> bytes:
    """Return the bytes of an open file: those that are `known`, or others once they are whole."""
    found = _read(descriptor)
    if found != known:
        until(lambda: is_whole(_read(descriptor), row) or None)
        found = _read(descriptor)
    return found


def is_whole(found: bytes, row: HostRow) -> bool:
    """Tell whether a host's file can be what its host meant to write."""
    try:
        edits.servers(found, row)
    except McpInstallError:
        return False
    return bool(found)


def until(decided: Callable[[], bool | None]) -> bool:
    """Ask until the answer is not None, for as long as a host may take to save; then False."""
    deadline = time.monotonic() + limits.HOST_SAVE_SECONDS
    while (answer := decided()) is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return bool(answer)


def _is_just_emptied(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_size == 0 and 0 <= time.time() - found.st_mtime < limits.HOST_SAVE_SECONDS


def _read(descriptor: int) -> bytes:
    with disk_errors("read a host's file"):
        os.lseek(descriptor, 0, os.SEEK_SET)
        return b"".join(iter(lambda: os.read(descriptor, 1 << 20), b""))
