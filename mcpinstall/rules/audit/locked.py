"""Packages that a project's lock file has at one version, for runners that look there first."""

from __future__ import annotations

import re

from mcpinstall.model import semver
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.rules.audit.fetches import packages
from mcpinstall.rules.audit.machine_facts import MachineFacts
from mcpinstall.rules.audit.specs import Kind, Package, Pin

LOCAL_FIRST = frozenset({"npx", "npm exec", "npm x", "bunx", "bun x"})
"""Runners that take what the project has installed, before they fetch anything."""

_RANGE = re.compile(r"(?P<how>[\^~]?)(?P<numbers>\d{1,9}(?:\.\d{1,9}){0,2})(?:\.[xX*]){0,2}")
_ANY = frozenset({"", "*", "x"})


def asks_lock(server: AuditedServer) -> bool:
    """Tell whether a lock file beside a server's file decides what version it starts."""
    if server.scope is not FileScope.PROJECT:
        return False
    return any(
        fetch.runner in LOCAL_FIRST and package.kind is Kind.NPM and package.pin is Pin.FLOATING
        for fetch, package in packages(server)
    )


def locked_version(package: Package, facts: MachineFacts) -> str:
    """Return the version that a lock file has of a package, if it is one that was asked for."""
    if package.kind is not Kind.NPM or package.pin is not Pin.FLOATING:
        return ""
    version = facts.locked.get(f"npm:{package.name}", "")
    return version if version and _fits(package.version.strip(), version) else ""


def _fits(wanted: str, version: str) -> bool:
    """Tell whether a version is in a range; of a range that is not known here it is not."""
    if wanted in _ANY:
        return True
    found = _RANGE.fullmatch(wanted)
    if found is None:
        return False
    try:
        major, minor, patch, is_release, _ = semver.key(version)
    except ValueError:
        return False
    least = tuple(int(number) for number in found["numbers"].split("."))
    here = (major, minor, patch)
    if not is_release or here < least:
        return False
    same = next((at for at, one in enumerate(least) if one), len(least) - 1) + 1
    if found["how"] == "~":
        same = min(len(least), 2)
    return here[: same if found["how"] else len(least)] == least[: same if found["how"] else None]
