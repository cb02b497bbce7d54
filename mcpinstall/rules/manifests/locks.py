"""MV401 to MV403: the lock covers what is claimed, and nothing in it is too new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from mcpinstall.errors import McpInstallError
from mcpinstall.model import lock_authoring, lock_text
from mcpinstall.model.finding import Finding, Severity
from mcpinstall.model.lock import Lock, LockedPackage
from mcpinstall.model.manifest import PackageChoice
from mcpinstall.model.names import normalized_package
from mcpinstall.model.platforms import environment as environment_of
from mcpinstall.rules.manifests.facts import LOCK, MANIFEST, Version, rule

PLATFORM_UNCOVERED = rule(
    401, "platform-uncovered", Severity.HIGH, "A claimed platform can't install it"
)
TOO_YOUNG = rule(402, "too-young", Severity.HIGH, "A file was younger than 7 days at review")
AGE_UNKNOWN = rule(
    403, "age-unknown", Severity.LOW, "The lock doesn't say when a file was uploaded"
)

MINIMUM_AGE = timedelta(days=7)
"""What a certified release has been out for; most hijacked ones are found sooner."""

_NAMED = re.compile(r"`([^`]+)`")


def platforms(version: Version) -> Iterator[Finding]:
    """Yield packages without a wheel for a platform and Python that the manifest claims."""
    manifest, lock = version.manifest, version.lock
    if manifest is None or manifest.package is None or lock is None:
        return
    claimed = manifest.package.platforms
    pythons = _pythons(manifest.package)
    faults: dict[str, list[str]] = {}
    for fault in (
        *lock_authoring.uncovered(lock, claimed, pythons=pythons),
        *_unselected(manifest.package, lock, pythons),
    ):
        named = _NAMED.match(fault)
        faults.setdefault(named[1] if named else "", []).append(fault)
    for name, sentences in faults.items():
        yield version.finding(
            PLATFORM_UNCOVERED,
            LOCK,
            sentences[0],
            at=_key(lock, name),
            evidence="\n".join(dict.fromkeys(sentences)),
            fix="hold the package back where it has no wheel, or leave the platform out",
        )


def _pythons(choice: PackageChoice) -> tuple[lock_authoring.Python, ...]:
    """Return the Pythons that a manifest claims: what it does not allow need not be covered."""
    try:
        return lock_authoring.pythons(choice.requires_python)
    except McpInstallError:
        return ()  # told by `no_python`


def no_python(version: Version) -> Iterator[Finding]:
    """Yield a manifest whose `requires-python` allows no Python that anybody has."""
    manifest = version.manifest
    if manifest is not None and manifest.package is not None and not _pythons(manifest.package):
        yield version.finding(
            PLATFORM_UNCOVERED, MANIFEST,
            f"`{manifest.package.requires_python}` allows no version of Python that is known",
            at="package.requires-python",
            fix="allow the versions that the lock covers",
        )  # fmt: skip


def _unselected(
    choice: PackageChoice, lock: Lock, pythons: tuple[lock_authoring.Python, ...]
) -> Iterator[str]:
    """Yield where no marker selects the server's own package, so that nothing is installed."""
    name = normalized_package(choice.identifier)
    ours = [package for package in lock.packages if package.name == name]
    for platform in choice.platforms if ours else ():
        for python in pythons:
            environment = environment_of(platform, python)
            if not any(lock_text.marker_holds(one.marker, environment) for one in ours):
                where = f"{platform} with Python {python[0]}.{python[1]}"
                yield f"`{name}` is left out on {where}"


def ages(version: Version) -> Iterator[Finding]:
    """Yield packages that were younger than 7 days when they were reviewed, without a reason.

    The reason stands in the notes of a review, which names the package.
    """
    manifest, lock = version.manifest, version.lock
    if manifest is None or lock is None:
        return
    reviewed = min((review.on for review in manifest.reviews), default="")
    if not reviewed:
        return
    until = datetime.fromisoformat(reviewed).replace(tzinfo=UTC) + timedelta(days=1)
    notes = " ".join(review.notes for review in manifest.reviews)
    for package in lock.packages:
        young = [wheel for wheel in package.wheels if _is_young(wheel.uploaded, until)]
        if young and not re.search(rf"(?<![\w-]){re.escape(package.name)}(?![\w-])", notes):
            yield version.finding(
                TOO_YOUNG,
                LOCK,
                f"`{young[0].filename}` was uploaded {young[0].uploaded:%Y-%m-%d}, "
                f"and the review is of {reviewed}",
                at=f"{_key(lock, package.name)}.wheels[{package.wheels.index(young[0])}]",
                fix=f"lock an older one, or give the reason in a review's notes: `{package.name}`",
            )


def unknown_ages(version: Version) -> Iterator[Finding]:
    """Yield packages of whose files the lock doesn't say when they were uploaded."""
    for package in version.lock.packages if version.lock else ():
        if any(wheel.uploaded is None for wheel in package.wheels):
            yield version.finding(
                AGE_UNKNOWN, LOCK, f"`{package.name}` {package.version} has no `upload-time`",
                at=f"{_key_of(version.lock, package)}.wheels[0]",
                fix="lock it again with an index that tells: `mcpi manifest lock`",
            )  # fmt: skip


def _is_young(uploaded: datetime | None, until: datetime) -> bool:
    return uploaded is not None and until - uploaded < MINIMUM_AGE


def _key(lock: Lock, name: str) -> str:
    numbers = (n for n, package in enumerate(lock.packages) if package.name == name)
    return f"packages[{next(numbers, 0)}]"


def _key_of(lock: Lock | None, package: LockedPackage) -> str:
    return f"packages[{lock.packages.index(package) if lock else 0}]"
