"""The lock by which a host keeps others from its file: a folder beside it (Cline)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostFile
from mcpinstall.system import limits
from mcpinstall.system.files import disk_errors

_POLL_SECONDS = 0.02


@contextlib.contextmanager
def held(file: HostFile) -> Iterator[None]:
    """Hold the host's own lock on its file during the block, where it has one.

    Raises:
        McpInstallError: `state-busy` when the host keeps it for longer than it takes to save.
    """
    if not file.row.lock_folder:
        yield
        return
    folder = folder_of(file)
    _take(folder, file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()


def folder_of(file: HostFile) -> Path:
    """Return the folder that stands for the lock."""
    return file.target.with_name(f"{file.target.name}.lock")


def remove_stale(file: HostFile) -> None:
    """Take away the lock of a process that died; the host does so as well."""
    if file.row.lock_folder and _is_stale(folder_of(file)):
        with contextlib.suppress(OSError):
            folder_of(file).rmdir()


def _take(folder: Path, file: HostFile) -> None:
    deadline = time.monotonic() + limits.HOST_LOCK_SECONDS
    while True:
        with disk_errors(f"lock `{file.path}` by the folder `{folder}`"):
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                remove_stale(file)
            else:
                return
        if time.monotonic() >= deadline:
            raise McpInstallError(
                ErrorCode.STATE_BUSY,
                f"{file.row.title} keeps its file locked (`{folder}`)",
                hint=f"quit {file.row.title}, then run the command again; nothing was written",
            )
        time.sleep(_POLL_SECONDS)


def _is_stale(folder: Path) -> bool:
    """Tell whether whoever made the folder has ended: one that lives makes it younger again."""
    try:
        return time.time() - folder.stat().st_mtime > limits.HOST_LOCK_STALE_SECONDS
    except OSError:
        return False
