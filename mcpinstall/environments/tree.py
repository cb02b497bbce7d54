"""A folder's content: read, summed up as one digest, compared with what it should be."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mcpinstall.environments.layout import Layout
from mcpinstall.model.artifact import Scheme, VerifiedArtifact
from mcpinstall.model.environment import TreeDigest
from mcpinstall.model.manifest import HookKind
from mcpinstall.system.files import disk_errors

_THREADS = 4  # for large files; for small ones Python's own lock costs more than they gain
_WHOLE = 1 << 20  # bytes; larger files are read in pieces


_Found = tuple[str, str, os.stat_result]
"""Real path, path below the folder, and status of what is not a folder."""


class Kind(StrEnum):
    """Classes of an entry, as they stand in the tree digest."""

    FILE = "f"
    EXECUTABLE = "x"
    LINK = "l"
    OTHER = "?"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file or link of a folder as it is."""

    path: str
    """POSIX path below the folder."""
    kind: Kind
    size: int
    sha256: str
    """Of the bytes, or of a link's target."""
    names: int = 1
    """How many names these bytes have on the disk (hard links)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedFile:
    """One file or link as it should be."""

    path: str
    kind: Kind
    size: int | None
    """None for compiled files: what they hold is known only to the tree digest."""
    sha256: str | None
    optional: bool = False


def read_tree(root: Path) -> tuple[TreeEntry, ...]:
    """Return every file and link below `root`, sorted by path, with digests.

    Raises:
        McpInstallError: `disk-failed`.
    """
    from concurrent.futures import ThreadPoolExecutor

    with disk_errors(f"read the folder `{root}`"):
        found = _walk(root)
        small: list[_Found] = []
        large: list[_Found] = []
        for one in found:
            (small if one[2].st_size <= _WHOLE else large).append(one)
        entries = [_read(*one) for one in small]
        with ThreadPoolExecutor(_THREADS) as pool:
            entries += pool.map(lambda one: _read(*one), large)
    return tuple(sorted(entries, key=lambda entry: entry.path))


def measure(root: Path) -> TreeDigest:
    """Return the digest of everything below `root`.

    Raises:
        McpInstallError: `disk-failed`.
    """
    return summed_up(read_tree(root))


def summed_up(entries: Iterable[TreeEntry]) -> TreeDigest:
    """Return the digest over one line `class path size sha256` for each entry."""
    digest, files, size = hashlib.sha256(), 0, 0
    for entry in entries:
        path = entry.path.replace("\\", "\\\\").replace("\n", "\\n")
        line = f"{entry.kind} {path} {entry.size} {entry.sha256}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
        files, size = files + 1, size + entry.size
    return TreeDigest(sha256=digest.hexdigest(), files=files, size=size)


def expected_files(
    verified: Iterable[VerifiedArtifact], layout: Layout
) -> tuple[ExpectedFile, ...]:
    """Return everything that an environment of these wheels holds, and nothing else."""
    expected = [
        ExpectedFile(path=path, kind=Kind.FILE, size=len(text), sha256=_sha256(text))
        for path, text in layout.texts
    ]
    expected += [
        ExpectedFile(path=path, kind=Kind.LINK, size=len(target), sha256=_sha256(target.encode()))
        for path, target in layout.links
    ]
    for one in verified:
        executables = _executables(one)
        for file in one.inspection.files:
            if file.scheme is not Scheme.SITE:
                continue
            kind = Kind.EXECUTABLE if file.path in executables else Kind.FILE
            path = f"{layout.site}/{file.path}"
            expected.append(ExpectedFile(path=path, kind=kind, size=file.size, sha256=file.sha256))
            if path.endswith(".py"):
                compiled = compiled_path(path, layout)
                expected.append(
                    ExpectedFile(
                        path=compiled, kind=Kind.FILE, size=None, sha256=None, optional=True
                    )
                )
    return tuple(sorted(expected, key=lambda one: one.path))


def differences(
    entries: Iterable[TreeEntry], expected: Iterable[ExpectedFile], *, final: bool = True
) -> tuple[str, ...]:
    """Return how `entries` differ from what is expected, a sentence each; empty when equal.

    `final=False` is for a tree before its compilation: nothing compiled may be there, and modes
    are not final yet.
    """
    wanted = {one.path: one for one in expected if final or not one.optional}
    found = {entry.path: entry for entry in entries}
    lines = [_difference(entry, wanted.get(path), final=final) for path, entry in found.items()]
    lines += [
        f"`{path}` is missing"
        for path, one in wanted.items()
        if path not in found and not one.optional
    ]
    return tuple(sorted(filter(None, lines)))


def _difference(entry: TreeEntry, wanted: ExpectedFile | None, *, final: bool) -> str:
    if wanted is None:
        return f"`{entry.path}` belongs to no archive"
    if (entry.kind is Kind.LINK) is not (wanted.kind is Kind.LINK) or entry.kind is Kind.OTHER:
        return f"`{entry.path}` is of another type"
    if final and entry.kind is not wanted.kind and os.name == "posix":
        return f"`{entry.path}` has another mode"
    if entry.names > 1:
        return f"`{entry.path}` shares its bytes with another name on the disk"
    if wanted.sha256 is not None and (entry.size, entry.sha256) != (wanted.size, wanted.sha256):
        return f"`{entry.path}` has other bytes"
    return ""


def compiled_path(source: str, layout: Layout) -> str:
    """Return where the compiled form of `source`, a path ending in `.py`, is kept (PEP 3147)."""
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{layout.cache_tag}.pyc"


def _executables(one: VerifiedArtifact) -> frozenset[str]:
    """Return the site paths of the programs that the wheel brings for its own code to start."""
    accepted = (hook for hook in one.inspection.accepted if hook.kind is HookKind.EXECUTABLE)
    members = [*one.inspection.programs, *(hook.member for hook in accepted)]
    data = one.inspection.dist_info.removesuffix(".dist-info") + ".data"
    prefixes = (f"{data}/purelib/", f"{data}/platlib/")
    return frozenset(
        next((member[len(start) :] for start in prefixes if member.startswith(start)), member)
        for member in members
    )


def _walk(root: Path) -> list[_Found]:
    """Return real path, path below `root` and status of everything that is not a folder."""
    found: list[_Found] = []
    waiting = [(str(root), "")]
    while waiting:
        folder, below = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path, status = below + entry.name, entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    waiting.append((entry.path, f"{path}/"))
                else:
                    found.append((entry.path, path, status))
    return found


def _read(path: str, below: str, status: os.stat_result) -> TreeEntry:
    mode = status.st_mode
    if stat.S_ISLNK(mode):
        target = os.fsencode(os.readlink(path))  # noqa: PTH115 (its exact bytes)
        return TreeEntry(below, Kind.LINK, len(target), _sha256(target))
    if not stat.S_ISREG(mode):
        return TreeEntry(below, Kind.OTHER, 0, _sha256(b""))
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (text paths are twice as quick)
        if status.st_size <= _WHOLE:
            data = file.read()
            size, digest = len(data), _sha256(data)
        else:
            size, digest = status.st_size, hashlib.file_digest(file, "sha256").hexdigest()
    kind = Kind.EXECUTABLE if mode & stat.S_IXUSR and os.name == "posix" else Kind.FILE
    return TreeEntry(below, kind, size, digest, status.st_nlink)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
