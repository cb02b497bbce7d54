"""Every file that an audit looks at: of the table, for the user and for each folder upward."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from mcpinstall.errors import McpInstallError
from mcpinstall.hosts import audited, paths
from mcpinstall.hosts.table import table
from mcpinstall.model.audited import FileScope
from mcpinstall.model.host import Format, HostRow
from mcpinstall.system.files import exists
from mcpinstall.system.machine import Machine

_FOLDER_SCOPES = ("project", "deployment")
_PROJECT = "<project>/"
_SUFFIXES = {
    ".toml": Format.TOML, ".yaml": Format.YAML, ".yml": Format.YAML,
    ".json": Format.JSON, ".jsonc": Format.JSONC,
}  # fmt: skip
_MOST_FOLDERS = 64
"""Folders above the working directory that are looked at."""


class State(StrEnum):
    """What is at a place."""

    FOUND = "found"
    ABSENT = "absent"
    LINK = "link"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file that a host may read."""

    row: HostRow | None
    """None where the host can't be told."""
    path: Path
    scope: FileScope
    problem: str = ""
    """Why the path can't be told."""
    is_settings: bool = False
    """The host reads no servers from it."""

    @property
    def dialect(self) -> Format:
        """Syntax to read it by; a managed file may have another one than the host's own."""
        own = self.row.format if self.row else Format.JSONC
        named = _SUFFIXES.get(self.path.suffix.lower())
        if named in (Format.TOML, Format.YAML) or (named and own in (Format.TOML, Format.YAML)):
            return named
        return own

    @property
    def state(self) -> State:
        """What is there now."""
        if self.problem:
            return State.REFUSED
        if self.path.is_symlink():
            return State.LINK
        return State.FOUND if exists(self.path) else State.ABSENT

    @property
    def target(self) -> str:
        """Where a link leads; empty for what is none."""
        return os.path.realpath(self.path) if self.state is State.LINK else ""


def everywhere(machine: Machine, row: HostRow | None = None) -> Iterator[Place]:
    """Yield every place of the table: the user's, the administrator's, then the folders upward.

    With `row`, only those of its product, and those that it had before.
    """
    rows = [
        one for one in table()
        if row is None or row.product in (one.product, one.successor)
    ]  # fmt: skip
    for one in rows:
        if one.scope not in _FOLDER_SCOPES:
            yield from _places(one, machine, FileScope.USER)
            for path in _managed(one, machine):
                yield Place(row=one, path=path, scope=FileScope.MANAGED)
        yield from _settings(one, machine, FileScope.USER)
    for folder in folders(machine):
        yield from below(folder, machine, rows)


def below(folder: Path, machine: Machine, rows: list[HostRow] | None = None) -> Iterator[Place]:
    """Yield the places of a project's folder."""
    there = dataclasses.replace(machine, cwd=folder)
    for one in table() if rows is None else rows:
        if one.scope in _FOLDER_SCOPES:
            yield from (
                place for place in _places(one, there, FileScope.PROJECT)
                if place.path.is_relative_to(folder)
            )  # fmt: skip
        yield from _settings(one, there, FileScope.PROJECT)


def folders(machine: Machine) -> tuple[Path, ...]:
    """Return the working directory and those above it, up to the repository's root."""
    found = [machine.cwd]
    for folder in machine.cwd.parents[:_MOST_FOLDERS]:
        if exists(found[-1] / ".git"):
            return tuple(found)
        found.append(folder)
    root_of_none = not exists(found[-1] / ".git")
    return (machine.cwd,) if root_of_none else tuple(found)


def named(path: Path, machine: Machine, document: object) -> Place:
    """Return what a file that the person names is: by its name, else by what stands in it."""
    if place := _settings_named(path, machine):
        return place
    row = _row_of(path, document)
    scope = FileScope.PROJECT if row is None or row.scope in _FOLDER_SCOPES else FileScope.USER
    if row is not None and path in tuple(_managed(row, machine)):
        scope = FileScope.MANAGED
    return Place(row=row, path=path, scope=scope)


def guessed_dialect(path: Path) -> Format:
    """Return the syntax that a file's name promises."""
    return _SUFFIXES.get(path.suffix.lower(), Format.JSONC)


def _places(row: HostRow, machine: Machine, scope: FileScope) -> Iterator[Place]:
    try:
        found = dict.fromkeys((*paths.candidates(row, machine), *paths.existing(row, machine)))
    except McpInstallError as error:
        yield Place(row=row, path=Path(), scope=scope, problem=error.message)
        return
    for path in found:
        if "*" not in path.name:
            yield Place(row=row, path=path, scope=scope)


def _managed(row: HostRow, machine: Machine) -> Iterator[Path]:
    """Yield the administrator's files; of a pattern those that exist."""
    for template in dict(row.managed_files).get(machine.platform, ()):
        for one in paths.alternatives(template):
            found = paths.matches(one, machine) if "*" in one else (paths.expanded(one, machine),)
            yield from found


def _settings(row: HostRow, machine: Machine, scope: FileScope) -> Iterator[Place]:
    """Yield a row's files without servers: the user's, or those of the working directory."""
    for template in dict(row.settings).get(machine.platform, ()):
        if template.startswith(_PROJECT) == (scope is FileScope.PROJECT):
            path = paths.expanded(template, machine)
            yield Place(row=row, path=path, scope=scope, is_settings=_has_no_servers(row, path))


def _settings_named(path: Path, machine: Machine) -> Place | None:
    """Return a file without servers: the user's, or a project's in whatever folder."""
    if path.name not in _settings_names():
        return None
    rows = [row for row in table() if row.settings]
    for row in rows:
        for place in _settings(row, machine, FileScope.USER):
            if place.path == path:
                return place
    for row in rows:
        for template in dict(row.settings).get(machine.platform, ()):
            tail = PurePath(template.removeprefix(_PROJECT)).parts
            if template.startswith(_PROJECT) and path.parts[-len(tail) :] == tail:
                there = dataclasses.replace(machine, cwd=path.parents[len(tail) - 1])
                places = _settings(row, there, FileScope.PROJECT)
                return next(one for one in places if one.path == path)
    return None


@functools.cache
def _settings_names() -> frozenset[str]:
    """Return the names of all such files: few are looked at more closely."""
    return frozenset(
        PurePath(template).name
        for row in table()
        for _, templates in row.settings
        for template in templates
    )


def _has_no_servers(row: HostRow, path: Path) -> bool:
    own = (PurePath(one).name for _, templates in row.paths for one in templates)
    return path.name not in own


def _row_of(path: Path, document: object) -> HostRow | None:
    """Return the row whose file name fits best, of those whose servers the document has first."""
    real = Path(os.path.realpath(path))
    fitting: list[tuple[bool, int, int, HostRow]] = []
    for number, row, tail in _tails_of(real.name):
        score = _fit(real.parts, tail)
        if score:
            has_servers = any(audited.follow(document, way) for way in audited.ways(document, row))
            if has_servers or score > 1 or score == len(tail):
                fitting.append((not has_servers, -score, number, row))
    return min(fitting, key=lambda one: one[:3])[3] if fitting else None


@functools.lru_cache(maxsize=32)
def _tails_of(name: str) -> tuple[tuple[int, HostRow, tuple[str, ...]], ...]:
    """Return those whose file name may be this one."""
    return tuple(one for one in _tails() if one[2][0] == name or "*" in one[2][0])


@functools.cache
def _tails() -> tuple[tuple[int, HostRow, tuple[str, ...]], ...]:
    """Return the parts of all rows' templates behind what depends on the machine, last first."""
    found: dict[tuple[int, tuple[str, ...]], HostRow] = {}
    for number, row in enumerate(table()):
        for _, templates in row.paths:
            for template in templates:
                for one in paths.alternatives(template):
                    found.setdefault((number, PurePath(one).parts[:0:-1]), row)
    return tuple((number, row, tail) for (number, tail), row in found.items() if tail)


def _fit(parts: tuple[str, ...], tail: tuple[str, ...]) -> int:
    """Return how many of the last parts of two paths are equal; by a pattern alone, none."""
    count = 0
    for ours, theirs in zip(reversed(parts), tail, strict=False):
        if ours != theirs and not ("*" in theirs and PurePath(ours).match(theirs)):
            break
        count += 1
    return count if count > 1 or tail[0] in parts[-1:] else 0
