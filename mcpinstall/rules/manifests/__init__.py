"""Rules of `mcpi manifest verify`, each explained in `docs/manifest-rules.md`.

By what they need: a version's content alone, its wheels, its registry, an earlier state, or the
time.  Only what the first two find depends on nothing else and may be remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from mcpinstall.model.finding import Finding, Rule
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.rules.manifests import (
    advisories,
    agreement,
    artifacts,
    files,
    form,
    history,
    locks,
    lookalikes,
    registry,
    reviews,
    signed,
    start,
)
from mcpinstall.rules.manifests.facts import RegistryFacts, Version, Wheels

_CONTENT = (
    form.refused, form.canonical,
    files.digests, files.strangers, files.folder,
    agreement.names, agreement.packages, agreement.lock, agreement.hooks, agreement.inputs,
    agreement.variations, agreement.attestations,
    locks.platforms, locks.no_python, locks.ages, locks.unknown_ages,
    reviews.independent, reviews.platforms,
)  # fmt: skip
_WHEELS = (
    artifacts.bytes_and_archives, artifacts.hooks, artifacts.scripts, artifacts.licences,
)  # fmt: skip
_REGISTRY = (
    form.refused_registry, form.canonical_registry, files.beside,
    registry.index, registry.pinned, registry.advisories, registry.trust_root, registry.aliases,
    registry.revocations,
    lookalikes.look_alikes, lookalikes.versions,
)  # fmt: skip


def _rules_of(*modules: object) -> Iterator[Rule]:
    for module in modules:
        yield from (value for value in vars(module).values() if isinstance(value, Rule))


RULES = tuple(
    sorted(
        _rules_of(
            advisories,
            agreement,
            artifacts,
            files,
            form,
            history,
            locks,
            lookalikes,
            registry,
            reviews,
            signed,
            start,
        ),
        key=lambda rule: rule.id,
    )
)
"""Every rule, by its id."""


def of_content(version: Version) -> Iterator[Finding]:
    """Yield what is wrong with a version by its files alone."""
    return chain.from_iterable(check(version) for check in _CONTENT)


def of_wheels(version: Version, wheels: Wheels) -> Iterator[Finding]:
    """Yield what is wrong with a version's wheels."""
    return chain.from_iterable(check(version, wheels) for check in _WHEELS)


def of_advisories(facts: RegistryFacts) -> Iterator[Finding]:
    """Yield what is wrong with the records of a registry's advisories; its bytes alone decide."""
    return registry.damaged_advisories(facts)


def of_today(version: Version, described: RegistryFile | None, now: datetime) -> Iterator[Finding]:
    """Yield what depends on the time, and on what the registry says of reviews."""
    yield from reviews.enough(version, described)
    yield from reviews.dates(version, now)


def of_registry(facts: RegistryFacts, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with a registry's own files."""
    yield from chain.from_iterable(check(facts) for check in _REGISTRY)
    yield from registry.dates(facts, now)
