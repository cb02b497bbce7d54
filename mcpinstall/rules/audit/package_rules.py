"""MA101 to MA107 of one server: of several rules about a package, the most telling one speaks."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer
from mcpinstall.rules.audit import known_bad, lookalike, pinning
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.fetches import packages
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Hit
from mcpinstall.rules.audit.specs import Package

RULES = (*pinning.RULES, *known_bad.RULES, *lookalike.RULES)


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Judge every package that is fetched; of a malicious one nothing else is said."""
    others: list[tuple[Fetch, Package]] = []
    for fetch, package in packages(server):
        bad = tuple(known_bad.malicious(package, facts))
        yield from bad
        if not bad:
            others.append((fetch, package))
            yield from known_bad.vulnerable(package, facts)
            yield from lookalike.look_alike(package)
    yield from pinning.check(server, facts, others)
    yield from known_bad.installed(server, facts)
