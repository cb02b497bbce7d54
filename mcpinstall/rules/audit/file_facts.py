"""What the rules know of a file and the machine: modes, git, duplicates, settings, a baseline.

The engine reads all of it once for each file; the rules only judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.json_text import Json
from mcpinstall.rules.audit.rule import AuditRule, Hit


class Tracking(StrEnum):
    """How git sees a file."""

    TRACKED = "tracked"
    NOT_IGNORED = "not ignored"
    """In a repository, and the next `git add` takes it."""
    IGNORED = "ignored"
    OUTSIDE = "outside"
    """In no repository."""
    UNKNOWN = "unknown"


class Owner(StrEnum):
    """Whose a path is."""

    SELF = "self"
    ROOT = "root"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFacts:
    """Mode and owner of the file, its link's target, or a folder above up to the home."""

    path: str
    """As people see it, such as `~/.cursor`."""
    mode: int
    """POSIX permission bits with the sticky bit: 0o1777."""
    owner: Owner = Owner.SELF
    is_folder: bool = False
    is_own_group: bool = False
    """Nobody else is in its group."""


class Ambiguity(StrEnum):
    """Why two programs read a file differently."""

    DUPLICATE_KEY = "duplicate key"
    TWO_ROOTS = "two root keys"
    NOT_A_NUMBER = "not a number"
    OVERFLOW = "number overflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """One ambiguous place of a file, from its reader."""

    kind: Ambiguity
    pointer: str
    """JSON pointer: of the key that stands twice, of the second root, of the number."""


Approved: TypeAlias = Mapping[str, Sequence[Mapping[str, str]]]
"""`approval.place` of a server → `approval.fingerprints` of each entry of that name, for a list
can have several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What is known of a file beside its servers.  The defaults say that nothing is."""

    host: str = ""
    """As `AuditedServer.host`."""
    scope: FileScope = FileScope.USER
    paths: tuple[PathFacts, ...] = ()
    """The file, its link's target, folders up to the home; none where modes mean nothing."""
    tracking: Tracking = Tracking.UNKNOWN
    ambiguous: tuple[Ambiguous, ...] = ()
    unread_keys: tuple[str, ...] = ()
    """JSON pointers of maps of servers under a key that this host does not read."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """The whole document of a settings file; empty for other files."""
    approved: Approved | None = None
    """What the baseline has of this file; None is no baseline."""


Check: TypeAlias = Callable[[AuditedServer, FileFacts], Iterator[Hit]]
"""Judges one server."""

FileCheck: TypeAlias = Callable[[Sequence[AuditedServer], FileFacts], Iterator[Hit]]
"""Judges a file once, with all servers that it has; there may be none."""

Checks: TypeAlias = tuple[tuple[tuple[AuditRule, ...], Check], ...]
FileChecks: TypeAlias = tuple[tuple[tuple[AuditRule, ...], FileCheck], ...]
