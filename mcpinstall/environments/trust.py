"""Whether an interpreter stands where only root, an administrator or this user can change it."""

from __future__ import annotations

import os
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.text import require_plain
from mcpinstall.system.machine import Machine
from mcpinstall.system.permissions import others_exchange, others_write

_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "package.json")
"""What makes a folder a project.  Not `.git`: pyenv, asdf and Homebrew are git checkouts."""


def require_trusted(path: Path, machine: Machine) -> None:
    """Refuse an executable that a project brought along or that somebody else can change.

    `path` is absolute with its links resolved.  1. Not inside the working directory or a
    project.  2. The file and every folder above it belong to root or to us.  3. Nobody else
    can write to the file, or to a folder above it that is not sticky.

    Raises:
        McpInstallError: `interpreter-refused`.
    """
    require_plain(str(path), "path of the interpreter")
    # (1) Place.
    if _is_working_directory(machine) and path.is_relative_to(_resolved(machine.cwd)):
        raise refused(path, "it is inside the working directory", "run `mcpi` in another folder")
    for folder in path.parents:
        if folder != _resolved(machine.home) and _is_project(folder):
            raise refused(path, f"it is inside the project `{folder}`")
    if os.name != "posix":
        return
    # (2) and (3), the file first.
    for place in (path, *path.parents):
        found = place.stat()
        if found.st_uid not in (0, os.geteuid()):
            raise refused(path, f"`{place}` belongs to another user")
        if others_write(found) if place == path else others_exchange(found):
            raise refused(path, f"other users can write to `{place}`")


def require_program(path: Path) -> None:
    """Refuse a batch file: Windows starts it through a shell, which reads the arguments again.

    Raises:
        McpInstallError: `interpreter-refused`.
    """
    if str(path).rstrip(". ").lower().endswith((".bat", ".cmd")):  # as Windows reads a name
        raise refused(
            path,
            "it is a batch file, which a shell runs and whose arguments could become commands",
            "name the `python.exe` behind it with `--python`",
        )


def refused(path: Path, why: str, hint: str = "") -> McpInstallError:
    """Return the refusal of an interpreter; `why` continues the sentence."""
    return McpInstallError(
        ErrorCode.INTERPRETER_REFUSED,
        f"`{path}` is not used: {why}",
        hint=hint or "choose another one with `--python`, such as `--python /usr/bin/python3`",
    )


def _is_working_directory(machine: Machine) -> bool:
    """Tell whether the place we stand in could be a project: home and what is above it is not."""
    return not _resolved(machine.home).is_relative_to(_resolved(machine.cwd))


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_project(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _PROJECT_FILES)
