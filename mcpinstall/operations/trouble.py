"""What `mcpi doctor` finds: a fact, where it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.operations.findings import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong."""

    kind: Kind
    subject: str
    """Host or server that has it."""
    message: str
    """The fact, as a sentence about the subject."""
    fix: str
    """What to do, with a command where there is one."""
    path: Path | None = None
    """File that it is in."""
    entry: str = ""
    """Name of the entry that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What could not be looked at."""

    subject: str
    error: McpInstallError
