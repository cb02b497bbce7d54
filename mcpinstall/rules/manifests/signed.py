"""MV606 to MV608: signatures of owners and reviewers, attestations of publishers."""

from __future__ import annotations

from mcpinstall.errors import McpInstallError
from mcpinstall.model.finding import Finding, Severity
from mcpinstall.rules.manifests.facts import MANIFEST, RegistryFacts, Version, rule
from mcpinstall.rules.manifests.reading import REGISTRY

SIGNATURES_INVALID = rule(
    606, "signatures-invalid", Severity.CRITICAL, "Too few valid signatures are over the registry"
)
REVIEWS_UNSIGNED = rule(
    607, "reviews-unsigned", Severity.HIGH, "Too few valid signatures are over a manifest"
)

PUBLISHER_UNVERIFIED = rule(
    608, "publisher-unverified", Severity.CRITICAL, "A wheel isn't by the publisher that is named"
)


def registry(facts: RegistryFacts, error: McpInstallError) -> Finding:
    """Return the finding for a registry whose signatures are refused."""
    return facts.finding(
        SIGNATURES_INVALID, REGISTRY, error.message, fix="sign it: `mcpi manifest sign`",
        evidence=error.evidence,
    )  # fmt: skip


def manifest(version: Version, evidence: str) -> Finding:
    """Return the finding for a manifest whose signed reviews are too few."""
    return version.finding(
        REVIEWS_UNSIGNED, MANIFEST, f"it has {evidence}", at="reviews[0]",
        fix="let a reviewer sign it: `mcpi manifest sign …/manifest.toml`",
    )  # fmt: skip


def publisher(version: Version, error: McpInstallError) -> Finding:
    """Return the finding for a wheel that somebody else made, or nobody is known to have."""
    return version.finding(
        PUBLISHER_UNVERIFIED, MANIFEST, error.message, at="publisher", evidence=error.evidence,
        fix="find out why before anything else; then correct `[publisher]`",
    )  # fmt: skip
