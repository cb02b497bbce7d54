"""How git sees a file: by its index and ignore rules, which are read here; no git is started.

Sources: gitformat-index, gitignore, gitrepository-layout.  The user's own excludes file and a
split index are not read.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.system.files import exists, read_bounded

_INDEX_BYTES = 256 * 1024 * 1024  # a million files
_RULE_BYTES = 1024 * 1024
_LONG_NAME = 0xFFF
"""Lengths from here on are stored as this."""
_V4 = 4
_GLOB = re.compile(
    r"(?P<deep>\*\*/)|(?P<rest>/\*\*\Z)|(?P<many>\*+)|(?P<one>\?)|(?P<set>\[[^]]+\])"
)


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
    return Tracking.IGNORED if _is_ignored(root, inside) else Tracking.NOT_IGNORED


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
    at = data.find(name + b"\0")
    while at > 0:
        flags = (int.from_bytes(data[place : place + 2], "big") for place in (at - 2, at - 4))
        if any(one & _LONG_NAME == wanted for one in flags):
            return True
        at = data.find(name + b"\0", at + 1)
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


def _is_ignored(root: Path, inside: str) -> bool:
    """Tell whether the last rule that fits a file, or a folder above it, ignores it."""
    parts = inside.split("/")
    files = [(root / ".git/info/exclude", 0)]
    files += [(root.joinpath(*parts[:n], ".gitignore"), n) for n in range(len(parts))]
    rules = [(depth, *rule) for file, depth in files for rule in _rules(file)]
    for length in range(1, len(parts) + 1):
        ignored = False
        for depth, pattern, negated, folders_only in rules:
            if depth >= length or (folders_only and length == len(parts)):
                continue
            if pattern.fullmatch("/".join(parts[depth:length])):
                ignored = not negated
        if ignored:
            return True
    return False


def _rules(file: Path) -> Iterator[tuple[re.Pattern[str], bool, bool]]:
    """Yield pattern, negation, and whether it is for folders only."""
    try:
        text = read_bounded(file, _RULE_BYTES).decode("utf-8", "surrogateescape")
    except McpInstallError:
        return
    for line in text.splitlines():
        rule = line.rstrip()
        if not rule or rule.startswith("#"):
            continue
        negated = rule.startswith("!")
        rule = rule.removeprefix("!").removeprefix("\\")
        folders_only = rule.endswith("/")
        rule = rule.rstrip("/")
        anywhere = "/" not in rule
        with contextlib.suppress(re.error):
            made = ("(?:.*/)?" if anywhere else "") + _expression(rule)
            yield re.compile(made), negated, folders_only


def _expression(rule: str) -> str:
    made, at = "", 0
    rule = rule.removeprefix("/")
    for mark in _GLOB.finditer(rule):
        made += re.escape(rule[at : mark.start()])
        at = mark.end()
        if mark["set"]:
            inner = mark["set"][1:-1].replace("\\", "\\\\")
            made += f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]"
        else:
            made += {"deep": "(?:.*/)?", "rest": "/.*", "many": "[^/]*", "one": "[^/]"}[
                str(mark.lastgroup)
            ]
    return made + re.escape(rule[at:])
