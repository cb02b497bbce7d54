"""Writing a host's file: only if it is still what was shown, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import adopting, host_lock, settled
from mcpinstall.model.host import HostChange, HostFile
from mcpinstall.system import attributes, exchange, limits, locking
from mcpinstall.system.files import (
    disk_errors,
    locked,
    private_folder,
    read_bounded,
    read_optional,
    remove_temporary,
    replace,
    sync_folder,
    write_atomic,
)

_NEW_MODE = 0o600


def write(change: HostChange, locks: Path) -> None:
    """Bring a change to disk; `after=None` deletes the file.

    1. One writer of ours at a time: by a lock in our own folder `locks`, and by one on the folder
       of the file, for an mcpinstall with another `MCPI_HOME`; and the host's own lock.
    2. The path still leads to the file that was read, and its bytes are still the same; looked
       at right before the replacement, against a host that saves meanwhile.
    3. Replacement by a file of the same mode, owner and ACL.
    4. Read back, against a host that overwrites.

    Raises:
        McpInstallError: `host-config-changed`, and nothing was written unless it says so;
            `host-path-refused` when the owner can't be kept; `state-busy` when the host keeps
            its file locked; `disk-failed`.
    """
    file = change.file
    key = hashlib.sha256(os.fsencode(file.target)).hexdigest()
    with locked(private_folder(locks) / f"{key}.lock"):  # (1)
        _require_unchanged(file)
        if change.after == file.content:
            return
        if file.content is None:
            _make_folders(file.target.parent)
        with locking.hold_folder(file.target.parent, seconds=limits.FOLDER_LOCK_SECONDS):
            with host_lock.held(file):
                if change.after is None:
                    _delete(file)
                else:
                    _replace(file, change.after)
            _read_back(change)  # (4)


def remove_leftovers(file: HostFile) -> None:
    """Delete what a write of ours that died left beside the file.

    An mcpinstall with another `MCPI_HOME` may be writing there right now: as it does, this
    holds the folder's lock.

    Raises:
        McpInstallError: `disk-failed`.
    """
    with locking.hold_folder(file.target.parent, seconds=limits.FOLDER_LOCK_SECONDS):
        remove_temporary(file.target.parent, file.target.name)
        host_lock.remove_stale(file)


def _require_unchanged(file: HostFile) -> None:
    """(2) Compare link and bytes with what was read.

    The last step is a look at the file's inode and times, for systems without an exchange: there,
    what is saved in the microseconds before the replacement is lost.
    """
    before = _identity(file.target)
    same_target = Path(os.path.realpath(file.path)) == file.target
    same = same_target and settled.content(file.target) == file.content
    if not same or _identity(file.target) != before:
        raise _changed(file)


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _replace(file: HostFile, after: bytes) -> None:
    mode, owner = _NEW_MODE, None
    if file.content is not None:
        with disk_errors(f"look at `{file.target}`"):
            found = file.target.stat()
        mode = stat.S_IMODE(found.st_mode) & 0o777
        owner = _kept_owner(file, found)
    with _late_save_kept(file, after, mode, owner):
        write_atomic(
            file.target,
            after,
            mode=mode,
            owner=owner,
            before_replace=lambda: _require_unchanged(file),
            place=lambda temporary, target: _place(file, after, temporary, target),
        )


def _place(file: HostFile, after: bytes, temporary: Path, target: Path) -> None:
    """(3) Exchange both files, look at the one that comes out, and put it back if it is another.

    Each round takes out what the round before put in, unless the host has saved once more.
    """
    if file.content is None:
        _place_new(file, temporary, target)
        return
    attributes.keep(target, temporary)
    put, expected = after, file.content
    while exchange.swap(temporary, target):
        try:
            found = read_bounded(temporary, limits.HOST_FILE_BYTES)
        except BaseException:  # what came out may be somebody's: back with it
            exchange.swap(temporary, target)
            raise
        if found == expected:
            temporary.unlink()
            break
        put, expected = found, put
    else:
        replace(temporary, target)
    if put is not after:
        raise _changed(file)


def _with_attributes(temporary: Path, target: Path) -> None:
    attributes.keep(target, temporary)
    replace(temporary, target)


def _place_new(file: HostFile, temporary: Path, target: Path) -> None:
    """Give a new file its name, unless the host has made one meanwhile."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise _changed(file) from None
    except OSError:  # a file system without links
        replace(temporary, target)
    else:
        temporary.unlink()


def _changed(file: HostFile) -> McpInstallError:
    return McpInstallError(
        ErrorCode.HOST_CONFIG_CHANGED,
        f"`{file.path}` was changed by another program since it was shown",
        hint="nothing was written; run the command again to see the new file's diff",
    )


@contextlib.contextmanager
def _late_save_kept(
    file: HostFile, after: bytes, mode: int, owner: tuple[int, int] | None
) -> Iterator[None]:
    """Put back what a host wrote into the old file in the very moment of its replacement.

    Raises:
        McpInstallError: `host-config-changed` when there was something.
    """
    old = None if file.content is None else _opened(file.target)
    if file.content is None or old is None:
        yield
        return
    try:
        yield
        late = settled.opened(old, file.row, file.content)
    finally:
        os.close(old)
    if late == file.content:
        return
    if settled.is_whole(late, file.row) and settled.content(file.target) == after:
        write_atomic(file.target, late, mode=mode, owner=owner, place=_with_attributes)
    raise McpInstallError(
        ErrorCode.HOST_CONFIG_CHANGED,
        f"`{file.path}` was changed by another program in the very moment it was written",
        hint="run the command again to see the difference with the file as it is now",
    )


def _opened(path: Path) -> int | None:
    """Open a file to look at it after its replacement; Windows would not replace it then."""
    if os.name != "posix":
        return None
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None


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
        _require_unchanged(file)
        file.target.unlink()
        sync_folder(file.target.parent)


def _read_back(change: HostChange) -> None:
    file = change.file
    now = read_optional(file.target, limits.HOST_FILE_BYTES)
    if now != change.after and not settled.until(lambda: _stands(change)):
        raise McpInstallError(
            ErrorCode.HOST_CONFIG_CHANGED,
            f"`{file.path}` was written, but another program has changed it again at once",
            hint=f"quit {file.row.title} completely, then run the command again",
        )


def _stands(change: HostChange) -> bool | None:
    """Tell whether the file was saved once more with our change in it; None: half written."""
    row, now = change.file.row, settled.content(change.file.target)
    before = {one.entry.name: one.entry for one in change.chain_before.entries}
    after = {one.entry.name: one.entry for one in change.chain_after.entries}
    came = [entry for name, entry in after.items() if before.get(name) != entry]
    gone = [entry for name, entry in before.items() if name not in after]
    if now is None or not (came or gone):
        return False
    if not settled.is_whole(now, row):
        return None
    return all(adopting.starts_as(now, row, entry) for entry in came) and not any(
        adopting.starts_as(now, row, entry) for entry in gone
    )
