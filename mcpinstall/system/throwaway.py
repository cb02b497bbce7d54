"""Folders for one use: new, empty, of this user alone, and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.files import disk_errors
from mcpinstall.system.permissions import exchangeable_above


@contextlib.contextmanager
def throwaway_folder() -> Iterator[Path]:
    """Give a new empty 0700 folder, its links resolved, and remove it after the block.

    A stranger's program may have worked in it: links are never followed, folders that it made
    unreadable are opened, and what still can't be removed is left to the system's clean-up.

    Raises:
        McpInstallError: `disk-failed`, or `state-unsafe` where others could exchange the folder.
    """
    with disk_errors("make a temporary folder"):
        folder = Path(tempfile.mkdtemp(prefix="mcpi-")).resolve()
    try:
        _require_ours(folder)
        yield folder
    finally:
        with contextlib.suppress(OSError, RecursionError):
            _remove(folder)


def _require_ours(folder: Path) -> None:
    if above := exchangeable_above(folder):
        raise McpInstallError(
            ErrorCode.STATE_UNSAFE,
            f"other users can exchange temporary folders: they can write to `{above}`",
            hint="set `TMPDIR` to a folder of your own",
        )


def _remove(folder: Path) -> None:
    """Open every folder below, then delete; `tempfile` of 3.11 follows links when it does so."""
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        current.chmod(0o700)
        with os.scandir(current) as entries:
            waiting += [Path(entry.path) for entry in entries if _is_folder(entry)]
    shutil.rmtree(folder)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode)
