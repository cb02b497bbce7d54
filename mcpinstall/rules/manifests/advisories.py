"""MV508 and MV509: what is known of the locked packages; never remembered."""

from __future__ import annotations

from mcpinstall.model.finding import Finding, Severity
from mcpinstall.rules.manifests.facts import LOCK, Version, rule

VULNERABLE = rule(508, "vulnerable", Severity.HIGH, "A package has known vulnerabilities")
MALICIOUS = rule(509, "malicious", Severity.CRITICAL, "A package is known to be malicious")


def affected(
    version: Version, package: str, number: str, facts: str, *, malicious: bool
) -> Finding:
    """Return the finding for one package at one version that advisories are about."""
    packages = version.lock.packages if version.lock else ()
    places = (n for n, one in enumerate(packages) if (one.name, one.version) == (package, number))
    return version.finding(
        MALICIOUS if malicious else VULNERABLE, LOCK, f"`{package}` {number}: {facts}",
        at=f"packages[{next(places, 0)}].version",
        fix="leave the server out" if malicious else "lock a version with the fix",
    )  # fmt: skip
