"""One difference between two versions of a server: its kind, its weight, and its texts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class ChangeKind(StrEnum):
    """What a change is about, the gravest first."""

    SERVER = "server"
    """Another server altogether."""
    HOOK_ADDED = "hook-added"
    """Something runs by itself when Python starts."""
    HOOK_CHANGED = "hook-changed"
    FILE_REPLACED = "file-replaced"
    """The same file name holds other bytes."""
    PUBLISHER_CHANGED = "publisher-changed"
    PUBLISHER_LOST = "publisher-lost"
    PACKAGE = "package"
    """Another package is installed under the server's name."""
    NATIVE_ADDED = "native-added"
    PROGRAM_ADDED = "program-added"
    PERMISSION_WIDENED = "permission-widened"
    SCRIPT_ADDED = "script-added"
    """A new entry point: a command that an installation puts into the environment."""
    SCRIPT_CHANGED = "script-changed"
    NOT_COMPARED = "not-compared"
    ADVISORY = "advisory"
    TOOL_DESCRIPTION = "tool-description"
    TOOL_ADDED = "tool-added"
    TOOL_INPUT = "tool-input"
    TOOL_ANNOTATIONS = "tool-annotations"
    REMOTE_ADDRESS = "remote-address"
    REMOTE_ADDED = "remote-added"
    DEPENDENCY_DOWNGRADED = "dependency-downgraded"
    DEPENDENCY_ADDED = "dependency-added"
    START = "start"
    """The script that starts the server."""
    ARGUMENTS = "arguments"
    ENVIRONMENT = "environment"
    HEADERS = "headers"
    REPOSITORY = "repository"
    CRITERIA_LOST = "criteria-lost"
    VARIATION = "variation"
    """A place of the tool list that may vary from now on, or varies in another way."""
    TOOL_FIELD = "tool-field"
    FILE_ADDED = "file-added"
    """A wheel that the same version did not have before."""
    USE = "use"
    """Audience, or what the server integrates."""
    ACCEPTED_FILE = "accepted-file"
    """A script or data file of a wheel that reviewers accept by digest."""
    TOOL_REMOVED = "tool-removed"
    NATIVE_CHANGED = "native-changed"
    DEPENDENCY_VERSION = "dependency-version"
    HELD_BACK = "held-back"
    PUBLISHER_ADDED = "publisher-added"
    DEPENDENCY_MARKER = "dependency-marker"
    PLATFORM = "platform"
    PYTHON = "python"
    PROBE = "probe"
    WORDS = "words"
    REVIEW = "review"
    DEPENDENCY_REMOVED = "dependency-removed"
    HOOK_REMOVED = "hook-removed"
    NATIVE_REMOVED = "native-removed"
    SCRIPT_REMOVED = "script-removed"
    REMOTE_REMOVED = "remote-removed"
    PERMISSION_NARROWED = "permission-narrowed"
    FILE_REMOVED = "file-removed"
    ADVISORY_GONE = "advisory-gone"
    CRITERIA_GAINED = "criteria-gained"
    OTHER = "other"
    """What no other kind covers, so that nothing is passed over in silence."""
    SIZE = "size"
    VERSION = "version"


class Band(StrEnum):
    """How much attention a change asks for."""

    FIRST = "first"
    """It decides what runs, what it may reach, or what a model is told."""
    NEXT = "next"
    REST = "rest"


_ORDER = {kind: number for number, kind in enumerate(ChangeKind)}
_HEAVIEST = len(_ORDER)


class Mark(StrEnum):
    """What a piece of a line is."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"
    SKIPPED = "skipped"
    """Text that stays and is left out; the piece's text is how many characters."""
    NOTE = "note"
    """Our own words, not text from outside."""


class Part(NamedTuple):
    """A piece of one line: raw text, which whoever shows it escapes."""

    mark: Mark
    text: str


Line = tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference.  Every text but notes is raw and hostile."""

    kind: ChangeKind
    subject: str
    """What it is about: a package, a tool, a permission …"""
    before: str = ""
    """A short value; empty where there was none."""
    after: str = ""
    lines: tuple[Line, ...] = ()
    """Longer texts, difference by difference."""

    @property
    def weight(self) -> int:
        """How much it matters, from 1; kinds have different weights."""
        return _HEAVIEST - _ORDER[self.kind]

    @property
    def band(self) -> Band:
        """How much attention it asks for."""
        if self.weight >= _HEAVIEST - _ORDER[ChangeKind.TOOL_ANNOTATIONS]:
            return Band.FIRST
        return Band.NEXT if self.weight >= _HEAVIEST - _ORDER[ChangeKind.HELD_BACK] else Band.REST


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: `1 file`, `1,612 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def note(*parts: str | Part) -> Line:
    """Return one line of our own words and of pieces."""
    return tuple(Part(Mark.NOTE, part) if isinstance(part, str) else part for part in parts)


def new(text: str) -> Part:
    """Return text that was not there before."""
    return Part(Mark.NEW, text)


def gone(text: str) -> Part:
    """Return text that is not there any more."""
    return Part(Mark.GONE, text)


def same(text: str) -> Part:
    """Return text that says where a change is."""
    return Part(Mark.SAME, text)
