"""Everything that is known of one version of a server, so that two can be compared."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall.model.artifact import Artifact, Inspection
from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import Hook, Manifest
from mcpinstall.model.server_json import ServerJson
from mcpinstall.model.tools import ToolList


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFacts:
    """What the inspection of one wheel found; the wheel is known by its digest."""

    sha256: str
    package: str
    """Normalised name of its package."""
    scripts: tuple[tuple[str, str], ...] = ()
    """Name of a console or GUI script → what it calls, `module:attribute`."""
    hooks: tuple[Hook, ...] = ()
    """What has to be accepted by reviewers; whether it is, the manifest says."""
    native: tuple[str, ...] = ()
    """Members that are native code: modules, libraries and programs."""
    programs: tuple[str, ...] = ()
    """Those of them that are programs."""
    unpacked: int = 0
    """Bytes that installing it writes."""
    files: int = 0
    """Files that installing it writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A package of the closure that is not at its newest release, and not for its youth."""

    package: str
    version: str
    """The version that is locked."""
    newest: str
    days: int
    """Days since the newest release came out, more than the minimum age."""
    advisories: tuple[str, ...] = ()
    """Ids of advisories against the version that is locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One version of a server: what its files say, and what was found in its wheels.

    Only `wheels`, `publishers`, `held` and `advisories` may be incomplete; `compare` tells of every
    wheel that it needed and that is not among `wheels`.
    """

    manifest: Manifest
    server: ServerJson
    lock: Lock
    tools: ToolList
    wheels: tuple[WheelFacts, ...] = ()
    publishers: tuple[tuple[str, str], ...] = ()
    """Package → identity that built and uploaded it, as far as known."""
    held: tuple[HeldBack, ...] = ()
    advisories: tuple[tuple[str, str], ...] = ()
    """Package → id of an advisory against the version that is locked, as far as known."""


def wheel_facts(artifact: Artifact, inspection: Inspection, hooks: tuple[Hook, ...]) -> WheelFacts:
    """Return the facts of one inspected wheel; `hooks` is what it needs accepted."""
    return WheelFacts(
        sha256=artifact.sha256,
        package=artifact.package,
        scripts=tuple(
            (script.name, f"{script.module}:{script.attribute}") for script in inspection.scripts
        ),
        hooks=hooks,
        native=inspection.native,
        programs=inspection.programs,
        unpacked=sum(file.size for file in inspection.files),
        files=len(inspection.files),
    )


def changed_packages(before: Lock, after: Lock) -> frozenset[str]:
    """Return the packages whose wheels are not the very same: only these need an inspection."""
    old, new = _digests(before), _digests(after)
    return frozenset(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _digests(lock: Lock) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package in lock.packages:
        found.setdefault(package.name, set()).update(wheel.sha256 for wheel in package.wheels)
    return found
