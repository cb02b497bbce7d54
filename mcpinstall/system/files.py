"""Files: read within bounds, written whole or not at all, in folders of our own."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits
from mcpinstall.system.permissions import exchangeable_above

_CHUNK = 1 << 20  # bytes read at once
_KEPT_FOLDER = (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY, errno.ENOENT, errno.ENOTDIR)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@contextlib.contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn an `OSError` of the block into `disk-failed`, saying `what` could not be done."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        other = error.filename and str(error.filename) not in what and not _is_temporary(error)
        name = f" (`{error.filename}`)" if other else ""
        raise McpInstallError(
            ErrorCode.DISK_FAILED,
            f"could not {what}: {reason}{name}",
            hint=_hint(error),
        ) from error


def _is_temporary(error: OSError) -> bool:
    return _temporary_names(None).fullmatch(Path(str(error.filename)).name) is not None


def _hint(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free some disk space, for example with `mcpi cache prune`, and try again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "check who owns the folder and whether it may be written to"
    if error.errno == errno.EIO:
        return "the disk itself reports an error: see the system's log, then try again"
    return ""


def private_folder(path: Path) -> Path:
    """Make `path` a folder of this user alone (0700) and return it.

    Missing parents are made the same way.  An existing folder that is a link, belongs to
    someone else or that others can write to is refused.

    Raises:
        McpInstallError: `state-unsafe`, or `disk-failed`.
    """
    with disk_errors(f"make the folder `{path}`"):
        if not path.exists() and not path.is_symlink():
            private_folder(path.parent) if not path.parent.exists() else None
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
    require_own_folder(path)
    return path


def require_own_folder(path: Path) -> None:
    """Refuse `path` unless it is a real folder, ours, and neither writable nor movable by others.

    Raises:
        McpInstallError: `state-unsafe`.
    """
    with disk_errors(f"look at the folder `{path}`"):
        found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        is_link = stat.S_ISLNK(found.st_mode)
        raise unsafe(path, "it is a link" if is_link else "it is not a folder")
    if os.name == "posix":
        if found.st_uid != os.geteuid():
            raise unsafe(path, "it belongs to another user")
        if found.st_mode & _OTHERS_WRITE:
            raise unsafe(path, "other users can write to it")
    if folder := exchangeable_above(path):
        raise unsafe(path, f"other users can write to `{folder}`, which it is in")


def unsafe(path: Path, why: str) -> McpInstallError:
    """Return the refusal of a folder of our state; `why` continues the sentence."""
    return McpInstallError(
        ErrorCode.STATE_UNSAFE,
        f"`{path}` can't hold mcpinstall's state: {why}",
        hint="make it yours alone (`chmod 700`), or set `MCPI_HOME` to a folder that is",
    )


def exists(path: Path) -> bool:
    """Tell whether something can be seen at `path`; what can't be looked at counts as missing."""
    return os.path.exists(path)  # noqa: PTH110 (`Path.exists` raises where it may not look)


def is_file(path: Path) -> bool:
    """Tell whether a file can be seen at `path`, as `exists` does."""
    return os.path.isfile(path)  # noqa: PTH113 (as above)


def is_folder(path: Path) -> bool:
    """Tell whether a folder can be seen at `path`, as `exists` does."""
    return os.path.isdir(path)  # noqa: PTH112 (as above)


def is_pipe(path: Path) -> bool:
    """Tell whether `path` is a pipe with a name: to open one is to wait for its writer."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

    Raises:
        McpInstallError: `file-unreadable`.
    """
    # A pipe without a writer would let us wait for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _unreadable(path, "it is not a regular file")
            data = file.read(limit + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if len(data) > limit:
        raise _unreadable(path, f"it is larger than {limit} bytes")
    return data


def _unreadable(path: Path, why: str) -> McpInstallError:
    return McpInstallError(ErrorCode.FILE_UNREADABLE, f"could not read `{path}`: {why}")


def read_beginning(path: Path, most: int) -> bytes:
    """Return the first bytes of a file, `most` of them at most; of a pipe, nothing is waited for.

    Raises:
        OSError: if it can't be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        return file.read(most)


def read_optional(path: Path, limit: int) -> bytes | None:
    """Return the bytes of a file, or None when there is none; otherwise as `read_bounded`."""
    try:
        return read_bounded(path, limit)
    except McpInstallError as error:
        if isinstance(error.__cause__, FileNotFoundError) and not path.is_symlink():
            return None
        raise


def is_absent_or_empty(folder: Path) -> bool:
    """Tell whether a folder is not there, or an empty place for something that is not mounted."""
    try:
        return not any(folder.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, 64 lowercase hexadecimal characters."""
    with disk_errors(f"read `{path}`"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomic(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o600,
    owner: tuple[int, int] | None = None,
    before_replace: Callable[[], None] = lambda: None,
    place: Callable[[Path, Path], None] | None = None,
) -> None:
    """Replace `path` by a file with `data`: after a crash it is the old one or the new one.

    Temporary file in the same folder, fsync, rename, fsync of the folder.  `owner` is the user
    and group that the file must have; `before_replace` runs last and may raise to stop; `place`
    stands in for the rename.

    Raises:
        McpInstallError: `disk-failed`; the old file is untouched then, unless all that failed was
            to make the new one's name last.
    """
    with disk_errors(f"write `{path}`"):
        temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.mcpi")
        try:
            _write_new(temporary, data, mode, owner)
            before_replace()
            (place or replace)(temporary, path)
            sync_folder(path.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def write_result(path: Path, data: bytes) -> None:
    """Write a file that the user named for a result; a device or a pipe gets the data itself.

    A link stays, and what it leads to is written.

    Raises:
        McpInstallError: `disk-failed`.
    """
    with disk_errors(f"write `{path}`"):
        if exists(path) and not (is_file(path) or is_folder(path)):
            path.write_bytes(data)
            return
    write_atomic(Path(os.path.realpath(path)), data, mode=0o644)


def temporary_beside(path: Path) -> tuple[Path, ...]:
    """Return what processes that died in `write_atomic` left beside the file `path`."""
    left = _temporary_names(path.name)
    try:
        return tuple(sorted(one for one in path.parent.iterdir() if left.fullmatch(one.name)))
    except OSError:
        return ()


def _temporary_names(name: str | None) -> re.Pattern[str]:
    written = ".+" if name is None else re.escape(name[:100])
    return re.compile(rf"\.{written}\.[0-9a-f]{{12}}\.mcpi")


def remove_temporary(folder: Path, name: str | None = None) -> None:
    """Delete what processes that died in `write_atomic` left in `folder`, for one file or all.

    The caller knows that nobody is writing there now.

    Raises:
        McpInstallError: `disk-failed`.
    """
    left = _temporary_names(name)
    if folder.is_dir():
        with disk_errors(f"delete temporary files in `{folder}`"):
            for path in [one for one in folder.iterdir() if left.fullmatch(one.name)]:
                path.unlink()


def _write_new(path: Path, data: bytes, mode: int, owner: tuple[int, int] | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        if owner is not None and hasattr(os, "fchown"):
            os.fchown(file.fileno(), *owner)
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def replace(source: Path, target: Path) -> None:
    """Rename over `target`; on Windows another program may hold it for a moment."""
    for attempt in range(5):
        try:
            source.replace(target)
        except PermissionError:
            if os.name != "nt" or attempt == 4:
                raise
            import time

            time.sleep(0.05 * 2**attempt)
        else:
            return


def sync_folder(path: Path) -> None:
    """Make a rename in `path` durable, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_empty(folder: Path) -> bool:
    """Delete a folder unless something is in it; tell whether it is gone.

    Raises:
        McpInstallError: `disk-failed`.
    """
    with disk_errors(f"delete the folder `{folder}`"):
        try:
            if os.path.lexists(folder):  # else a read-only file system would refuse
                folder.rmdir()
        except OSError as error:
            if error.errno not in _KEPT_FOLDER:
                raise
            return not os.path.lexists(folder)
    return True


def remove_tree(path: Path) -> None:
    """Delete a folder of ours and all below it; read-only files too; links are not followed.

    Raises:
        McpInstallError: `disk-failed`.
    """
    import shutil

    if not path.exists() and not path.is_symlink():
        return
    with disk_errors(f"delete `{path}`"):
        if path.is_symlink():
            path.unlink()
            return
        with contextlib.suppress(PermissionError):
            shutil.rmtree(path)
            return
        for folder, _, _ in os.walk(path):  # a folder of it is read-only
            os.chmod(folder, 0o700)  # noqa: PTH101 (os.walk gives text)
        shutil.rmtree(path)


@contextlib.contextmanager
def locked(
    path: Path, *, seconds: float = limits.LOCK_SECONDS, shared: bool = False
) -> Iterator[None]:
    """Hold an advisory lock on `path` (made when missing) during the block.

    Raises:
        McpInstallError: `state-busy` when another process keeps it longer than `seconds`,
            `lock-unsupported` when the file system has no locks.
    """
    from mcpinstall.system import locking

    with locking.hold(path, seconds=seconds, shared=shared):
        yield


@contextlib.contextmanager
def locked_to_read(path: Path, *, seconds: float = limits.LOCK_SECONDS) -> Iterator[None]:
    """Keep those out during the block who change what `path` locks; nothing is written.

    Raises:
        McpInstallError: `state-busy` when another process keeps it longer than `seconds`.
    """
    from mcpinstall.system import locking

    with locking.hold_to_read(path, seconds=seconds):
        yield


def change_mode(path: Path, before: int, after: int) -> bool:
    """Change the rights of a file or folder of ours; False where they aren't what they were.

    Bits that are no rights, such as that of a group's folder, stay.

    Raises:
        McpInstallError: `disk-failed`.
    """
    with disk_errors(f"change the rights of `{path}`"):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            mode = stat.S_IMODE(found.st_mode)
            if mode & 0o1777 != before or found.st_uid != os.geteuid():
                return False
            os.fchmod(descriptor, mode & ~(before ^ after) | after & (before ^ after))
        finally:
            os.close(descriptor)
    return True
