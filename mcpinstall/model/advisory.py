"""Advisories of packages, shaped as OSV records, and whether one is about a version.

Evaluation follows the OSV schema (https://ossf.github.io/osv-schema/#evaluation), with versions
compared by PEP 440; those of npm by Semantic Versioning.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mcpinstall.model import semver

if TYPE_CHECKING:
    from packaging.version import Version

BEGINNING = "0"
"""`introduced` in the first version, however that is called: it sorts before every version."""
MALICIOUS_PREFIX = "MAL-"
"""Ids of records about packages that were made to do harm."""


_MOST_SAID = 10_000  # versions that all records of a package name; 430 advisories name 5,000
_MOST_TRIED = 200  # fixed versions, the lowest first


class Bound(StrEnum):
    """What happens at a version."""

    INTRODUCED = "introduced"
    FIXED = "fixed"
    LAST_AFFECTED = "last_affected"


_AT_ONE_VERSION = (Bound.FIXED, Bound.INTRODUCED, Bound.LAST_AFFECTED)
"""Order of events at one version: an end, a new beginning, and that this version was all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A version at which a range begins or ends."""

    bound: Bound
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorySource:
    """A database that records were taken from."""

    name: str
    """What it is called, where it is, and of which state."""
    date: date
    """Of its newest change that is in here."""
    licence: str
    link: str
    """Address of one record, with `{id}` in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """What one record says of one package."""

    id: str
    aliases: tuple[str, ...] = ()
    modified: date
    ranges: tuple[tuple[Event, ...], ...] = ()
    versions: tuple[str, ...] = ()
    """Affected versions that no range has in it."""
    severity: str = ""
    """Vector of CVSS, where the record has one."""
    malicious: bool = False
    withdrawn: date | None = None
    source: int = 0
    """Its place among the sources of its file."""

    @property
    def is_malicious(self) -> bool:
        """Tell whether the package was made to do harm."""
        return self.malicious or any(
            one.startswith(MALICIOUS_PREFIX) for one in (self.id, *self.aliases)
        )

    @property
    def fixed(self) -> tuple[str, ...]:
        """Versions that are said to be without it."""
        events = [event for one in self.ranges for event in one]
        return tuple(dict.fromkeys(e.version for e in events if e.bound is Bound.FIXED))


def affects(advisory: Advisory, version: str) -> bool:
    """Tell whether `advisory` is about `version`; a withdrawn one is about nothing.

    A local version (`1.0+cpu`) is judged as its public one too, for it is made of that one; in a
    range that names local versions itself it is judged as it is.

    Raises:
        ValueError: for a version that is not one of PEP 440.
    """
    if advisory.withdrawn is not None:
        return False
    exact = _python_key(version)
    every = {exact, _python_key(exact.public)}
    if any(_is_listed(listed, every) for listed in advisory.versions):
        return True
    return any(_in_range(one, exact) for one in advisory.ranges)


def affects_npm(advisory: Advisory, version: str) -> bool:
    """Tell the same of a package of npm, whose versions are those of Semantic Versioning.

    Raises:
        ValueError: for a version that is none of those.
    """
    if advisory.withdrawn is not None:
        return False
    exact = semver.key(version)
    if any(_is_same(listed, exact) for listed in advisory.versions):
        return True
    return any(_is_affected(one, exact, _npm_key) for one in advisory.ranges)


def fixed_after(advisory: Advisory, version: str, *, npm: bool = False) -> str:
    """Return the lowest fixed version above `version`, or nothing."""
    from packaging.version import Version

    key: Callable[[str], Any] = semver.key if npm else Version
    found = [one for one in advisory.fixed if key(one) > key(version)]
    return min(found, key=key, default="")


def first_fixed(records: Sequence[Advisory], version: str, *, npm: bool = False) -> str:
    """Return the lowest fixed version above `version` that no record is about, or nothing.

    `records` are all that are known of the package, whatever versions they are about; one without
    any version is about all.  What comes before a release (`2.0rc1`) counts where nothing else is
    known.  Of records that say more than any honest ones, nothing is known.
    """
    key: Callable[[str], Any] = _npm_key if npm else _python_key
    is_about = affects_npm if npm else affects
    standing = [one for one in records if one.withdrawn is None]
    is_open = not all(one.ranges or one.versions for one in standing)
    if is_open or sum(map(_said, standing)) > _MOST_SAID:
        return ""
    try:
        named = {one: key(one) for record in standing for one in record.fixed}
        above = [one for one, this in named.items() if this > key(version)]
        above.sort(key=lambda one: (_is_before_release(one, npm=npm), named[one]))
        free = (one for one in above[:_MOST_TRIED]
                if not any(is_about(record, one) for record in standing))  # fmt: skip
        return next(free, "")
    except ValueError:
        return ""


def _said(advisory: Advisory) -> int:
    """Return how many versions a record names."""
    return len(advisory.versions) + sum(map(len, advisory.ranges))


@functools.lru_cache(maxsize=2 * _MOST_SAID)
def _python_key(text: str) -> Version:
    """Return what versions of Python packages are compared by.

    Raises:
        ValueError: for one that is none of PEP 440.
    """
    from packaging.version import Version

    return Version(text)


@functools.lru_cache(maxsize=2 * _MOST_SAID)
def _npm_key(text: str) -> semver.Key:
    return semver.key(text)


def _is_before_release(version: str, *, npm: bool) -> bool:
    return "-" in version.partition("+")[0] if npm else _python_key(version).is_prerelease


def _is_same(listed: str, version: semver.Key) -> bool:
    try:
        return _npm_key(listed) == version
    except ValueError:
        return False


def _is_listed(listed: str, versions: set[Version]) -> bool:
    try:
        return _python_key(listed) in versions
    except ValueError:  # a name from before PEP 440: no version that is locked has one
        return False


def _in_range(events: Sequence[Event], version: Version) -> bool:
    is_local = any("+" in event.version for event in events)
    alone = is_local or version.local is None
    judged = [version] if alone else [version, _python_key(version.public)]
    return any(_is_affected(events, one, _python_key) for one in judged)


def _is_affected(
    events: Sequence[Event],
    version: Any,  # noqa: ANN401 (what `key` returns)
    key: Callable[[str], Any],
) -> bool:
    """Walk the events in order of their versions: the last one that holds decides."""

    def is_first(event: Event) -> bool:
        return event.bound is Bound.INTRODUCED and event.version == BEGINNING

    def order(event: Event) -> tuple[object, ...]:
        rank = _AT_ONE_VERSION.index(event.bound)
        return (False,) if is_first(event) else (True, key(event.version), rank)

    affected = False
    for event in sorted(events, key=order):
        if event.bound is Bound.INTRODUCED:
            if is_first(event) or version >= key(event.version):
                affected = True
        elif version > key(event.version) or (
            event.bound is Bound.FIXED and version == key(event.version)
        ):
            affected = False
    return affected
