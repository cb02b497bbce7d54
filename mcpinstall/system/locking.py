"""Advisory locks on files and folders: `flock` where there is one, byte locks on Windows."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.files import disk_errors

_POLL_SECONDS = 0.05
_BUSY = frozenset({errno.EWOULDBLOCK, errno.EAGAIN})
if os.name == "nt":  # pragma: no cover (run on Windows only)
    _BUSY |= {errno.EACCES, errno.EDEADLK}


@contextlib.contextmanager
def hold(path: Path, *, seconds: float, shared: bool) -> Iterator[None]:
    """Hold the lock on `path` during the block; the kernel lets go of it when we die.

    Raises:
        McpInstallError: `state-busy` or `lock-unsupported`.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    with disk_errors(f"open the lock `{path}`"):
        descriptor = os.open(path, flags, 0o600)
    try:
        _acquire(descriptor, path, seconds, shared=shared)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def hold_to_read(path: Path, *, seconds: float) -> Iterator[None]:
    """Keep writers from what the lock on `path` guards during the block; nothing is written.

    A file that is missing or can't be opened, and a file system without locks, are let pass.

    Raises:
        McpInstallError: `state-busy`.
    """
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
            held.callback(os.close, descriptor)
            try:
                _acquire(descriptor, path, seconds, shared=True)
            except McpInstallError as error:
                if error.code is not ErrorCode.LOCK_UNSUPPORTED:
                    raise
        yield


@contextlib.contextmanager
def hold_folder(folder: Path, *, seconds: float) -> Iterator[None]:
    """Hold a lock on a folder itself during the block, which leaves no file in it.

    For folders that aren't ours, so it asks for nothing: Windows, network file systems that
    lock only what is open for writing, a folder that is missing, and one that somebody keeps
    locked for longer (whoever can list a folder can) are let pass.
    """
    descriptor = _locked_folder(folder, seconds)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked_folder(folder: Path, seconds: float) -> int | None:
    """Lock the folder that bears the name once the lock is held; None where that can't be."""
    while (descriptor := _open_folder(folder)) is not None:
        with contextlib.ExitStack() as unless_kept:
            unless_kept.callback(os.close, descriptor)
            try:
                _acquire(descriptor, folder, seconds, shared=False)
            except McpInstallError:
                return None
            if _is_still(descriptor, folder):
                unless_kept.pop_all()
                return descriptor
    return None


def _open_folder(folder: Path) -> int | None:
    if os.name != "posix":
        return None
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None


def _is_still(descriptor: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except OSError:
        return False


def keep(path: Path) -> None:
    """Hold a lock on a new file `path` until this process ends, however it ends.

    Raises:
        McpInstallError: `disk-failed`; a file system without locks is let pass.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    with disk_errors(f"make the lock `{path}`"):
        descriptor = os.open(path, flags, 0o600)
    with contextlib.suppress(OSError):
        _lock(descriptor, shared=False)


def try_exclusive(path: Path) -> bool:
    """Tell whether nobody holds a lock on `path` right now; a missing file is free."""
    try:
        with hold(path, seconds=0, shared=False):
            return True
    except McpInstallError as error:
        if error.code is ErrorCode.STATE_BUSY:
            return False
        raise


def _acquire(descriptor: int, path: Path, seconds: float, *, shared: bool) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            _lock(descriptor, shared=shared)
        except OSError as error:
            if error.errno not in _BUSY:
                raise McpInstallError(
                    ErrorCode.LOCK_UNSUPPORTED,
                    f"the file system of `{path}` has no file locks ({error.strerror})",
                    hint="move the folder to a local disk, or set `MCPI_HOME` to one there; "
                    "nothing was changed",
                ) from error
            if time.monotonic() >= deadline:
                raise McpInstallError(
                    ErrorCode.STATE_BUSY,
                    f"another program holds `{path}`",
                    hint="wait for the other `mcpi` to end, then try again",
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


if os.name == "nt":  # pragma: no cover (run on Windows only)
    import msvcrt

    def _lock(descriptor: int, *, shared: bool) -> None:
        del shared  # byte locks of the C runtime are exclusive only
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool) -> None:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
