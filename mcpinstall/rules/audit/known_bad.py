"""MA105 and MA106: packages and versions that advisories are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcpinstall.model import semver
from mcpinstall.model.advisory import Advisory, affects, affects_npm, fixed_after
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.model.finding import Severity
from mcpinstall.model.names import normalized_package
from mcpinstall.rules.audit.cvss import severity
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

_SHOWN = 5  # ids in one message


def malicious(package: Package, facts: MachineFacts) -> Iterator[Hit]:
    """Yield that a package was made to do harm, whatever else is wrong with its launch."""
    records = [one for one in _records(package, facts) if one.is_malicious]
    version = _version(package, facts)
    kind = package.kind
    about = [one for one in records if (_is_about(one, version, kind) if version else _every(one))]
    if facts.advisories is not None and about:
        yield Hit(
            rule=MALICIOUS, pointer=package.value.pointer,
            message=f"`{package.shown}` is known to be malicious: {_ids(about)}",
            fix=f"remove the server, and read {facts.advisories.link(about[0])}",
        )  # fmt: skip


def vulnerable(package: Package, facts: MachineFacts) -> Iterator[Hit]:
    """Yield that the exact version of a package has vulnerabilities."""
    version = _version(package, facts)
    file = facts.advisories
    if not version or file is None:
        return
    about = [
        one
        for one in _records(package, facts)
        if not one.is_malicious and _is_about(one, version, package.kind)
    ]
    if about:
        worst = max((severity(one.severity) for one in about), key=lambda one: one.rank)
        yield Hit(
            rule=VULNERABLE, pointer=package.value.pointer, severity=worst,
            message=f"`{package.name}` {version} has known vulnerabilities: {_ids(about)}",
            fix=_fix(about, version, package.kind, file),
        )  # fmt: skip


def _records(package: Package, facts: MachineFacts) -> tuple[Advisory, ...]:
    if facts.advisories is None or package.kind not in {Kind.NPM, Kind.PYPI}:
        return ()
    name = normalized_package(package.name) if package.kind is Kind.PYPI else package.name
    return facts.advisories.of(name, str(package.kind))


def _version(package: Package, facts: MachineFacts) -> str:
    if package.pin is Pin.EXACT:
        return package.version.lstrip("v=")
    return facts.locked.get(f"{package.kind}:{package.name}", "")


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
    ends = [event for one in advisory.ranges for event in one[1:]]
    starts = any(one and one[0].version == "0" for one in advisory.ranges)
    return (starts and not ends) or not (advisory.ranges or advisory.versions)


def _ids(advisories: list[Advisory]) -> str:
    ids = ", ".join(one.id for one in advisories[:_SHOWN])
    return ids if len(advisories) <= _SHOWN else f"{ids} and {len(advisories) - _SHOWN} more"


def _fix(about: list[Advisory], version: str, kind: Kind, file: AdvisoryFile) -> str:
    from packaging.version import Version

    npm = kind is Kind.NPM
    key: Callable[[str], Any] = semver.key if npm else Version
    try:
        fixed = [fixed_after(one, version, npm=npm) for one in about]
        if all(fixed):
            return f"name version {max(fixed, key=key)} or a later one"
    except ValueError:
        pass
    return f"no version is known to be fixed; read {file.link(about[0])}"
