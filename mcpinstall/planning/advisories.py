"""What files of advisories say of the packages of a server (check 3).  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import advisory
from mcpinstall.model.advisory import Advisory
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.model.artifact import Artifact
from mcpinstall.system import limits

ALLOWANCE = "vulnerable"
"""Word behind `--allow` that accepts known vulnerabilities, and nothing worse."""
_SHOWN = 6  # advisories of one package in one sentence; `evidence` has all


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One package that advisories are about."""

    package: str
    version: str
    advisories: tuple[Advisory, ...]
    links: tuple[str, ...]
    """Where each can be read."""

    @property
    def is_malicious(self) -> bool:
        """Tell whether the package was made to do harm."""
        return any(one.is_malicious for one in self.advisories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the packages of one server."""

    affected: tuple[Affected, ...]
    issued: date | None
    """Of the newest file; None where there is none."""
    unread: tuple[str, ...] = ()
    """Registries whose file could not be read, and why."""


def compare(
    packages: Iterable[tuple[str, str]], files: Sequence[AdvisoryFile], unread: Sequence[str] = ()
) -> Known:
    """Compare packages at exact versions with all files: what any of them says counts.

    Raises:
        McpInstallError: `advisories-invalid`, `json-invalid` or `text-hostile`.
    """
    found = []
    for package, version in sorted(set(packages)):
        of: dict[str, tuple[Advisory, str]] = {}
        for file in files:
            for one in file.of(package):
                if advisory.affects(one, version):
                    of.setdefault(one.id, (one, file.link(one)))
        if of:
            found.append(
                Affected(
                    package=package,
                    version=version,
                    advisories=tuple(one for one, _ in of.values()),
                    links=tuple(link for _, link in of.values()),
                )
            )
    issued = max((file.issued for file in files), default=None)
    return Known(affected=tuple(found), issued=issued, unread=tuple(unread))


def packages_of(artifacts: Iterable[Artifact]) -> tuple[tuple[str, str], ...]:
    """Return name and version of the packages that these files belong to, each once."""
    return tuple(dict.fromkeys((one.package, one.version) for one in artifacts))


def require(name: str, known: Known, allow: Collection[str]) -> None:
    """Refuse a server with a package that is known to be malicious, or vulnerable.

    Raises:
        McpInstallError: `package-malicious`, which nothing allows, or `version-vulnerable`.
    """
    malicious = [one for one in known.affected if one.is_malicious]
    if malicious:
        raise McpInstallError(
            ErrorCode.PACKAGE_MALICIOUS,
            f"`{name}` needs a package that is known to be malicious: {sentence(malicious)}",
            hint="don't install it; where it ran before, change every secret that it could read",
            evidence=_evidence(malicious),
        )
    if known.affected and ALLOWANCE not in allow:
        raise McpInstallError(
            ErrorCode.VERSION_VULNERABLE,
            f"`{name}` needs packages with known vulnerabilities: {sentence(known.affected)}",
            hint="wait for a version without them, or read what they are and use "
            f"`--allow {ALLOWANCE}`",
            evidence=_evidence(known.affected),
        )


def words(known: Known, now: datetime) -> tuple[str, ...]:
    """Return what check 3 says of advisories, with the date of the data."""
    unread = tuple(f"advisories of {one}" for one in known.unread)
    if known.issued is None:
        return (*unread, "advisories not checked (there is no file of them)")
    if known.affected:
        text = f"vulnerable but allowed: {sentence(known.affected)}, {dated(known.issued, now)}"
    else:
        text = f"no known vulnerability, {dated(known.issued, now)}"
    return (text, *unread)


def dated(issued: date, now: datetime) -> str:
    """Say of when the data is; an old file can't tell of what was found since."""
    days = (now.date() - issued).days
    age = f"{days} days" if days != 1 else "1 day"
    if days > limits.ADVISORIES_OLD_DAYS:
        return f"OLD data of {issued} ({age})"
    return f"data of {issued} ({age} old)" if days > 0 else f"data of {issued}"


def sentence(affected: Iterable[Affected]) -> str:
    """Name packages, advisories, and the version that has a fix for all of them."""
    return "; ".join(_one(item) for item in affected)


def _one(item: Affected) -> str:
    return f"{item.package} {item.version} ({facts(item)})"


def facts(item: Affected) -> str:
    """Name the advisories of one package, and the version that has a fix for all of them."""
    ids = [one.id for one in item.advisories]
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{', '.join(ids[:_SHOWN])}{more}; {_fixed(item)}"


def _fixed(item: Affected) -> str:
    from packaging.version import Version

    if item.is_malicious:
        return "malicious"
    fixes = [advisory.fixed_after(one, item.version) for one in item.advisories]
    if not all(fixes):
        return "no fixed version known"
    return f"fixed in {max(fixes, key=Version)}"


def _evidence(affected: Iterable[Affected]) -> str:
    rows = []
    for item in affected:
        for one, link in zip(item.advisories, item.links, strict=True):
            names = " ".join((one.id, *one.aliases))
            severity = f"  {one.severity}" if one.severity else ""
            rows.append(f"{item.package} {item.version}  {names}{severity}\n    {link}")
    return "\n".join(rows)
