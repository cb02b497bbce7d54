"""MA305 and MA306: rights of others to a host's file that are taken away."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.audited import FileScope
from mcpinstall.operations import audit_files
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.rules.audit.file_facts import Owner
from mcpinstall.rules.audit.rule import Hit
from mcpinstall.rules.audit.secrets import shown
from mcpinstall.rules.remedies.remedy import NoRemedy
from mcpinstall.system import files
from mcpinstall.system.machine import Machine

NAME = "close-permissions"
RULES = ("MA305", "MA306")
_OTHERS, _WRITE = 0o077, 0o022


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChange:
    """Rights of one file or folder."""

    path: Path
    shown: str
    before: int
    after: int


def change(hit: Hit, file: ReadFile, machine: Machine) -> ModeChange | NoRemedy:
    """Return the mode that takes a finding away."""
    if file.place.scope is FileScope.MANAGED:
        return NoRemedy("the file is the administrator's")
    for one in file.facts.paths:
        if f"`{shown(one.path)}`" not in hit.message:
            continue
        if one.owner is Owner.OTHER or (one.owner is Owner.ROOT and os.geteuid() != 0):
            return NoRemedy("it is not yours")
        path = Path(os.path.realpath(audit_files.absolute(one.path, machine)))
        bits = _OTHERS if hit.rule.id == "MA305" else _WRITE
        before = one.mode
        return ModeChange(path=path, shown=one.path, before=before, after=before & ~bits)
    return NoRemedy("its place can't be told")


@contextlib.contextmanager
def closed(modes: Sequence[ModeChange]) -> Iterator[None]:
    """Take the rights away; where the block fails they are back as they were.

    Raises:
        McpInstallError: `host-config-changed` for a path whose rights or owner are others by now;
            `disk-failed`.
    """
    done: list[ModeChange] = []
    try:
        for one in modes:
            if not files.change_mode(one.path, one.before, one.after):
                raise McpInstallError(
                    ErrorCode.HOST_CONFIG_CHANGED,
                    f"the rights of `{one.shown}` changed since they were shown",
                    hint="run the command again",
                )
            done.append(one)
        yield
    except BaseException:
        for one in reversed(done):
            with contextlib.suppress(McpInstallError):
                files.change_mode(one.path, one.after, one.before)
        raise


def words(mode: int) -> str:
    """Return a mode as `ls` writes it, without the kind of file."""
    return stat.filemode(mode)[1:]
