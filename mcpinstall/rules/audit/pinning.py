"""MA101 to MA104: what is fetched at each start is not one version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.model.names import normalized_package
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.locked import LOCAL_FIRST, locked_version
from mcpinstall.rules.audit.machine_facts import MachineFacts
from mcpinstall.rules.audit.rule import AuditRule, Hit, Persona, rule
from mcpinstall.rules.audit.secrets import is_secret_itself
from mcpinstall.rules.audit.specs import Kind, Package, Pin, is_placeholder

UNPINNED_NPM = rule(
    101, "unpinned-npm", Severity.MEDIUM, "An npm package is fetched without an exact version",
    cwe=1357,
)  # fmt: skip
UNPINNED_PYPI = rule(
    102, "unpinned-pypi", Severity.MEDIUM, "A Python package is fetched without an exact version",
    cwe=1357,
)  # fmt: skip
MUTABLE_SOURCE = rule(
    103, "mutable-or-unhashed-source", Severity.HIGH,
    "Code is fetched from an address without a commit or a digest", cwe=494,
)  # fmt: skip
MUTABLE_IMAGE = rule(
    104, "mutable-image", Severity.MEDIUM, "A container's image is named without its digest",
    cwe=494,
)  # fmt: skip
RULES = (UNPINNED_NPM, UNPINNED_PYPI, MUTABLE_SOURCE, MUTABLE_IMAGE)

_OF_KIND: Mapping[Kind, AuditRule] = {
    Kind.NPM: UNPINNED_NPM,
    Kind.JSR: UNPINNED_NPM,
    Kind.PYPI: UNPINNED_PYPI,
    Kind.SOURCE: MUTABLE_SOURCE,
    Kind.GO: MUTABLE_SOURCE,
    Kind.NIX: MUTABLE_SOURCE,
    Kind.NUGET: MUTABLE_SOURCE,
    Kind.CRATES: MUTABLE_SOURCE,
    Kind.IMAGE: MUTABLE_IMAGE,
}
_SHOWN = 5  # packages in one message
_ADOPTABLE = frozenset({"uvx", "uv tool run", "pipx run"})
"""Runners whose servers `mcpi adopt` takes over."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class _Loose:
    """A package that is not one version."""

    fetch: Fetch
    package: Package
    severity: Severity
    persona: Persona = Persona.REGULAR


def check(
    server: AuditedServer, facts: MachineFacts, packages: Iterable[tuple[Fetch, Package]]
) -> Iterator[Hit]:
    """Yield one hit for each rule, however many packages it is about."""
    found: dict[AuditRule, list[_Loose]] = {}
    for fetch, package in packages:
        loose = _judged(fetch, package, server.scope, facts)
        if loose is not None:
            found.setdefault(_OF_KIND[package.kind], []).append(loose)
    for rule_, several in found.items():
        yield _hit(rule_, several, facts, _adopted(server))


def _judged(fetch: Fetch, package: Package, scope: FileScope, facts: MachineFacts) -> _Loose | None:
    if package.pin in {Pin.EXACT, Pin.LOCAL} or fetch.is_offline:
        return None
    if is_placeholder(package.value.text):
        return None
    severity = _severity(package, scope)
    is_locked = fetch.runner in LOCAL_FIRST and bool(locked_version(package, facts))
    persona = Persona.PEDANTIC if is_locked else Persona.REGULAR
    return _Loose(fetch, package, severity, persona)


def _severity(package: Package, scope: FileScope) -> Severity:
    if package.kind is Kind.NPM and package.pin is Pin.LATEST and scope is FileScope.PROJECT:
        return Severity.HIGH
    if package.kind is Kind.IMAGE and package.pin is Pin.LATEST:
        return Severity.HIGH
    if package.kind in {Kind.NUGET, Kind.CRATES}:  # an index keeps their versions as they are
        return Severity.MEDIUM
    return _OF_KIND[package.kind].severity


def _adopted(server: AuditedServer) -> str:
    """Return the command that takes an entry of the user's own over; nothing for others."""
    name = server.name.text
    is_own = server.scope is FileScope.USER and set(server.wrappers) <= {"cmd"}
    is_plain = _NAME.fullmatch(name) and not is_secret_itself(name)
    return f"mcpi adopt {name}" if is_own and is_plain else ""


def _is_adoptable(loose: _Loose) -> bool:
    return loose.fetch.runner in _ADOPTABLE and "[" not in loose.package.value.text


def _hit(rule_: AuditRule, several: list[_Loose], facts: MachineFacts, adopted: str) -> Hit:
    regular = [one for one in several if one.persona is Persona.REGULAR]
    told = regular or several
    worst = max(told, key=lambda one: one.severity.rank)
    names = ", ".join(f"`{one.package.shown}`" for one in told[:_SHOWN])
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    first = told[0]
    return Hit(
        rule=rule_,
        pointer=first.package.value.pointer,
        message=f"`{first.fetch.runner}` {_WHAT[rule_](first.package)}: {names}{more}",
        fix=_fix(first.package, facts, adopted if _is_adoptable(first) else ""),
        severity=worst.severity,
        persona=None if regular else Persona.PEDANTIC,
    )


def _of_source(package: Package) -> str:
    if package.kind in {Kind.NUGET, Kind.CRATES}:
        return "fetches whatever version is newest"
    return "runs code from an address whose content can change"


def _of_index(package: Package) -> str:
    is_range = package.pin is Pin.FLOATING and re.search(r"[0-9]", package.version)
    return "fetches the newest version that fits" if is_range else (
        "fetches whatever version is newest"
    )  # fmt: skip


_WHAT: Mapping[AuditRule, Callable[[Package], str]] = {
    UNPINNED_NPM: _of_index,
    UNPINNED_PYPI: _of_index,
    MUTABLE_SOURCE: _of_source,
    MUTABLE_IMAGE: lambda _: "runs an image whose tag can be moved",
}


def _fix(package: Package, facts: MachineFacts, adopted: str) -> str:
    key = f"{package.kind}:{package.name}"
    is_python = package.kind is Kind.PYPI
    alias = facts.aliases.get(f"pypi:{normalized_package(package.name)}" if is_python else key)
    if alias:
        return adopted or f"mcpi install {alias}"
    name = package.name
    locked = facts.locked.get(key)
    return {
        Kind.NPM: f"name the version: `{name}@{locked or 'X.Y.Z'}`",
        Kind.JSR: f"name the version: `{name}@X.Y.Z`",
        Kind.PYPI: f"name the version: `{name}==X.Y.Z`" + f"; or `{adopted}`" * bool(adopted),
        Kind.IMAGE: f"name the digest: `{package.shown}@sha256:…`",
        Kind.GO: f"name the version: `{name}@vX.Y.Z`",
        Kind.NUGET: f"name the version: `{name}@X.Y.Z`",
        Kind.CRATES: f"name the version: `{name}@X.Y.Z`",
        Kind.SOURCE: "name the commit, or for pip and uv the file's digest as `#sha256=…`",
    }.get(package.kind, "name the commit")
