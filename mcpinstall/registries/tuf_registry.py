"""A TUF repository as a registry (docs/decisions/0011)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import names, registry_text, tuf_layout
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.registry import (
    IndexRow,
    RegistryKind,
    RegistryState,
    ReviewState,
    TufSource,
)
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.registries import memory
from mcpinstall.registries.sources import clock_words, root_path
from mcpinstall.registries.tree import FILE_LIMITS, Registry
from mcpinstall.registries.tuf_client import Freshness, Places, TufClient
from mcpinstall.registries.tuf_fetchers import BoundedFetcher, FolderFetcher, WebFetcher
from mcpinstall.system import files, limits
from mcpinstall.system.fetch import Client
from mcpinstall.system.machine import Machine
from mcpinstall.system.paths import StatePaths


class TufRegistry(Registry):
    """A registry whose root the user confirmed; all it says is signed, down to every file."""

    def __init__(self, client: TufClient, source: TufSource, clock: str) -> None:
        self._client = client
        facts, self._custom = _facts(client, source.name)
        super().__init__(_state(client, facts, source, clock))

    def index(self) -> tuple[IndexRow, ...]:
        """Return nothing: a registry of any size is asked by name or by word."""
        return ()

    def rows_of(self, name: str) -> tuple[IndexRow, ...]:
        """Return the rows of one server, as the roles in charge of its namespace sign them."""
        try:
            path = tuf_layout.record(names.server_name(name))
        except McpInstallError:
            return ()
        data = self._client.read(path)
        rows = registry_text.parse_index(data, path) if data is not None else ()
        for row in rows:
            if row.name != name:
                raise _contradiction(self.state.name, f"the record of `{name}` names `{row.name}`")
        return rows

    def search(self, text: str) -> tuple[IndexRow, ...]:
        """Return the newest row of every server that has all words of `text`, as whole words.

        A registry of any size lists nothing without a word that tells servers apart.
        """
        wanted = set(tuf_layout.words(text))
        telling = sorted(wanted - set(self._list(tuf_layout.COMMON)), key=len)
        if not telling:
            return ()
        digits = self._custom.get(tuf_layout.SEARCH_DIGITS)
        if not isinstance(digits, int) or not 0 <= digits <= 3:
            raise _contradiction(self.state.name, "its search index has no size")
        data = self._client.read(tuf_layout.bucket(telling[-1], digits))
        rows = registry_text.parse_index(data, "words") if data is not None else ()
        return tuple(row for row in rows if wanted <= set(tuf_layout.row_words(row)))

    def require_fresh(self) -> None:
        """Refuse a registry that could not be asked, or has expired: see `TufClient`."""
        self._client.require_fresh()

    def _list(self, key: str) -> list[str]:
        found = self._custom.get(key, [])
        return [str(item) for item in found] if isinstance(found, list) else []

    def _file(self, row: IndexRow, name: str, sha256: str) -> bytes:  # noqa: ARG002 (by digest)
        return self._client.file(sha256, FILE_LIMITS[name])

    def _trusted_root(self, sha256: str) -> bytes:
        return self._client.file(sha256, limits.SIGNATURE_BYTES)

    def _advisories(self, sha256: str) -> bytes:
        return self._client.file(sha256, limits.ADVISORIES_BYTES)


def open_registry(
    source: TufSource,
    paths: StatePaths,
    now: datetime,
    *,
    machine: Machine,
    offline: bool,
    read_only: bool = False,
) -> TufRegistry:
    """Open a TUF registry of the user's configuration.

    Raises:
        McpInstallError: `registry-invalid`, `registry-rolled-back` or `registry-unavailable`.
            One that has expired is returned, and says so.
    """
    seen = memory.recall(source.root, paths)
    places = Places(
        name=source.name,
        root=_root(source, paths),
        base="" if Path(source.base).is_absolute() else source.base,
        metadata=paths.registries / source.root / "metadata",
        cache=paths.tuf / source.root,
    )
    # A clock that was turned back does not make anything fresh again.
    fetcher = None if offline else fetcher_for(source.base, machine)
    client = TufClient(places, fetcher, at=max(now, seen.latest), read_only=read_only)
    _require_no_rollback(client, seen, source.name)
    return TufRegistry(client, source, clock_words(seen.latest, now))


def fetcher_for(base: str, machine: Machine) -> BoundedFetcher:
    """Return what reads a repository: at an address, or in a folder.

    Raises:
        McpInstallError: `index-forbidden` for an address that may not be asked.
    """
    folder = Path(base)
    return (
        FolderFetcher(folder) if folder.is_absolute() else WebFetcher(Client(base, machine=machine))
    )


def _require_no_rollback(client: TufClient, seen: memory.Seen, name: str) -> None:
    """Refuse a state older than one that was accepted, also where saved metadata went back.

    A newer root may begin to count anew: so its owner recovers from a stolen key that signed
    the highest of numbers (TUF §6.1, fast-forward attacks).
    """
    root, serial = client.root.version, client.timestamp.version
    if root < seen.root or (root == seen.root and serial < seen.serial):
        raise McpInstallError(
            ErrorCode.REGISTRY_ROLLED_BACK,
            f"the registry `{name}` is at state {serial} of root {root}, but {seen.serial} of root "
            f"{seen.root} was seen before",
            hint="an older state can hide revocations; `mcpi registry refresh` asks for the newest",
        )


def _root(source: TufSource, paths: StatePaths) -> bytes:
    data = files.read_optional(root_path(source.root, paths), limits.TUF_TARGETS_BYTES)
    if data is None or hashlib.sha256(data).hexdigest() != source.root:
        raise McpInstallError(
            ErrorCode.REGISTRY_INVALID,
            f"the root of the registry `{source.name}` is not the one that was confirmed",
            hint=f"`mcpi registry remove {source.name}`, then add it again with its root",
        )
    return data


def _facts(client: TufClient, name: str) -> tuple[RegistryFile, dict[str, object]]:
    """Return the facts of a registry; their text travels in the role that signs them."""
    found = client.find(tuf_layout.FACTS)
    if found is None:
        raise _contradiction(name, f"it has no target `{tuf_layout.FACTS}`")
    text = (found.custom or {}).get(tuf_layout.FACTS_TEXT)
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
    if hashlib.sha256(data).hexdigest() != found.hashes.get("sha256"):
        raise _contradiction(name, f"the text of `{tuf_layout.FACTS}` has another digest")
    return registry_text.parse(data, f"{name}: {tuf_layout.FACTS}"), dict(found.custom or {})


def _state(client: TufClient, facts: RegistryFile, source: TufSource, clock: str) -> RegistryState:
    stale = client.freshness is Freshness.STALE
    return RegistryState(
        name=source.name,
        kind=RegistryKind.TUF,
        root_digest=source.root,
        root_version=client.root.version,
        serial=client.timestamp.version,
        issued=facts.issued,
        expires=client.expires,
        review=ReviewState.CERTIFIED,
        check=CheckResult(
            check=Check.REGISTRY,
            outcome=Outcome.ABSENT if stale else Outcome.VERIFIED,
            evidence=_evidence(client) + clock,
        ),
        stale=stale,
        revocations=facts.revocations,
        aliases=facts.aliases,
        advisories=facts.advisories,
        trusted_root=facts.trusted_root,
    )


def _evidence(client: TufClient) -> str:
    """Say authenticity, freshness and rollback apart."""
    role = client.root.roles["root"]
    day = f"{client.expires:%Y-%m-%d %H:%M} UTC"
    fresh = {
        Freshness.FRESH: f"fresh until {day}",
        Freshness.SAVED: f"not asked now, what was saved is good until {day}",
        Freshness.STALE: f"STALE since {day}",
    }[client.freshness]
    return (
        f"authentic: root {client.root.version}, signed by {role.threshold} of "
        f"{len(role.keyids)} keys; {fresh}; not rolled back: state {client.timestamp.version}"
    )


def _contradiction(name: str, what: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.REGISTRY_INVALID,
        f"the registry `{name}` contradicts itself: {what}",
        hint="tell the owner of the registry",
    )
