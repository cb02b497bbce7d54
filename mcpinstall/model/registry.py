"""What a registry answers: reviewed servers, and what vouches for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from mcpinstall.model import revocation
from mcpinstall.model.backing import NO_BACKING, Backing
from mcpinstall.model.checks import CheckResult
from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import Manifest
from mcpinstall.model.revocation import AnyRevocation, Withdrawal
from mcpinstall.model.server_json import ServerJson
from mcpinstall.model.tools import ToolList
from mcpinstall.model.unreviewed_lock import UnreviewedLock

if TYPE_CHECKING:
    from mcpinstall.model.advisory_text import AdvisoryFile


class RegistryKind(StrEnum):
    """Kinds of registry (design §5)."""

    BUNDLED = "bundled"
    FOLDER = "folder"
    TUF = "tuf"
    NONE = "none"
    """No registry: the user gave the server's address."""
    INDEX = "index"
    """No registry: a package of the user's index (`pypi:NAME`)."""
    MCP = "mcp"
    """An MCP registry, which describes servers and vouches for none (`mcp:NAME`)."""


class ReviewState(StrEnum):
    """Whether a trusted registry vouches for manifest and lock."""

    CERTIFIED = "certified"
    UNREVIEWED = "unreviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryState:
    """A registry at one moment: who it is, how fresh it is."""

    name: str
    kind: RegistryKind
    root_digest: str
    """What identifies the registry's trust: sha256 of its root (bundled: of its fixed name)."""
    serial: int
    issued: datetime
    expires: datetime
    review: ReviewState
    check: CheckResult
    """Outcome of check 1: authentic, fresh, not rolled back."""
    stale: bool
    revocations: tuple[AnyRevocation, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    """Short name → full name."""
    address: str = ""
    """Of the index or registry that an unreviewed name was resolved with just now, for people."""
    reviewers: tuple[str, ...] = ()
    """Of one server: reviewers whose signature over its manifest holds."""
    advisories: str = ""
    """sha256 of the registry's file of advisories; nothing where it has none."""
    trusted_root: str = ""
    """sha256 of the Sigstore trust root that the registry delivers; nothing where it has none."""
    root_version: int = 0
    """Of a TUF registry: version of the root in force."""
    warnings: tuple[str, ...] = ()
    """Of one server: what a reader has to know before the yes, as sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TufSource:
    """A TUF registry as the user's configuration names it."""

    name: str
    base: str
    """Its address, or the absolute path of its folder; no slash at the end."""
    root: str
    """sha256 of the root that the user confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """One line of `index.toml`: what `search` reads."""

    name: str
    version: str
    title: str
    summary: str
    sha256: str
    """Digest of the manifest."""
    alias: str = ""
    """Short name; not a part of the line, but of `registry.toml`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedServer:
    """A server as its registry describes it, every file checked against the manifest."""

    registry: RegistryState
    manifest: Manifest
    manifest_sha256: str
    server: ServerJson
    lock: Lock
    tools: ToolList
    check: CheckResult
    """Outcome of check 2: digests, schema, semantic rules, hostile text."""
    attestations: tuple[tuple[str, tuple[bytes, ...]], ...] = ()
    """File name → attestations that its registry carries beside the manifest."""
    unreviewed: UnreviewedLock | None = None
    """What mcpinstall itself pinned, where no registry did: a server of `pypi:` or `mcp:`."""
    advisories: Callable[[], AdvisoryFile | None] | None = field(
        default=None, compare=False, repr=False
    )
    """Reads the advisories of its registry; that may fetch them."""
    trusted_root: Callable[[], bytes | None] | None = field(default=None, compare=False, repr=False)
    """Reads the Sigstore trust root that its registry delivers; None where it delivers none, or
    where nothing vouches for the server."""
    backing: Backing = NO_BACKING
    """Publisher and reviews, of which some may be revoked."""
    discounted: tuple[str, ...] = ()
    """Why reviews that the manifest names don't count and are not in `manifest.reviews`."""

    @property
    def withdrawal(self) -> Withdrawal | None:
        """Why its registry revoked it, or None."""
        found = self.manifest
        revoked = self.registry.revocations
        return revocation.withdrawal(found.name, found.version, self.backing, revoked)
