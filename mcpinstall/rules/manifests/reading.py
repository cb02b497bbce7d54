"""From bytes to what rules look at: every file is parsed, and a refusal is kept, not raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from mcpinstall.errors import McpInstallError
from mcpinstall.model import (
    lock_text,
    manifest_text,
    provenance_text,
    registry_text,
    server_text,
    tool_text,
)
from mcpinstall.model.document import Document
from mcpinstall.rules.manifests.facts import (
    ATTESTATIONS,
    LOCK,
    MANIFEST,
    SERVER,
    TOOLS,
    RegistryFacts,
    Version,
)

T = TypeVar("T")

REGISTRY, INDEX, TRUST_ROOT = "registry.toml", "index.toml", "trusted_root.json"


class _Parser:
    """Parses the files of one folder and keeps what was refused."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self.refusals: list[tuple[str, McpInstallError]] = []

    def parse(self, name: str, parser: Callable[[bytes, str], T]) -> T | None:
        document = self._documents.get(name)
        if document is None:
            return None
        try:
            return parser(document.data, name)
        except McpInstallError as error:
            self.refusals.append((name, error))
            return None


def version(
    where: str,
    path: str,
    documents: Mapping[str, Document],
    strangers: Sequence[str] = (),
    unread: Sequence[str] = (),
) -> Version:
    """Return one version's folder as facts."""
    parser = _Parser(documents)
    return Version(
        where=where,
        path=path,
        documents=documents,
        strangers=tuple(strangers),
        unread=tuple(unread),
        manifest=parser.parse(MANIFEST, manifest_text.parse),
        server=parser.parse(SERVER, server_text.parse),
        lock=parser.parse(LOCK, lock_text.parse),
        tools=parser.parse(TOOLS, tool_text.parse_tools),
        attestations=parser.parse(ATTESTATIONS, provenance_text.parse_carried) or {},
        refusals=tuple(parser.refusals),
    )


def registry(
    path: str,
    documents: Mapping[str, Document],
    versions: Sequence[Version],
    strangers: Sequence[str] = (),
) -> RegistryFacts:
    """Return a registry's own files as facts."""
    parser = _Parser(documents)
    return RegistryFacts(
        path=path,
        documents=documents,
        file=parser.parse(REGISTRY, registry_text.parse),
        rows=parser.parse(INDEX, registry_text.parse_index),
        refusals=tuple(parser.refusals),
        versions=versions,
        strangers=tuple(strangers),
    )
