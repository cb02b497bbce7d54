"""Start-up hooks of a virtual environment that others made: told from its files, read only.

Looked at is what CPython's `site`, `getpath` and `importlib` look at before a program begins: the
first level of each `site-packages`, what its `.pth` files lead to, and `._pth` files beside the
program; a bounded number of names.  What a package brought says its RECORD, with a digest; what is
in none is a finding, and what could not be looked at is told.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mcpinstall.errors import McpInstallError
from mcpinstall.model import start_up
from mcpinstall.operations.audit_records import Records
from mcpinstall.system.files import read_beginning, read_bounded

_Read = TypeVar("_Read")

_LINKS = 8  # links from a program's name to its place
_NAMES = 20_000  # of one folder; 400 packages have 1,000
_HOOKS = 1_000  # that are read; an environment has five
_LINES = 100  # of a `.pth` that name folders
_ARCHIVE = 8 * 1024 * 1024  # bytes of an archive of modules; its list of names is in memory
_SHOWN = 3  # in one message
_CONFIGURATION = "pyvenv.cfg"
_PATHS = "._pth"
_LIBRARY = re.compile(r"(?:python|pypy)", re.IGNORECASE)
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.ENAMETOOLONG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was seen in one environment."""

    hooks: tuple[str, ...] = ()
    """What runs code and no package brought, a sentence each."""
    problem: str = ""
    """What could not be looked at, and why."""


def environment_of(program: Path) -> Path | None:
    """Return the virtual environment in which a program lies, or that a link to it leads into.

    As for CPython, its `pyvenv.cfg` lies beside the program, or one folder above.  What this user
    may not look at can't be started either.

    Raises:
        OSError: if the disk does not tell.
    """
    try:
        for _ in range(_LINKS):
            for folder in (program.parent, program.parent.parent):
                if _kind(folder / _CONFIGURATION) == stat.S_IFREG:
                    return program.parent.parent
            program = program.parent / program.readlink()
    except ValueError:
        return None
    except OSError as error:
        if error.errno not in (*_NOT_THERE, errno.EACCES, errno.EPERM):
            raise
    return None


def look(environment: Path) -> Looked:
    """Return what runs at each start of its Python, and that no package of it brought."""
    view = _View(environment)
    found = list(dict.fromkeys(view.hooks()))
    told = [f"`{name}` runs code, and no package brought it" for name in found[:_SHOWN]]
    if len(found) > _SHOWN:
        told.append(f"and {len(found) - _SHOWN} more")
    return Looked(hooks=tuple(told), problem="; ".join(view.problems[:_SHOWN]))


class _View:
    """One environment as it is looked at."""

    def __init__(self, environment: Path) -> None:
        self._environment = environment
        self.problems: list[str] = []
        self._left = _HOOKS

    def hooks(self) -> Iterator[str]:
        """Yield the names of what runs by itself."""
        for folder in ("bin", "Scripts"):
            for name in self.names(self._environment / folder):
                if name.casefold().endswith(_PATHS):
                    yield f"{folder}/{name}"
        for site in self._sites():
            yield from _Site(site, self).hooks()

    def _sites(self) -> tuple[Path, ...]:
        """Return the folders that `site` reads, of every version of Python; links once."""
        found: dict[str, Path] = {}
        for folder in ("lib", "lib64", "Lib"):
            for name in self.names(self._environment / folder):
                path = self._environment / folder / name
                site = path if name == "site-packages" else path / "site-packages"
                if name == "site-packages" or _LIBRARY.match(name):
                    found.setdefault(self.looked(_real, site, str(site)), site)
        return tuple(found.values())

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, in order; none of one that is not there."""
        nothing: list[str] = []
        return sorted(self.looked(_listed, folder, nothing))

    def looked(self, read: Callable[[Path], _Read], path: Path, missing: _Read) -> _Read:
        """Return what `read` gives of a path; `missing` for none, and where it can't be known."""
        try:
            return read(path)
        except ValueError:  # (a name that no file can have)
            return missing
        except OSError as error:
            if error.errno not in _NOT_THERE:
                self.problem(path, error.strerror or str(error))
            return missing

    def problem(self, path: Path, why: str) -> None:
        """Remember what could not be looked at."""
        inside = path.is_relative_to(self._environment)
        name = path.relative_to(self._environment).as_posix() if inside else path.as_posix()
        self.problems.append(f"`{name}`: {why}")

    def may_read(self, path: Path) -> bool:
        """Tell whether one more file is read."""
        self._left -= 1
        if self._left == -1:
            self.problem(path.parent, f"it has more than {_HOOKS} files that Python reads")
        return self._left >= 0


class _Site:
    """One `site-packages`."""

    def __init__(self, site: Path, view: _View) -> None:
        self._site = site
        self._view = view

    @cached_property
    def _records(self) -> Records:
        return Records(self._site, self._view.problem)

    def hooks(self) -> Iterator[str]:
        names = self._view.names(self._site)
        for name in names:
            if start_up.is_path_file(name):
                yield from self._of_path_file(self._site / name)
        yield from self._modules(self._site, names)

    def _of_path_file(self, path: Path) -> Iterator[str]:
        """Yield a `.pth` or `.start` that runs code, and modules in the folders that it adds."""
        if self._kind(path) != stat.S_IFREG or not self._view.may_read(path):
            return
        data = self._view.looked(_beginning, path, b"")
        if start_up.runs(path.name, data) and not start_up.is_usual(path.name, data):
            yield from self._foreign(path)
        places = tuple(islice(start_up.folders(path.name, data), _LINES + 1))
        if len(places) > _LINES:
            self._view.problem(path, f"it names more than {_LINES} folders")
        for place in places[:_LINES]:
            yield from self._added(path, place)

    def _added(self, by: Path, place: str) -> Iterator[str]:
        if place.startswith(("//", "\\\\")):  # (to look there asks another machine)
            self._view.problem(by, f"it names `{place[:100]}`, which was not looked at")
            return
        folder = Path(os.path.normpath(self._site / place))
        if folder == self._site:
            return
        kind = self._kind(folder)
        if kind == stat.S_IFDIR:
            yield from self._modules(folder, self._view.names(folder))
        elif kind == stat.S_IFREG:
            yield from self._in_archive(folder)

    def _in_archive(self, path: Path) -> Iterator[str]:
        """Yield the modules that `zipimport` would find; what is no archive holds none."""
        import io
        import zipfile

        try:
            with zipfile.ZipFile(io.BytesIO(read_bounded(path, _ARCHIVE))) as archive:
                names = [one.filename for one in archive.infolist()]
        except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
            return
        except McpInstallError as error:
            self._view.problem(path, error.message)
            return
        for name in names:
            first, slash, rest = name.partition("/")
            inner = slash and first in start_up.CUSTOMIZE and start_up.is_module(rest, "__init__")
            if inner or start_up.is_customizing(name):
                yield f"{self._named(path)}/{name}"

    def _modules(self, folder: Path, names: list[str]) -> Iterator[str]:
        """Yield `sitecustomize` and `usercustomize` of a folder, in whatever form."""
        for name in names:
            path = folder / name
            if start_up.is_customizing(name) and self._kind(path) == stat.S_IFREG:
                yield from self._foreign(path)
            elif name.casefold() in start_up.CUSTOMIZE and self._kind(path) == stat.S_IFDIR:
                for inner in self._view.names(path):
                    if start_up.is_module(inner, "__init__"):
                        yield from self._foreign(path / inner)

    def _foreign(self, path: Path) -> Iterator[str]:
        if not self._records.has(path):
            yield self._named(path)

    def _kind(self, path: Path) -> int:
        return self._view.looked(_kind, path, 0)

    def _named(self, path: Path) -> str:
        inside = path.is_relative_to(self._site)
        return path.relative_to(self._site).as_posix() if inside else path.as_posix()


def _listed(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        found = [entry.name for entry in islice(entries, _NAMES + 1)]
    if len(found) > _NAMES:
        raise OSError(errno.EFBIG, f"it has more than {_NAMES} names")
    return found


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _beginning(path: Path) -> bytes:
    return read_beginning(path, start_up.READ)


def _kind(path: Path) -> int:
    """Return what kind of thing a path leads to; 0 for nothing."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except ValueError:
        return 0
    except OSError as error:
        if error.errno in _NOT_THERE:
            return 0
        raise
