"""A registry as a tree of files: each one is read once, bounded, and compared with its digest."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import (
    advisory_text,
    lock_text,
    manifest_text,
    names,
    provenance_text,
    registry_text,
    revocation,
    server_text,
    tool_text,
)
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.model.backing import NO_BACKING
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.manifest import Manifest
from mcpinstall.model.registry import IndexRow, RegistryState, ReviewedServer, ReviewState
from mcpinstall.model.tools import UNKNOWN_TOOLS
from mcpinstall.registries import agreement, standing
from mcpinstall.registries.vouching import MANIFEST_SIGNATURES, Nobody, Vouched, Voucher
from mcpinstall.system import files, limits

TRUSTED_ROOT = "trusted_root.json"
"""File of a registry's folder: the Sigstore trust root that it delivers."""
FILE_LIMITS = {
    "attestations.json": limits.ATTESTATIONS_BYTES,
    "manifest.toml": limits.MANIFEST_BYTES,
    "pylock.toml": limits.LOCK_BYTES,
    "server.json": limits.SERVER_JSON_BYTES,
    "tools.json": limits.TOOLS_BYTES,
}
"""Files of one version, and how long each may be."""
_EVERYBODYS = "io.github."
"""What the names of most servers begin with: it tells none from another."""
_OPTIONAL = {"attestations.json"}
_PINNED = FILE_LIMITS.keys() - _OPTIONAL - {"manifest.toml"}


class Registry(ABC):
    """A registry whose facts were accepted; everything else is checked against them."""

    def __init__(self, state: RegistryState) -> None:
        self.state = state

    @abstractmethod
    def index(self) -> tuple[IndexRow, ...]:
        """Return every row that is known without a name, sorted by name and version."""

    @abstractmethod
    def rows_of(self, name: str) -> tuple[IndexRow, ...]:
        """Return the rows of one server, by its full name; none for a name that isn't there."""

    @abstractmethod
    def search(self, text: str) -> tuple[IndexRow, ...]:
        """Return the newest row of every server in which each word of `text` occurs."""

    @abstractmethod
    def _file(self, row: IndexRow, name: str, sha256: str) -> bytes:
        """Return a file of one version, compared with its digest."""

    @abstractmethod
    def _advisories(self, sha256: str) -> bytes:
        """Return the file of advisories, compared with its digest."""

    def advisories(self) -> AdvisoryFile | None:
        """Return the advisories of this registry, or None where it has none.

        Raises:
            McpInstallError: `digest-mismatch`, `advisories-invalid`; of a TUF registry also
                `registry-unavailable` or `offline-missing`.
        """
        sha256 = self.state.advisories
        if not sha256:
            return None
        where = f"{self.state.name}: {advisory_text.NAME}"
        return advisory_text.read(self._advisories(sha256), where, sha256=sha256)

    @abstractmethod
    def _trusted_root(self, sha256: str) -> bytes:
        """Return the Sigstore trust root, compared with its digest."""

    def trusted_root(self) -> bytes | None:
        """Return the Sigstore trust root that this registry delivers, or None where it has none.

        Raises:
            McpInstallError: `digest-mismatch`, `file-unreadable`; of a TUF registry also
                `registry-unavailable` or `offline-missing`.
        """
        sha256 = self.state.trusted_root
        return self._trusted_root(sha256) if sha256 else None

    def _where(self, row: IndexRow, name: str) -> str:
        """Return what messages call a file of one version."""
        return f"{self.state.name}: {row.name}/{row.version}/{name}"

    def alias_of(self, name: str) -> str | None:
        """Return the alias of a full name, or None."""
        return next((alias for alias, full in self.state.aliases if full == name), None)

    def find(
        self, name: str, version: str | None = None, *, withdrawn: bool = False
    ) -> ReviewedServer:
        """Return a server with all its files, each compared with its digest.

        Without `version` it is the newest that was not revoked.  With `withdrawn` it may be a
        revoked one, whose `withdrawal` says why: to look at, and for what is installed.

        Raises:
            McpInstallError: `not-found`, `version-revoked` and its like, `digest-mismatch`,
                `not-supported-yet`, or the refusal of a parser.
        """
        row = self._row(name, version, withdrawn=withdrawn)
        data = self._file(row, "manifest.toml", row.sha256)
        manifest = manifest_text.parse(data, self._where(row, "manifest.toml"))
        agreement.require_row(manifest, row)
        package = manifest.package
        if package is not None and package.registry_type != "pypi":
            raise McpInstallError(
                ErrorCode.NOT_SUPPORTED_YET,
                f"`{row.name}` is a package of type `{package.registry_type}`, "
                "which mcpinstall does not install yet",
            )
        server = self._reviewed(manifest, row)
        if not withdrawn:
            revocation.require_none(server.withdrawal, self._left(name))
        return server

    def _reviewed(self, manifest: Manifest, row: IndexRow) -> ReviewedServer:
        if manifest.package and {name for name, _ in manifest.files} - _OPTIONAL != _PINNED:
            raise McpInstallError(
                ErrorCode.MANIFEST_INVALID,
                f"`{row.name}` is a Python package, but its lock is not `pylock.toml`",
            )
        texts = {name: self._file(row, name, digest) for name, digest in manifest.files}
        reviews = standing.standing(manifest, self.state.revocations)
        found = self._vouched(reviews.manifest, row)
        state = standing.told(self.state, found, reviews)
        vouched = state.review is ReviewState.CERTIFIED
        server = ReviewedServer(
            registry=state,
            manifest=reviews.manifest,
            manifest_sha256=row.sha256,
            server=server_text.parse(texts["server.json"], self._where(row, "server.json")),
            lock=lock_text.parse(texts["pylock.toml"], self._where(row, "pylock.toml"))
            if "pylock.toml" in texts
            else NO_LOCK,
            tools=tool_text.parse_tools(texts["tools.json"], self._where(row, "tools.json"))
            if "tools.json" in texts
            else UNKNOWN_TOOLS,
            attestations=_carried(texts, self._where(row, "attestations.json")),
            check=CheckResult(
                check=Check.MANIFEST,
                outcome=Outcome.VERIFIED,
                evidence=f"{len(texts) + 1} files match their sha256",
            ),
            advisories=self.advisories,
            trusted_root=self.trusted_root if self.state.trusted_root and vouched else None,
            backing=standing.backing(found, reviews),
            discounted=reviews.discounted,
        )
        agreement.require_agreement(server)
        return server

    def _vouched(self, manifest: Manifest, row: IndexRow) -> Vouched:
        """Return what vouches for one server: it may need reviews of its own."""
        del manifest, row
        return Vouched(review=self.state.review, evidence="")

    def _row(self, name: str, version: str | None, *, withdrawn: bool) -> IndexRow:
        from mcpinstall.registries.names import newest

        every = self.rows_of(name)
        rows = tuple(row for row in every if version in {None, row.version})
        if not rows:
            raise _unknown(name, version, every)
        kept = revocation.not_withdrawn(rows, self.state.revocations)
        if not kept and not withdrawn:
            row = newest(rows)
            why = revocation.withdrawal(row.name, row.version, NO_BACKING, self.state.revocations)
            revocation.require_none(why, self._left(name))
        return newest(kept or rows)

    def _left(self, name: str) -> str:
        """Return a hint at the versions that are left, where there are any."""
        left = revocation.not_withdrawn(self.rows_of(name), self.state.revocations)
        return f"`mcpi show {name}` lists its versions" if left else ""


class TreeRegistry(Registry):
    """A registry in a folder, all of it pinned by the digest of its index."""

    def __init__(
        self,
        folder: Path,
        state: RegistryState,
        index_sha256: str,
        voucher: Voucher | None = None,
    ) -> None:
        super().__init__(state)
        self._voucher = voucher or Nobody()
        self._folder = folder
        path = folder / "index.toml"
        self._rows = registry_text.parse_index(
            read_compared(path, limits.INDEX_BYTES, index_sha256), str(path)
        )
        self._require_targets()

    def index(self) -> tuple[IndexRow, ...]:
        """Return every row, sorted by name and version."""
        return self._rows

    def rows_of(self, name: str) -> tuple[IndexRow, ...]:
        """Return the rows of one server."""
        return tuple(row for row in self._rows if row.name == name)

    def search(self, text: str) -> tuple[IndexRow, ...]:
        """Return the newest row of every server in which each word of `text` occurs."""
        from mcpinstall.registries.names import newest

        words = text.casefold().split()
        found = {
            row.name: row
            for row in self._rows
            if all(word in self._words(row, whole="." in word) for word in words)
        }
        left = (
            revocation.not_withdrawn(self.rows_of(name), self.state.revocations) for name in found
        )
        return tuple(newest(rows) for rows in left if rows)

    def files_of(self, row: IndexRow) -> tuple[bytes, ...]:
        """Return the manifest of one version and the files that it pins, each compared."""
        manifest = self._file(row, "manifest.toml", row.sha256)
        pinned = manifest_text.parse(manifest, self._where(row, "manifest.toml")).files
        return (manifest, *(self._file(row, name, digest) for name, digest in pinned))

    def advisory_bytes(self) -> bytes | None:
        """Return the file of advisories, all of it checked, or None where there is none."""
        found = self.advisories()
        if found is None:
            return None
        for _ in found.every():
            pass
        return self._advisories(found.sha256)

    def _advisories(self, sha256: str) -> bytes:
        return read_compared(self._folder / advisory_text.NAME, limits.ADVISORIES_BYTES, sha256)

    def _trusted_root(self, sha256: str) -> bytes:
        return read_compared(self._folder / TRUSTED_ROOT, limits.SIGNATURE_BYTES, sha256)

    def _file(self, row: IndexRow, name: str, sha256: str) -> bytes:
        return read_compared(self._path(row, name), FILE_LIMITS[name], sha256)

    def _where(self, row: IndexRow, name: str) -> str:
        return str(self._path(row, name))

    def _vouched(self, manifest: Manifest, row: IndexRow) -> Vouched:
        """Return what vouches for one server: it may need reviews of its own."""
        signatures = files.read_optional(
            self._path(row, MANIFEST_SIGNATURES), limits.SIGNATURE_BYTES
        )
        return self._voucher.manifest(manifest, row.sha256, signatures, self.state.review)

    def _path(self, row: IndexRow, name: str) -> Path:
        return self._folder.joinpath(*row.name.split("/"), row.version, name)

    def _words(self, row: IndexRow, *, whole: bool) -> str:
        """Return what a word is looked for in: without `whole` not where most names begin alike."""
        alias = self.alias_of(row.name) or ""
        name = row.name if whole else row.name.removeprefix(_EVERYBODYS)
        return f"{name} {row.title} {row.summary} {alias}".casefold()

    def _require_targets(self) -> None:
        known = {row.name for row in self._rows}
        for alias, full in self.state.aliases:
            if full not in known:
                raise McpInstallError(
                    ErrorCode.REGISTRY_INVALID,
                    f"the alias `{alias}` stands for `{names.server_name(full)}`, "
                    "which is not in the index",
                )


def _carried(texts: Mapping[str, bytes], where: str) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
    data = texts.get("attestations.json")
    return () if data is None else tuple(provenance_text.parse_carried(data, where).items())


def _unknown(name: str, version: str | None, rows: tuple[IndexRow, ...]) -> McpInstallError:
    if not rows:
        return McpInstallError(ErrorCode.NOT_FOUND, f"no server is named `{name}`")
    return McpInstallError(
        ErrorCode.NOT_FOUND,
        f"`{name}` has no version `{version}`",
        hint=f"there is {', '.join(f'`{row.version}`' for row in rows[:10])}",
    )


def read_compared(path: Path, limit: int, sha256: str) -> bytes:
    """Return the bytes of a file that were compared with their digest: one read for both."""
    data = files.read_bounded(path, limit)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise McpInstallError(
            ErrorCode.DIGEST_MISMATCH,
            f"`{path}` is not the file that was reviewed",
            hint=f"expected sha256 `{sha256}`, got `{found}`",
        )
    return data
