"""MV701 to MV704: against an earlier state, nothing that users rely on changes silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mcpinstall.model.finding import Finding, Severity
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.rules.manifests.facts import MANIFEST, RegistryFacts, Version, rule
from mcpinstall.rules.manifests.reading import REGISTRY

VERSION_REUSED = rule(
    701, "version-reused", Severity.CRITICAL, "A published version has other content now"
)
ALIAS_REPOINTED = rule(
    702, "alias-repointed", Severity.CRITICAL, "An alias means another server now"
)
SERIAL_NOT_RAISED = rule(
    703, "serial-not-raised", Severity.HIGH, "The registry changed and its serial did not grow"
)
VERSION_GONE = rule(704, "version-gone", Severity.HIGH, "A published version was taken away")

_CONTENT = ("package-lock.json", "pylock.toml", "server.json", "tools.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A registry at an earlier state."""

    ref: str
    """What the user calls it."""
    registry: RegistryFile | None
    """None where there was none, or it can't be read."""
    files: Mapping[str, Mapping[str, str]]
    """Version's folder → file name → its id."""
    manifests: Mapping[str, str]
    """Version's folder → a digest of what its manifest pins and starts; without reviews."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What every alias stood for last, at that state or any before it that is known."""


def versions(
    registry: RegistryFacts,
    before: Before,
    now: Mapping[str, Mapping[str, str]],
    promises: Mapping[str, str],
) -> Iterator[Finding]:
    """Yield versions that were published with other files, and ones that are gone.

    `now` and `promises` are of the folder as it is, like `files` and `manifests` of `before`.
    A manifest may gain reviews; what it pins, permits and starts may not change.
    """
    here = {version.where: version for version in registry.versions}
    for where, files in sorted(before.files.items()):
        version = here.get(where)
        if version is None:
            yield registry.finding(
                VERSION_GONE, REGISTRY, f"`{where}` was published at `{before.ref}`",
                subject=where, fix="put it back, and revoke it in `registry.toml` with a reason",
            )  # fmt: skip
            continue
        changed = [name for name in _CONTENT if files.get(name) != now[where].get(name)]
        if before.manifests.get(where) != promises.get(where):
            changed.append(MANIFEST)
        for name in changed:
            yield _reused(version, name, before.ref)


def _reused(version: Version, name: str, ref: str) -> Finding:
    pinned = name in version.documents and name != MANIFEST
    return version.finding(
        VERSION_REUSED, MANIFEST, f"`{name}` is another one than at `{ref}`",
        at=f"files.{name}" if pinned else "version",
        fix="give it a new version: users pin what was published",
    )  # fmt: skip


def aliases(registry: RegistryFacts, before: Before) -> Iterator[Finding]:
    """Yield aliases that stand for another server than before, and a serial that did not grow."""
    if registry.file is None or before.registry is None:
        return
    earlier = {**before.aliases, **dict(before.registry.aliases)}
    for alias, full in registry.file.aliases:
        if earlier.get(alias, full) != full:
            yield registry.finding(
                ALIAS_REPOINTED, REGISTRY, f"`{alias}` stood for `{earlier[alias]}`",
                at=f"aliases.{alias}", fix="choose a new alias: users typed the old one",
            )  # fmt: skip
    if registry.file != before.registry and registry.file.serial <= before.registry.serial:
        yield registry.finding(
            SERIAL_NOT_RAISED, REGISTRY,
            f"the serial is {registry.file.serial}, and was {before.registry.serial}",
            at="serial", fix=f"write {before.registry.serial + 1}",
        )  # fmt: skip
