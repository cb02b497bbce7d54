"""What differs in an environment whose tree is not the recorded one, told from its own RECORDs.

That something differs is told by the receipt's digest alone.  The RECORDs only say where to look:
they lie in the environment, and may be changed as well.  So an explanation counts as whole only
when the tree would have the recorded digest without what it names.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.environments.layout import (
    LOCK_NAME,
    configuration,
    python_links,
    site_packages,
)
from mcpinstall.environments.tree import Kind, TreeEntry, read_tree, summed_up
from mcpinstall.errors import McpInstallError
from mcpinstall.model import start_up
from mcpinstall.model.environment import Interpreter
from mcpinstall.system import files, launcher, limits

_OWN = frozenset({"start.py", LOCK_NAME, launcher.NAME})
"""What mcpinstall writes, and only the digest knows the content of."""
_COLUMNS = 3  # of a RECORD: path, digest, size
_DIGITS = 15  # of a size
_DIGEST = re.compile(r"sha256=([A-Za-z0-9_-]{43})=?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One path that is not as it was installed."""

    path: str
    what: str
    """`is not a part of it`, such as stands behind the path in a sentence."""
    is_hook: bool = False
    """It decides what runs when Python starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that could be found."""

    differences: tuple[Difference, ...]
    is_whole: bool
    """Without these the tree would be the recorded one."""


def diagnose(
    root: Path,
    recorded: str,
    interpreter: Interpreter,
    platform: str,
    accepted: Callable[[], frozenset[str] | None],
) -> Diagnosis:
    """Return how a generation differs from the tree with the digest `recorded`.

    `accepted` tells the digests of the hooks that reviewers accepted, None where nobody knows; it
    is asked only when something differs.

    Raises:
        McpInstallError: `disk-failed`.
    """
    entries = {entry.path: entry for entry in read_tree(root)}
    if summed_up(entries.values()).sha256 == recorded:
        return Diagnosis(differences=(), is_whole=True)
    site = site_packages(interpreter, platform)
    wanted = _own(interpreter, platform)
    unknown = _of_records(root, site, entries, wanted)
    compared = _Compared(root, site, entries, wanted, unknown, accepted())
    found = sorted(compared.differences(), key=lambda one: one.path)
    mended = dict(entries)
    for one in found:
        here = mended.pop(one.path, None)
        if (right := wanted.get(one.path)) is not None and right != here:
            mended[one.path] = right
    whole = summed_up(mended[path] for path in sorted(mended)).sha256 == recorded
    return Diagnosis(differences=tuple(found), is_whole=whole)


@dataclass(frozen=True, slots=True)
class _Compared:
    root: Path
    site: str
    entries: Mapping[str, TreeEntry]
    wanted: Mapping[str, TreeEntry]
    unknown: Collection[str]
    """Paths that belong there, and whose content no RECORD tells."""
    accepted: frozenset[str] | None

    def differences(self) -> Iterator[Difference]:
        """Yield everything that is changed, that is too much, and that is missing."""
        for path, entry in self.entries.items():
            first, _, rest = path.removeprefix(f"{self.site}/").partition("/")
            if path.startswith(f"{self.site}/") and start_up.is_candidate(first):
                yield from self._hook(path, first, entry, is_alone=not rest)
            else:
                yield from self._plain(path, entry, is_hook=start_up.is_of_environment(path))
        for path in self.wanted.keys() - self.entries.keys():
            hook = start_up.is_of_environment(path)
            yield Difference(path=path, what="is missing", is_hook=hook)

    def _hook(
        self, path: str, name: str, entry: TreeEntry, *, is_alone: bool
    ) -> Iterator[Difference]:
        recorded = self.wanted.get(path) == entry
        if recorded if self.accepted is None else entry.sha256 in self.accepted:
            return
        data = b""
        if is_alone and entry.kind in (Kind.FILE, Kind.EXECUTABLE):
            with files.disk_errors(f"read `{path}`"):
                data = files.read_beginning(self.root / path, start_up.READ)
        if start_up.runs(name, data) or entry.kind is Kind.LINK:
            what = "runs code whenever Python starts, and was not installed"
            yield Difference(path=path, what=what, is_hook=True)
        else:
            yield from self._plain(path, entry, is_hook=False)

    def _plain(self, path: str, entry: TreeEntry, *, is_hook: bool) -> Iterator[Difference]:
        right = self.wanted.get(path)
        if right is not None:
            if right != entry:
                yield Difference(path=path, what="was changed", is_hook=is_hook)
        elif path not in self.unknown and not self._is_compiled(path):
            yield Difference(path=path, what="was not installed", is_hook=is_hook)

    def _is_compiled(self, path: str) -> bool:
        """Tell whether it is the compiled form of a source that belongs there."""
        folder, _, name = path.rpartition("/")
        source = f"{folder.removesuffix('__pycache__')}{name.partition('.')[0]}.py"
        return folder.endswith("/__pycache__") and name.endswith(".pyc") and source in self.wanted


def _own(interpreter: Interpreter, platform: str) -> dict[str, TreeEntry]:
    """Return what mcpinstall itself puts into an environment, as far as it is known."""
    text = configuration(interpreter)
    found = {
        "pyvenv.cfg": _file("pyvenv.cfg", len(text), hashlib.sha256(text).hexdigest()),
        LOCK_NAME: _file(LOCK_NAME, 0, hashlib.sha256(b"").hexdigest()),
    }
    minor = ".".join(interpreter.version.split(".")[:2])
    for path, target in () if platform == "win32" else python_links(interpreter, minor, platform):
        data = target.encode("utf-8", "surrogateescape")
        digest = hashlib.sha256(data).hexdigest()
        found[path] = TreeEntry(path, Kind.LINK, len(data), digest)
    return found


def _of_records(
    root: Path, site: str, entries: Mapping[str, TreeEntry], wanted: dict[str, TreeEntry]
) -> set[str]:
    """Add what the RECORDs of an environment name; return what has no digest in them."""
    unknown = {*_OWN}
    for path in entries:
        if path.startswith(f"{site}/") and path.endswith(".dist-info/RECORD"):
            unknown.add(path)
            for name, digest, size in _lines(root / path):
                place = _place(name, site)
                if place and digest:
                    kind = entries[place].kind if place in entries else Kind.FILE
                    kind = kind if kind is Kind.EXECUTABLE else Kind.FILE
                    names = entries[place].names if place in entries else 1
                    wanted[place] = TreeEntry(place, kind, size, digest, names)
                elif place:
                    unknown.add(place)
    return unknown


def _lines(record: Path) -> Iterator[tuple[str, str, int]]:
    """Yield path, sha256 and size of each line; a damaged RECORD says nothing."""
    try:
        text = files.read_bounded(record, limits.ARCHIVE_TEXT).decode("utf-8", "replace")
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if len(row) == _COLUMNS]
    except (McpInstallError, csv.Error):
        return
    for name, digest, size in rows:
        known = _DIGEST.fullmatch(digest)
        if known is None or not (size.isascii() and size.isdecimal() and len(size) < _DIGITS):
            yield name, "", 0
        else:
            yield name, base64.urlsafe_b64decode(f"{known[1]}=").hex(), int(size)


def _place(name: str, site: str) -> str:
    """Return where a line of a RECORD lies in an environment; nothing for what is not kept."""
    first, _, rest = name.partition("/")
    if first.endswith(".data"):
        scheme, _, name = rest.partition("/")
        if scheme not in {"purelib", "platlib"}:
            return ""
    if not name or name.startswith("/") or ".." in name.split("/"):
        return ""
    return f"{site}/{name}"


def _file(path: str, size: int, digest: str) -> TreeEntry:
    return TreeEntry(path, Kind.FILE, size, digest)
