"""How git sees a file: by its index and ignore rules, which are read here; no git is started.

Sources: gitformat-index, gitignore, gitrepository-layout.  The user's own excludes file and a
split index are not read.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.system.files import exists, read_bounded

_INDEX_BYTES = 256 * 1024 * 1024  # a million files
_RULE_BYTES = 1024 * 1024
_LONG_NAME = 0xFFF
"""Lengths from here on are stored as this."""
_V4 = 4
_MOST_RULES = 5_000  # for one file; the longest that people write have some hundred
_MOST_STEPS = (
    200_000  # comparisons of a part of a rule with a name; a usual file takes some hundred
)
_LONG = 1 << 10  # characters of rule times name that count as a step more
_DEEP = "**"
_GLOB = re.compile(r"(?P<many>\*+)|(?P<one>\?)|(?P<set>\[[^]]+\])")


class Tracking(StrEnum):
    """What git makes of a file."""

    TRACKED = "tracked"
    NOT_IGNORED = "not ignored"
    IGNORED = "ignored"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


def tracking(path: Path) -> Tracking:
    """Return how git sees a file that exists."""
    real = Path(os.path.realpath(path))
    root = next((one for one in real.parents if exists(one / ".git")), None)
    if root is None:
        return Tracking.OUTSIDE
    inside = real.relative_to(root).as_posix()
    try:
        if _is_in_index(_git_folder(root), inside):
            return Tracking.TRACKED
    except (McpInstallError, ValueError, IndexError):
        return Tracking.UNKNOWN
    try:
        return Tracking.IGNORED if _is_ignored(root, inside) else Tracking.NOT_IGNORED
    except _TooMuchWorkError:
        return Tracking.UNKNOWN


def _git_folder(root: Path) -> Path:
    """Return the folder of the work tree's index; a linked work tree names it in a file."""
    found = root / ".git"
    if found.is_dir():
        return found
    text = read_bounded(found, _RULE_BYTES).decode("utf-8", "surrogateescape")
    return (root / text.removeprefix("gitdir:").strip()).resolve()


@functools.lru_cache(maxsize=4)
def _index(path: Path) -> bytes:
    return read_bounded(path, _INDEX_BYTES) if exists(path) else b""


def _is_in_index(folder: Path, inside: str) -> bool:
    data = _index(folder / "index")
    if not data:
        return False
    name = inside.encode("utf-8", "surrogateescape")
    version = int.from_bytes(data[4:8], "big")
    if data[:4] != b"DIRC" or not 2 <= version <= _V4:
        raise ValueError("not an index")
    if version == _V4:
        return name in _compressed_names(data)
    wanted = min(len(name), _LONG_NAME)
    for found in re.finditer(re.escape(name + b"\0"), data):
        at = found.start()
        flags = (int.from_bytes(data[place : place + 2], "big") for place in (at - 2, at - 4))
        if any(one & _LONG_NAME == wanted for one in flags):
            return True
    return False


def _compressed_names(data: bytes) -> Iterator[bytes]:
    """Yield the names of an index of version 4, each without what it shares with the one before."""
    at, before = 12, b""
    for _ in range(int.from_bytes(data[8:12], "big")):
        at += 60
        flags = int.from_bytes(data[at : at + 2], "big")
        at += 4 if flags & 0x4000 else 2
        dropped = data[at] & 0x7F
        while data[at] & 0x80:
            at += 1
            dropped = ((dropped + 1) << 7) | (data[at] & 0x7F)
        end = data.index(b"\0", at + 1)
        before = before[: len(before) - dropped] + data[at + 1 : end]
        at = end + 1
        yield before


class _TooMuchWorkError(Exception):
    """Somebody wrote rules that take forever."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of a file of rules."""

    depth: int
    """Parts of the path above the file that it stands in."""
    parts: tuple[str, ...]
    """Names and patterns of names; `**` is any number of folders."""
    negated: bool
    folders_only: bool

    def fits(self, names: Sequence[str], work: _Work) -> bool:
        """Tell whether the rule matches all of a path; each name is looked at once."""
        reached = {0}
        for name in names:
            before, reached = self._behind_deep(reached), set()
            for at in before:
                if self.parts[at : at + 1] == (_DEEP,):
                    reached.add(at)
                elif at < len(self.parts) and work.fits(self.parts[at], name):
                    reached.add(at + 1)
        return len(self.parts) in self._behind_deep(reached)

    def _behind_deep(self, reached: set[int]) -> set[int]:
        """Return where we are when a `**` may stand for nothing; no two stand together."""
        return reached | {at + 1 for at in reached if self.parts[at : at + 1] == (_DEEP,)}


class _Work:
    """Compares names, as often as one file is worth."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def fits(self, pattern: str, name: str) -> bool:
        """Tell whether a part of a rule matches one name."""
        self._left -= 1
        if self._left < 0:
            raise _TooMuchWorkError
        if not _GLOB.search(pattern):
            return pattern == name
        self._left -= len(pattern) * len(name) // _LONG
        expression = _expression(pattern)
        return bool(expression and expression.fullmatch(name))


def _is_ignored(root: Path, inside: str) -> bool:
    """Tell whether the last rule that fits a file, or a folder above it, ignores it."""
    parts = inside.split("/")
    files = [(root / ".git/info/exclude", 0)]
    files += [(root.joinpath(*parts[:n], ".gitignore"), n) for n in range(len(parts))]
    rules = list(islice((rule for file in files for rule in _rules(*file)), _MOST_RULES + 1))
    if len(rules) > _MOST_RULES:
        raise _TooMuchWorkError
    rules.reverse()
    work = _Work()
    for length in range(1, len(parts) + 1):
        for rule in rules:
            if rule.depth >= length or (rule.folders_only and length == len(parts)):
                continue
            if rule.fits(parts[rule.depth : length], work):
                if rule.negated:
                    break
                return True
    return False


def _rules(file: Path, depth: int) -> Iterator[_Rule]:
    try:
        text = read_bounded(file, _RULE_BYTES).decode("utf-8", "surrogateescape")
    except McpInstallError:
        return
    for line in text.splitlines():
        rule = line.rstrip()
        if rule.startswith("#"):
            continue
        negated = rule.startswith("!")
        rule = rule.removeprefix("!").removeprefix("\\")
        folders_only = rule.endswith("/")
        rule = rule.rstrip("/")
        parts = rule.removeprefix("/").split("/")
        if "/" not in rule:
            parts.insert(0, _DEEP)
        elif parts[-1] == _DEEP:
            parts.insert(-1, "*")  # what is inside a folder, not the folder
        once = (part for n, part in enumerate(parts) if part != _DEEP or parts[n - 1 : n] != [part])
        yield _Rule(depth, tuple(once), negated, folders_only)


@functools.lru_cache(maxsize=512)
def _expression(part: str) -> re.Pattern[str] | None:
    """Return the pattern of a name; None for none.

    What stands before the last star is taken where it first occurs, and never elsewhere.
    """
    made, at = "", 0
    stars = [mark.start() for mark in _GLOB.finditer(part) if mark["many"]]
    for mark in _GLOB.finditer(part):
        made += re.escape(part[at : mark.start()])
        at = mark.end()
        if mark["set"]:
            inner = mark["set"][1:-1].replace("\\", "\\\\")
            made += f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]"
        elif mark["one"]:
            made += "."
        else:
            made += ")" * (mark.start() != stars[0])
            made += ".*" if mark.start() == stars[-1] else "(?>.*?"
    with contextlib.suppress(re.error):
        return re.compile(made + re.escape(part[at:]), re.DOTALL)
    return None
