"""What the rules of manifests look at: one version's files, its registry, its wheels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mcpinstall.errors import McpInstallError
from mcpinstall.model.document import Document
from mcpinstall.model.finding import Finding, Location, Rule, Severity
from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import HookKind, Manifest
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.server_json import ServerJson
from mcpinstall.model.tools import ToolList

PAGE = "manifest-rules.md"
"""Page of these rules, below `docs/`."""

MANIFEST, SERVER, LOCK, TOOLS = "manifest.toml", "server.json", "pylock.toml", "tools.json"
ATTESTATIONS = "attestations.json"
SIGNATURES = "manifest.sigstore.json"


def rule(number: int, slug: str, severity: Severity, title: str) -> Rule:
    """Return a rule of manifests."""
    return Rule(id=f"MV{number}", slug=slug, severity=severity, title=title, page=PAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One folder `<namespace>/<server>/<version>` and what its files say."""

    where: str
    """`io.github.user/clock/1.2.0`, as its folders are named."""
    path: str
    """The folder, as findings name it."""
    documents: Mapping[str, Document]
    strangers: tuple[str, ...] = ()
    """Paths of what is in the folder and does not belong there."""
    unread: tuple[str, ...] = ()
    """Names of files that are there and could not be read, as for their length."""
    manifest: Manifest | None = None
    """None where it was refused, like the next three."""
    server: ServerJson | None = None
    lock: Lock | None = None
    tools: ToolList | None = None
    attestations: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """File name → attestations that are carried beside the manifest."""
    refusals: tuple[tuple[str, McpInstallError], ...] = ()
    """Name of a file, and why its parser refuses it."""

    def file(self, name: str) -> Document:
        """Return a file, or an empty one in its place."""
        return self.documents.get(name) or Document(path=f"{self.path}/{name}", data=b"")

    def finding(
        self,
        broken: Rule,
        name: str,
        message: str,
        *,
        at: str = "",
        location: Location | None = None,
        fix: str = "",
        evidence: str = "",
    ) -> Finding:
        """Return a finding in the file `name`: at a key path, a location, or the whole file."""
        document = self.file(name)
        place = location or document.at(at)
        return Finding(
            rule=broken,
            location=place,
            message=message,
            subject=self.where,
            fix=fix,
            evidence=evidence,
            excerpt=document.excerpt(place),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededHook:
    """A member of a wheel that a manifest has to accept."""

    member: str
    sha256: str
    kind: HookKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFacts:
    """What is known of one wheel's bytes, whose digest is the lock's."""

    filename: str
    refusal: str = ""
    """Why inspection refuses it; then nothing else is known."""
    hooks: tuple[NeededHook, ...] = ()
    scripts: tuple[str, ...] = ()
    licensed: bool = True
    """Whether METADATA or a file says under which licence it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheels:
    """The wheels of one version."""

    facts: tuple[WheelFacts, ...] = ()
    """Of those that could be looked at."""
    wrong: tuple[tuple[str, str], ...] = ()
    """File name of what an index gave with other bytes, and how they differ."""
    yanked: tuple[tuple[str, str], ...] = ()
    """File name and reason of what its index withdrew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFacts:
    """A registry's own two files, and the versions in its folder."""

    path: str
    documents: Mapping[str, Document]
    file: RegistryFile | None
    rows: tuple[IndexRow, ...] | None
    refusals: tuple[tuple[str, McpInstallError], ...]
    versions: Sequence[Version] = field(default=())
    strangers: tuple[str, ...] = ()
    """Paths of what lies beside the versions and belongs to none."""

    def finding(
        self,
        broken: Rule,
        name: str,
        message: str,
        *,
        at: str = "",
        location: Location | None = None,
        fix: str = "",
        evidence: str = "",
        subject: str = "",
    ) -> Finding:
        """Return a finding in `registry.toml` or `index.toml`."""
        document = self.documents.get(name) or Document(path=f"{self.path}/{name}", data=b"")
        place = location or document.at(at)
        return Finding(
            rule=broken, location=place, message=message, subject=subject or name, fix=fix,
            evidence=evidence, excerpt=document.excerpt(place),
        )  # fmt: skip
