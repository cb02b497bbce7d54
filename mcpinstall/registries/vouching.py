"""Who vouches for the files of a folder: asked for each file that carries signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mcpinstall.model.manifest import Manifest
from mcpinstall.model.registry import ReviewState

REGISTRY_SIGNATURES = "registry.sigstore.json"
"""Signatures over `registry.toml`, beside it."""
MANIFEST_SIGNATURES = "manifest.sigstore.json"
"""Signatures over a `manifest.toml`, each of a reviewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What signatures say of one file."""

    review: ReviewState
    evidence: str
    """A short fact for check 1."""
    reviewers: tuple[str, ...] = ()
    """Reviewers of a manifest whose signature over it holds."""
    needed: int = 0
    """How many of `counted` the manifest's namespace asks for; 0 where nothing asks for any."""
    counted: tuple[str, ...] = ()
    """Those of `reviewers` who may review that namespace."""


class Voucher(Protocol):
    """Verifies signatures by what the user's configuration says, never by what lies beside them."""

    def registry(self, text: bytes, signatures: bytes | None) -> Vouched:
        """Return who vouches for a `registry.toml` of these bytes.

        Raises:
            McpInstallError: `signature-invalid` where too few of those who have to did.
        """

    def manifest(
        self, manifest: Manifest, sha256: str, signatures: bytes | None, before: ReviewState
    ) -> Vouched:
        """Return whose review of a manifest holds; `before` is what its registry is."""


class Nobody:
    """The voucher of a folder for which the user's configuration names no signers."""

    def registry(self, text: bytes, signatures: bytes | None) -> Vouched:
        """Return that nothing vouches, and whether that is for want of a signature."""
        del text
        evidence = "folder of yours, nothing vouches for it"
        if signatures is not None:
            evidence = "folder of yours; it is signed, but your configuration names no signers"
        return Vouched(review=ReviewState.UNREVIEWED, evidence=evidence)

    def manifest(
        self, manifest: Manifest, sha256: str, signatures: bytes | None, before: ReviewState
    ) -> Vouched:
        """Return that no review has a signature that counts."""
        del manifest, sha256, signatures
        return Vouched(review=before, evidence="")
