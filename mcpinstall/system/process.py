"""Child processes: a list of arguments, an allow-listed environment, an empty folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits
from mcpinstall.system.files import disk_errors
from mcpinstall.system.machine import Machine
from mcpinstall.system.throwaway import throwaway_folder

_PASSED = (
    "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
    # Windows needs these to start any process.
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERNAME",
    "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
    "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
)  # fmt: skip
"""Variables that a child may inherit; everything else is left out (threats T28, T36)."""

_SYSTEM_PATH = {"win32": r"C:\Windows\system32;C:\Windows"}
_UNIX_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


_SYSTEM_ERROR = re.compile(rb"\(os error (\d{1,5})\)")
_OF_DISKS = {errno.ENOSPC, errno.EROFS, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a child ended; its output may hold credentials and is never logged."""

    returncode: int
    stdout: bytes
    stderr: bytes


def child_environment(machine: Machine, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child: the allow-list, a system PATH, then `extra`."""
    environment = {name: machine.environ[name] for name in _PASSED if name in machine.environ}
    environment["HOME"] = str(machine.home)
    environment["PATH"] = _SYSTEM_PATH.get(machine.platform, _UNIX_PATH)
    environment.update(extra or {})
    return environment


def run(
    argv: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    cwd: Path | None = None,
    seconds: float = limits.CHILD_SECONDS,
) -> Completed:
    """Run a program to its end and return what it said; never through a shell.

    `cwd` is a new empty 0700 folder unless one of ours is given, so that no configuration of
    the user's working directory or its parents is read.

    Raises:
        McpInstallError: `tool-failed` when it can't be started or takes longer than `seconds`;
            as `throwaway_folder`.
    """
    words = [str(word) for word in argv]
    if not Path(words[0]).is_absolute():
        message = f"a child needs an absolute executable, not {words[0]!r}"
        raise ValueError(message)
    with contextlib.nullcontext(cwd) if cwd else throwaway_folder() as folder:
        try:
            done = subprocess.run(  # noqa: S603 (a list, an absolute program, no shell)
                words, env=dict(environment), cwd=folder, input=stdin,
                capture_output=True, timeout=seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _failed(words[0], f"took longer than {seconds:.0f} s") from None
        except OSError as error:
            raise _failed(words[0], error.strerror or str(error)) from error
    return Completed(
        returncode=done.returncode,
        stdout=done.stdout[: limits.CHILD_OUTPUT],
        stderr=done.stderr[: limits.CHILD_OUTPUT],
    )


def require_no_disk_error(done: Completed, what: str) -> None:
    """Refuse a child's failure that is the disk's: `what` names the work that it could not do.

    uv ends such a message with the system's number for it.  What else it said may hold
    credentials.

    Raises:
        McpInstallError: `disk-failed`.
    """
    for found in _SYSTEM_ERROR.finditer(done.stderr):
        number = int(found[1])
        if number in _OF_DISKS:
            with disk_errors(what):
                raise OSError(number, os.strerror(number))


def _failed(program: str, why: str) -> McpInstallError:
    return McpInstallError(ErrorCode.TOOL_FAILED, f"`{program}` could not do its work: {why}")
