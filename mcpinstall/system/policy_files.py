"""Where policy files are, and whether the system's is the administrator's alone.

The system's path is compiled in: no variable, option or file moves it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import files, limits
from mcpinstall.system.machine import Machine
from mcpinstall.system.permissions import administrators_alone_write

POLICY = "policy.toml"
PROJECT_FOLDER = ".mcpinstall"

SYSTEM_FOLDERS: Final[Mapping[str, str]] = {
    "linux": "/etc/mcpinstall",
    "darwin": "/Library/Application Support/mcpinstall",
    "win32": "C:\\ProgramData\\mcpinstall",
}
"""The folder of the administrator, by system."""

_ADMINISTRATORS = frozenset({0})
"""User ids whose file it may be."""


def system_path(machine: Machine) -> Path:
    """Return the path of the system's policy, whether or not there is one."""
    folder = SYSTEM_FOLDERS.get(machine.platform, SYSTEM_FOLDERS["linux"])  # as other Unixes do
    return Path(folder) / POLICY


def read_system(machine: Machine) -> bytes | None:
    """Return the system's policy, or None where there is none.

    Its folder is looked at as well: whoever can write there can take the policy away.

    Raises:
        McpInstallError: `policy-unsafe` where somebody else could have written it,
            `file-unreadable`.
    """
    path = system_path(machine)
    with files.disk_errors(f"look at the policy `{path}`"):
        if (folder := _found(path.parent)) is None:
            return None
        _require_administrators(path.parent, folder, is_folder=True)
        for above in path.parent.parents:
            _require_closed(above)
        if (found := _found(path)) is None:
            return None
        _require_administrators(path, found, is_folder=False)
    return files.read_bounded(path, limits.POLICY_BYTES)


def _found(path: Path) -> os.stat_result | None:
    """Return what is at `path`, a link itself; None only where there surely is nothing.

    Raises:
        OSError: It can't be told, such as in a folder that this user may not enter.
    """
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def read_user(path: Path) -> bytes | None:
    """Return the user's policy, or None where there is none.

    Raises:
        McpInstallError: `state-unsafe` where others can write to its folder, `file-unreadable`.
    """
    data = files.read_optional(path, limits.POLICY_BYTES)
    if data is not None:
        files.require_own_folder(path.parent)
    return data


def project_paths(machine: Machine) -> tuple[Path, ...]:
    """Return where policies of the project can be: the working folder and all above it.

    Whose they are is not asked: a policy of a project only ever forbids.
    """
    folders = (machine.cwd, *machine.cwd.parents)
    return tuple(folder / PROJECT_FOLDER / POLICY for folder in folders)


def read_project(path: Path) -> bytes | None:
    """Return a policy of the project, or None where there is none.

    Raises:
        McpInstallError: `file-unreadable`, also for a link that leads nowhere.
    """
    return files.read_optional(path, limits.POLICY_BYTES)


def _require_administrators(path: Path, found: os.stat_result, *, is_folder: bool) -> None:
    """Refuse what is a link, not root's, or for others to write."""
    if stat.S_ISLNK(found.st_mode):
        raise _unsafe(path, "it is a link")
    if not (stat.S_ISDIR if is_folder else stat.S_ISREG)(found.st_mode):
        raise _unsafe(path, "it is not a folder" if is_folder else "it is not a regular file")
    if os.name != "posix":
        raise _unsafe(path, "who owns it can't be checked on this system yet")
    if found.st_uid not in _ADMINISTRATORS:
        raise _unsafe(path, "it does not belong to root")
    if not administrators_alone_write(path, found):
        raise _unsafe(path, "others than root can write to it")


def _require_closed(folder: Path) -> None:
    """Refuse a folder above in which somebody else can exchange what is there."""
    found = folder.stat()
    sticky = bool(found.st_mode & stat.S_ISVTX)  # there only the owner of a thing can move it
    if found.st_uid not in _ADMINISTRATORS:
        raise _unsafe(folder, "it does not belong to root")
    if not sticky and not administrators_alone_write(folder, found):
        raise _unsafe(folder, "others than root can exchange what is in it")


def _unsafe(path: Path, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.POLICY_UNSAFE,
        f"the system's policy can't be trusted: `{path}`: {why}",
        hint="an administrator makes it root's alone: a real file in a real folder, "
        "`chown root`, `chmod go-w`; until then nothing is installed",
    )
