"""The machine as this process sees it, captured once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """System, home, environment and working directory; a test makes its own."""

    platform: str
    """`linux`, `darwin` or `win32`, as `sys.platform`."""
    home: Path
    environ: Mapping[str, str] = field(repr=False)
    cwd: Path

    @classmethod
    def current(cls) -> Machine:
        """Return the machine that this process runs on.

        Raises:
            McpInstallError: `file-unreadable` where the working directory is gone.
        """
        return cls(
            platform="linux" if sys.platform.startswith("linux") else sys.platform,
            home=_home(),
            environ=dict(os.environ),
            cwd=_working_directory(),
        )

    def program(self, name: str) -> Path | None:
        """Return the absolute path of an executable on PATH, never one in the working directory.

        Relative entries of PATH are passed over, for they mean whatever folder we are in.
        """
        folders = [
            folder
            for folder in self.environ.get("PATH", "").split(os.pathsep)
            if folder and Path(folder).is_absolute() and Path(folder) != self.cwd
        ]
        found = shutil.which(name, path=os.pathsep.join(folders)) if folders else None
        return Path(found) if found and Path(found).parent != self.cwd else None


def _home() -> Path:
    """Return what `HOME` says or, without it, the system; a relative path where neither does.

    Python takes an empty `HOME` for the root of the file system.
    """
    if os.name == "posix" and os.environ.get("HOME") == "":
        return Path()
    try:
        return Path.home()
    except RuntimeError:  # this user has no entry in the system's list
        return Path()


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise McpInstallError(
            ErrorCode.FILE_UNREADABLE,
            f"the working directory can't be used: {error.strerror or error}",
            hint="change to another folder, then run the command again",
        ) from None


def now() -> datetime:
    """Return the time, UTC; passed into everything that decides by it."""
    return datetime.now(UTC)
