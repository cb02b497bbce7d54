"""MA105 and MA106: packages and versions that advisories are about."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.advisory import (
    BEGINNING,
    Advisory,
    affects,
    affects_npm,
    first_fixed,
)
from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Severity
from mcpinstall.model.names import normalized_package
from mcpinstall.rules.audit.cvss import severity
from mcpinstall.rules.audit.fetches import packages
from mcpinstall.rules.audit.locked import locked_version
from mcpinstall.rules.audit.machine_facts import MachineFacts
from mcpinstall.rules.audit.rule import Hit, rule
from mcpinstall.rules.audit.specs import Kind, Package, Pin

MALICIOUS = rule(
    105, "known-malicious-package", Severity.CRITICAL, "A package is known to be malicious",
    cwe=506,
)  # fmt: skip
VULNERABLE = rule(
    106, "known-vulnerable-version", Severity.HIGH, "A version has known vulnerabilities", cwe=1395,
)  # fmt: skip
RULES = (MALICIOUS, VULNERABLE)

LINK = "https://osv.dev/vulnerability/{id}"
"""Where people read what OSV says."""

_SHOWN = 5  # ids in one message


def malicious(package: Package, facts: MachineFacts) -> Iterator[Hit]:
    """Yield that a package was made to do harm, whatever else is wrong with its launch."""
    about = [one for one in _records(package, facts) if one.is_malicious]
    if about:
        yield Hit(
            rule=MALICIOUS, pointer=package.value.pointer,
            message=f"`{package.shown}` is known to be malicious: {_ids(about)}",
            fix=f"remove the server, and read {_link(about[0], facts)}",
        )  # fmt: skip


def vulnerable(package: Package, facts: MachineFacts) -> Iterator[Hit]:
    """Yield that the exact version of a package has vulnerabilities."""
    version = _version(package, facts)
    about = _records(package, facts)
    if version and about:
        worst = max((severity(one.severity) for one in about), key=lambda one: one.rank)
        yield Hit(
            rule=VULNERABLE, pointer=package.value.pointer, severity=worst,
            message=f"`{package.name}` {version} has known vulnerabilities: {_ids(about)}",
            fix=_fix(about, package, facts),
        )  # fmt: skip


def _records(package: Package, facts: MachineFacts) -> list[Advisory]:
    """Return what is about a package as it is named: at its version, else at every version."""
    if version := _version(package, facts):
        return _known(package.kind, package.name, version, facts)
    ecosystem, name, _ = asked(package.kind, package.name, "")
    shipped = facts.advisories.of(name, ecosystem) if facts.advisories else ()
    return [one for one in shipped if _every(one)]


def _link(advisory: Advisory, facts: MachineFacts) -> str:
    """Return where a record can be read; what was asked online has its address in no file."""
    if facts.advisories is None or advisory.source < 0:
        return LINK.replace("{id}", advisory.id)
    return facts.advisories.link(advisory)


def installed(server: AuditedServer, facts: MachineFacts) -> Iterator[Hit]:
    """Yield what is known of the packages in an environment of mcpinstall."""
    managed = facts.managed
    if managed is None:
        return
    for name, version in managed.packages:
        about = _known(Kind.PYPI, name, version, facts)
        bad = [one for one in about if one.is_malicious]
        if about:
            what = "is known to be malicious" if bad else "has known vulnerabilities"
            worst = max((severity(one.severity) for one in about), key=lambda one: one.rank)
            yield Hit(
                rule=MALICIOUS if bad else VULNERABLE, pointer=server.pointer,
                severity=None if bad else worst,
                message=f"`{name}` {version} in its environment {what}: {_ids(bad or about)}",
                fix=f"mcpi uninstall {managed.entry_name}" if bad
                else f"`mcpi update {managed.entry_name}`, if a version is without it",
            )  # fmt: skip


def exact_packages(server: AuditedServer, facts: MachineFacts) -> Iterator[tuple[str, str, str]]:
    """Yield ecosystem, name and version of what a server starts at an exact version."""
    for _, package in packages(server):
        if package.kind in {Kind.NPM, Kind.PYPI} and (version := _version(package, facts)):
            yield asked(package.kind, package.name, version)
    for name, version in facts.managed.packages if facts.managed else ():
        yield asked(Kind.PYPI, name, version)


def asked(kind: Kind, name: str, version: str) -> tuple[str, str, str]:
    """Return the key under which facts have what was asked online of one version."""
    return str(kind), normalized_package(name) if kind is Kind.PYPI else name, version


def _known(kind: Kind, name: str, version: str, facts: MachineFacts) -> list[Advisory]:
    """Return what is about an exact version: of the shipped file, and what was asked for."""
    ecosystem, plain, _ = key = asked(kind, name, version)
    shipped = facts.advisories.of(plain, ecosystem) if facts.advisories else ()
    found = {one.id: one for one in shipped if _is_about(one, version, kind)}
    names = {name for one in found.values() for name in (one.id, *one.aliases)}
    for one in facts.online.get(key, ()):
        if one.withdrawn is None and not names.intersection((one.id, *one.aliases)):
            found[one.id] = one
            names.update((one.id, *one.aliases))
    return list(found.values())


def _version(package: Package, facts: MachineFacts) -> str:
    if package.pin is Pin.EXACT:
        return package.version.lstrip("v=")
    return locked_version(package, facts)


def _is_about(advisory: Advisory, version: str, kind: Kind) -> bool:
    if advisory.withdrawn is None and version in advisory.versions:
        return True
    try:
        return affects_npm(advisory, version) if kind is Kind.NPM else affects(advisory, version)
    except ValueError:  # a version that can't be compared: only a listed one is known
        return False


def _every(advisory: Advisory) -> bool:
    """Tell whether a record is about every version there is."""
    if advisory.withdrawn is not None:
        return False
    is_open = any([event.version for event in one] == [BEGINNING] for one in advisory.ranges)
    return is_open or not (advisory.ranges or advisory.versions)


def _ids(advisories: list[Advisory]) -> str:
    ids = ", ".join(one.id for one in advisories[:_SHOWN])
    return ids if len(advisories) <= _SHOWN else f"{ids} and {len(advisories) - _SHOWN} more"


def free_version(package: Package, facts: MachineFacts) -> str:
    """Return the lowest fixed version above that of a package that no known record is about."""
    ecosystem, plain, version = asked(package.kind, package.name, _version(package, facts))
    shipped = facts.advisories.of(plain, ecosystem) if facts.advisories else ()
    names = {name for one in shipped for name in (one.id, *one.aliases)}
    online = tuple(
        one
        for (of, name, _), found in facts.online.items() if (of, name) == (ecosystem, plain)
        for one in found if not names.intersection((one.id, *one.aliases))
    )  # fmt: skip
    return first_fixed((*shipped, *online), version, npm=package.kind is Kind.NPM)


def _fix(about: list[Advisory], package: Package, facts: MachineFacts) -> str:
    if version := free_version(package, facts):
        return f"name version {version} or a later one"
    return f"no version is known to be fixed; read {_link(about[0], facts)}"
