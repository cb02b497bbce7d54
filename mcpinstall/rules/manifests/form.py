"""MV101 to MV107: each file by itself is well formed, hides nothing, and is canonical."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text, registry_text
from mcpinstall.model.finding import Finding, Severity
from mcpinstall.rules.manifests.facts import (
    ATTESTATIONS,
    LOCK,
    MANIFEST,
    SERVER,
    TOOLS,
    RegistryFacts,
    Version,
    rule,
)

MANIFEST_INVALID = rule(101, "manifest-invalid", Severity.HIGH, "`manifest.toml` breaks its schema")
SERVER_INVALID = rule(102, "server-json-invalid", Severity.HIGH, "`server.json` breaks its schema")
LOCK_INVALID = rule(103, "lock-invalid", Severity.HIGH, "The lock is more than digests and markers")
TOOLS_INVALID = rule(104, "tools-invalid", Severity.HIGH, "`tools.json` is no reviewed list")
ATTESTATIONS_INVALID = rule(
    107, "attestations-invalid", Severity.HIGH, "`attestations.json` holds no attestations"
)
HOSTILE = rule(105, "text-hostile", Severity.CRITICAL, "A text hides something from its reader")
NOT_CANONICAL = rule(
    106, "not-canonical", Severity.MEDIUM, "A file is not written as it is printed"
)
REGISTRY_INVALID = rule(
    301, "registry-invalid", Severity.HIGH, "`registry.toml` or `index.toml` breaks its schema"
)

_RULES = {
    MANIFEST: MANIFEST_INVALID,
    SERVER: SERVER_INVALID,
    LOCK: LOCK_INVALID,
    TOOLS: TOOLS_INVALID,
    ATTESTATIONS: ATTESTATIONS_INVALID,
}


def refused(version: Version) -> Iterator[Finding]:
    """Yield what the parsers refuse: the parsers that an installation uses."""
    for name, error in version.refusals:
        yield version.finding(
            HOSTILE if error.code is ErrorCode.TEXT_HOSTILE else _RULES[name],
            name,
            error.message,
            location=version.file(name).refused(error),
            fix=_fix(error),
            evidence=error.evidence,
        )


def canonical(version: Version) -> Iterator[Finding]:
    """Yield a manifest that says the right things in another way than it is printed."""
    if version.manifest is None:
        return
    document = version.file(MANIFEST)
    printed = manifest_text.dump(version.manifest)
    if printed != document.data:
        yield version.finding(
            NOT_CANONICAL,
            MANIFEST,
            "the manifest is not written as mcpinstall prints it",
            location=document.difference(printed),
            fix="`mcpi manifest index` prints an edited one: order of keys, quotes, no comments",
        )


def refused_registry(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield what the parsers of the registry's own files refuse, or what of them is missing."""
    for name, error in registry.refusals:
        yield registry.finding(
            HOSTILE if error.code is ErrorCode.TEXT_HOSTILE else REGISTRY_INVALID,
            name,
            error.message,
            location=registry.documents[name].refused(error),
            fix=_fix(error),
        )
    for name in ("index.toml", "registry.toml"):
        if name not in registry.documents:
            yield registry.finding(REGISTRY_INVALID, name, f"`{name}` is missing")


def canonical_registry(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield a `registry.toml` that is not as it is printed."""
    if registry.file is None:
        return
    document = registry.documents["registry.toml"]
    printed = registry_text.dump(registry.file)
    if printed != document.data:
        yield registry.finding(
            NOT_CANONICAL,
            document.name,
            "the registry's file is not written as mcpinstall prints it",
            location=document.difference(printed),
            fix="write each value in the one way: order of keys, quotes, no comments",
        )


def _fix(error: McpInstallError) -> str:
    """Return the parser's hint, but for one that is meant for who installs."""
    return "" if "tell the" in error.hint else error.hint
