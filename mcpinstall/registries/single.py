"""One version of a server in a folder of its own: a manifest and the files that it pins."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from mcpinstall.model import advisory_text, manifest_text
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.registry import (
    IndexRow,
    RegistryKind,
    RegistryState,
    ReviewedServer,
    ReviewState,
)
from mcpinstall.registries.tree import FILE_LIMITS, Registry, read_compared
from mcpinstall.system import files, limits

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def one_version(folder: Path) -> ReviewedServer:
    """Return the server of one manifest's folder; nobody vouches for it.

    Every file is compared with the manifest's digest and parsed as a registry's is.

    Raises:
        McpInstallError: `file-unreadable`, `digest-mismatch`, or the refusal of a parser.
    """
    return _Folder(folder).find_only()


class _Folder(Registry):
    """A registry of one version: its index is the manifest itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / "manifest.toml"
        data = files.read_bounded(path, limits.MANIFEST_BYTES)
        manifest = manifest_text.parse(data, str(path))
        self._only = IndexRow(
            name=manifest.name,
            version=manifest.version,
            title=manifest.title,
            summary=manifest.summary,
            sha256=hashlib.sha256(data).hexdigest(),
        )
        super().__init__(_nobodys_state(folder))

    def find_only(self) -> ReviewedServer:
        """Return the one server."""
        return self.find(self._only.name)

    def index(self) -> tuple[IndexRow, ...]:
        """Return the one row."""
        return (self._only,)

    def rows_of(self, name: str) -> tuple[IndexRow, ...]:
        """Return the one row for its name."""
        return tuple(row for row in self.index() if row.name == name)

    def search(self, text: str) -> tuple[IndexRow, ...]:
        """Return nothing: nobody searches in one version."""
        del text
        return ()

    def _where(self, row: IndexRow, name: str) -> str:
        del row
        return str(self._folder / name)

    def _advisories(self, sha256: str) -> bytes:
        return read_compared(self._folder / advisory_text.NAME, limits.ADVISORIES_BYTES, sha256)

    def _file(self, row: IndexRow, name: str, sha256: str) -> bytes:
        del row
        return read_compared(self._folder / name, FILE_LIMITS[name], sha256)


def _nobodys_state(folder: Path) -> RegistryState:
    return RegistryState(
        name=str(folder),
        kind=RegistryKind.FOLDER,
        root_digest=hashlib.sha256(b"version\0" + str(folder.absolute()).encode()).hexdigest(),
        serial=0,
        issued=_NEVER,
        expires=_NEVER,
        review=ReviewState.UNREVIEWED,
        check=CheckResult(
            check=Check.REGISTRY,
            outcome=Outcome.ABSENT,
            evidence="a folder, in no registry",
        ),
        stale=False,
    )
