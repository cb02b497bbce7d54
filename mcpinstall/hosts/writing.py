"""Writing a host's file: only if it is still what was shown, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostChange, HostFile
from mcpinstall.system import limits
from mcpinstall.system.files import (
    disk_errors,
    locked,
    private_folder,
    read_optional,
    sync_folder,
    write_atomic,
)

_NEW_MODE = 0o600


def write(change: HostChange, locks: Path) -> None:
    """Bring a change to disk; `after=None` deletes the file.

    1. One writer of ours at a time, by a lock in our own folder `locks`.
    2. The path still leads to the file that was read, and its bytes are still the same; looked
       at right before the replacement, against a host that saves meanwhile.
    3. Replacement by a file of the same mode and owner.
    4. Read back, against a host that overwrites.

    Raises:
        McpInstallError: `host-config-changed`, and nothing was written unless it says so;
            `host-path-refused` when the owner can't be kept; `disk-failed`.
    """
    file = change.file
    key = hashlib.sha256(os.fsencode(file.target)).hexdigest()
    with locked(private_folder(locks) / f"{key}.lock"):  # (1)
        _require_unchanged(file)
        if change.after == file.content:
            return
        if change.after is None:
            _delete(file)
        else:
            _replace(file, change.after)
        _read_back(file, change.after)  # (4)


def _require_unchanged(file: HostFile) -> None:
    """(2) Compare link and bytes with what was read."""
    same_target = Path(os.path.realpath(file.path)) == file.target
    if not same_target or _now(file) != file.content:
        raise McpInstallError(
            ErrorCode.HOST_CONFIG_CHANGED,
            f"`{file.path}` was changed by another program since it was shown",
            hint="nothing was written; run the command again to see the new file's diff",
        )


def _now(file: HostFile) -> bytes | None:
    return read_optional(file.target, limits.HOST_FILE_BYTES)


def _replace(file: HostFile, after: bytes) -> None:
    mode, owner = _NEW_MODE, None
    if file.content is None:
        _make_folders(file.target.parent)
    else:
        with disk_errors(f"look at `{file.target}`"):
            found = file.target.stat()
        mode = stat.S_IMODE(found.st_mode) & 0o777
        owner = _kept_owner(file, found)
    write_atomic(
        file.target, after, mode=mode, owner=owner, before_replace=lambda: _require_unchanged(file)
    )


def _kept_owner(file: HostFile, found: os.stat_result) -> tuple[int, int] | None:
    """Return user and group for the new file, where they are not ours anyway."""
    if os.name != "posix" or (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid()):
        return None
    if os.geteuid() != 0 and found.st_uid != os.geteuid():
        raise McpInstallError(
            ErrorCode.HOST_PATH_REFUSED,
            f"`{file.target}` belongs to another user, which a new file could not keep",
            hint="run `mcpi` as that user; nothing was written",
        )
    return found.st_uid, found.st_gid


def _make_folders(folder: Path) -> None:
    with disk_errors(f"make the folder `{folder}`"):
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)


def _delete(file: HostFile) -> None:
    with disk_errors(f"delete `{file.target}`"):
        file.target.unlink()
        sync_folder(file.target.parent)


def _read_back(file: HostFile, after: bytes | None) -> None:
    if _now(file) != after:
        raise McpInstallError(
            ErrorCode.HOST_CONFIG_CHANGED,
            f"`{file.path}` was written, but another program has changed it again at once",
            hint=f"quit {file.row.title} completely, then run the command again",
        )
