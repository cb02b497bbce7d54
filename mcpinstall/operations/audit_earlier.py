"""Files as they were at a commit, for `mcpi audit --diff`; nothing is checked out or run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.finding import Unchecked
from mcpinstall.operations.audit_files import ReadFile, of_bytes, shown
from mcpinstall.operations.audit_findings import Judge, RuleSet
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.audit_sorting import Before
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_base import Entry, Repository
from mcpinstall.system import limits
from mcpinstall.system.files import exists

_AT_ONCE = limits.CHILD_OUTPUT // 2  # bytes of files that git is asked for in one go
_HINT = "all that is wrong in it now counts as new"


class Earlier:
    """The files of an audit at a commit.

    A file that was not there at its very path is wholly new, also where it was moved: what a
    host reads at its new place nobody has looked at.
    """

    def __init__(self, ref: str, files: Iterable[ReadFile], context: Context) -> None:
        """Read all files from git's objects.

        Raises:
            McpInstallError: `not-found` for an unknown commit, and outside a repository;
                `tool-failed`.
        """
        self._ref, self._context = ref, context
        self._data: dict[Path, bytes] = {}
        self.unchecked: list[Unchecked] = []
        """What could not be read, or judged, as it was then."""
        paths = [one.place.path for one in files]
        by_root: dict[Path, list[Path]] = {}
        for path in paths:
            by_root.setdefault(self._root(path.parent), []).append(path)
        if not by_root:
            by_root[self._root(context.machine.cwd)] = []
        for root, inside in by_root.items():
            self._read(Repository(root, context, "`--diff`"), root, inside)

    def found(self, file: ReadFile, rules: RuleSet, around: Surroundings) -> Before:
        """Return what the rules of today find in a file as it was."""
        before = Before(self._ref)
        data = self._data.get(file.place.path)
        if data is None:
            return before
        old = self._of_bytes(data, file)
        if isinstance(old, Unchecked):
            self.unchecked.append(replace(old, subject=self._name(file.shown), hint=_HINT))
            return before
        judge = Judge(old, rules, around)
        for finding in judge.findings():
            before.add(finding, old.document)
        self.unchecked += judge.failed.values()
        return before

    def _of_bytes(self, data: bytes, file: ReadFile) -> ReadFile | Unchecked:
        machine = self._context.machine
        old = of_bytes(data, file.place, file.shown, machine)
        if isinstance(old, Unchecked) and file.place.row is None:  # it may have had no servers
            return of_bytes(data, replace(file.place, is_settings=True), file.shown, machine)
        return old

    def _root(self, folder: Path) -> Path:
        real = Path(os.path.realpath(folder))
        root = next((one for one in (real, *real.parents) if exists(one / ".git")), None)
        if root is None:
            machine = self._context.machine
            here = folder == machine.cwd
            name = "the working directory" if here else f"`{shown(folder, machine)}`"
            raise McpInstallError(
                ErrorCode.NOT_FOUND,
                f"{name} is in no git repository",
                hint="`--diff` compares with a commit of the repository that the files are in",
            )
        return root

    def _read(self, repository: Repository, root: Path, paths: list[Path]) -> None:
        inside = {path: _inside(path, root) for path in paths}
        targets = {path: _target(path, root) for path in paths if path.is_symlink()}
        asked = [*inside.values(), *(one for one in targets.values() if one)]
        there = repository.entries(self._ref, asked)
        wanted: dict[Path, Entry] = {}
        for path, name in inside.items():
            found = there.get(name)
            if path.is_symlink():
                same = found is not None and found.is_link and _leads(repository, found, path)
                found = there.get(targets[path]) if same else None
            if found is not None and found.is_file:
                wanted[path] = found
        self._data |= self._contents(repository, wanted)

    def _contents(
        self, repository: Repository, wanted: dict[Path, Entry]
    ) -> Iterator[tuple[Path, bytes]]:
        waiting: dict[Path, str] = {}
        size = 0
        for path, found in wanted.items():
            if found.size > _AT_ONCE:
                name = self._name(shown(path, self._context.machine))
                why = f"it is larger than {_AT_ONCE} bytes there"
                code = ErrorCode.FILE_UNREADABLE
                self.unchecked.append(Unchecked(subject=name, code=code, message=why, hint=_HINT))
                continue
            if size + found.size > _AT_ONCE:
                yield from _texts(repository, waiting)
                waiting, size = {}, 0
            waiting[path] = found.id
            size += found.size
        yield from _texts(repository, waiting)

    def _name(self, name: str) -> str:
        return f"{name} at {self._ref}"


def _texts(repository: Repository, ids: dict[Path, str]) -> Iterator[tuple[Path, bytes]]:
    found = repository.contents(ids.values()) if ids else {}
    yield from ((path, found[name]) for path, name in ids.items())


def _inside(path: Path, root: Path) -> str:
    """Return a file's name in a repository; links of folders above it are followed."""
    real = Path(os.path.realpath(path.parent)) / path.name
    return real.relative_to(root).as_posix()


def _target(path: Path, root: Path) -> str:
    """Return the name of what a link leads to; empty outside of the repository."""
    real = Path(os.path.realpath(path))
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else ""


def _leads(repository: Repository, found: Entry, path: Path) -> bool:
    """Tell whether a link led to where it leads now."""
    return repository.contents([found.id])[found.id] == os.fsencode(path.readlink())
