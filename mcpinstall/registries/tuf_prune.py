"""Files of a TUF registry that no client can ask for any more."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Snapshot, Targets

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text, registry_text, tuf_layout
from mcpinstall.registries.tree import FILE_LIMITS
from mcpinstall.registries.tuf_repository import Repository
from mcpinstall.system import files

_ROLE = re.compile(r"[1-9][0-9]*\.[^/]+\.json")
_TARGET = re.compile(r"[0-9a-f]{64}\.[^/]+")
_FILE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """What can go."""

    paths: tuple[Path, ...]
    size: int
    """Bytes."""


def unused(folder: Path, now: datetime) -> Unused:
    """Return the files that only expired snapshots name; roots are kept for ever.

    A client takes no expired snapshot, so it asks for nothing that only such a one names.  Files
    whose names aren't ours are left alone.

    Raises:
        McpInstallError: `registry-invalid`, `file-unreadable` or `digest-mismatch` for a file that
            is named and broken: then nothing is known to be unused.
    """
    kept = set(_Kept(folder, now).paths())
    found = tuple(path for path in sorted(_ours(folder)) if path not in kept)
    return Unused(paths=found, size=sum(path.stat().st_size for path in found))


class _Kept(Repository):
    """What clients may still ask for."""

    def __init__(self, folder: Path, now: datetime) -> None:
        super().__init__(folder, (), now)
        self._seen: set[str] = set()

    def paths(self) -> Iterator[Path]:
        """Return every file that a snapshot in force names, or a change that waits."""
        live = self._snapshot()
        if live is None:
            raise McpInstallError(
                ErrorCode.REGISTRY_INVALID, f"nothing was published in `{self.folder}` yet"
            )
        yield from self._metadata.glob("*.root.json")
        for path in self._metadata.glob("*.snapshot.json"):
            name = path.name.removesuffix(".json")
            snapshot = self._load(name, Snapshot).signed
            if snapshot.expires >= self._now or snapshot.version >= live.signed.version:
                yield path
                for role, meta in snapshot.meta.items():
                    yield self._metadata / f"{meta.version}.{role}"
                    yield from self._named_by(f"{meta.version}.{role.removesuffix('.json')}")
        self._metadata = self.folder / tuf_layout.STAGED
        for path in self._metadata.glob("*.json"):
            if not path.name.endswith(".root.json"):
                yield from self._named_by(path.name.removesuffix(".json"))

    def _named_by(self, role: str) -> Iterator[Path]:
        key = f"{self._metadata}/{role}"
        if key in self._seen:
            return
        self._seen.add(key)
        for path, target in self._load(role, Targets).signed.targets.items():
            folder, slash, name = path.rpartition("/")
            digest = target.hashes.get("sha256", "")
            yield self.folder.joinpath(
                tuf_layout.TARGETS, *f"{folder}{slash}{digest}.{name}".split("/")
            )
            if path.startswith("servers/"):
                for row in registry_text.parse_index(self.target(target), path):
                    yield from self._files_of(row.sha256)

    def _files_of(self, sha256: str) -> Iterator[Path]:
        if sha256 in self._seen:
            return
        self._seen.add(sha256)
        path = self.folder / tuf_layout.FILES / sha256
        data = files.read_bounded(path, FILE_LIMITS["manifest.toml"])
        if hashlib.sha256(data).hexdigest() != sha256:
            raise McpInstallError(
                ErrorCode.DIGEST_MISMATCH, f"`{path}` is not the file that is named"
            )
        yield path
        for _, digest in manifest_text.parse(data, str(path)).files:
            yield self.folder / tuf_layout.FILES / digest


def _ours(folder: Path) -> Iterator[Path]:
    """Return the files that a publication wrote, by their names."""
    yield from _matching((folder / tuf_layout.METADATA).glob("*"), _ROLE)
    yield from _matching((folder / tuf_layout.TARGETS).rglob("*"), _TARGET)
    yield from _matching((folder / tuf_layout.FILES).glob("*"), _FILE)


def _matching(paths: Iterable[Path], pattern: re.Pattern[str]) -> Iterator[Path]:
    for path in paths:
        if pattern.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            yield path
