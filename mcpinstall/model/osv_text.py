"""What the interface of OSV answers, read as something hostile.

Source: https://google.github.io/osv.dev/api/ and https://ossf.github.io/osv-schema/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.advisory import Advisory, Bound, Event
from mcpinstall.model.fields import Fields
from mcpinstall.model.names import normalized_package

Key = tuple[str, str, str]
"""Ecosystem as mcpinstall calls it, name and exact version of a package."""

ECOSYSTEMS: Mapping[str, str] = {"npm": "npm", "pypi": "PyPI"}
"""What OSV calls them."""
WHERE = "answer of OSV"
ASKED = -1
"""Source of an advisory that no file has."""

_ID = re.compile(r"[A-Za-z][A-Za-z0-9:._-]{1,99}")
_TOKEN = 4096  # characters of the mark that names the next page
_VULNERABILITIES = 2000  # of one package and version
_AFFECTED = 5000  # packages of one record
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,99}")
_CVSS = re.compile(r"CVSS:[0-9.]+(/[A-Za-z]+:[A-Za-z]+){1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one question comes to."""

    ids: tuple[str, ...]
    next_page: str = ""


def question(keys: Sequence[tuple[Key, str]]) -> bytes:
    """Return the body of a question about packages, each with the mark of its page or none.

    Nothing else stands in it.
    """
    queries = []
    for (ecosystem, name, version), page in keys:
        about = {"package": {"ecosystem": ECOSYSTEMS[ecosystem], "name": name}, "version": version}
        queries.append(about | ({"page_token": page} if page else {}))
    return json_text.canonical({"queries": queries})


def answers(data: bytes, count: int) -> tuple[Found, ...]:
    """Read the answer to a question about `count` packages.

    Raises:
        McpInstallError: `advisories-unavailable` for what is no such answer.
    """
    found = tuple(_found(one) for one in _top(data).each("results"))
    if len(found) != count:
        raise _nonsense(f"asked about {count} packages, it answers about {len(found)}")
    return found


def record(data: bytes, wanted: str, packages: Sequence[tuple[str, str]]) -> Advisory:
    """Read one record, which must be about one of `packages` (ecosystem and name).

    Raises:
        McpInstallError: `advisories-unavailable` for another record, or what is none.
    """
    top = _top(data)
    if (found := top.text("id")) != wanted:
        raise _nonsense(f"asked for `{wanted}`, it answers with `{found[:100]}`")
    affected = tuple(top.each("affected"))
    if len(affected) > _AFFECTED:
        raise _nonsense(f"`{wanted}` is about more than {_AFFECTED} packages")
    about = [one for one in affected if _package(one) in packages]
    if not about:
        raise _nonsense(f"`{wanted}` is not about what was asked for")
    return Advisory(
        id=wanted,
        aliases=tuple(_id(one) for one in top.texts("aliases")),
        modified=_day(top.text("modified")),
        ranges=tuple(_ranges(about)),
        severity=next(_severities([top, *about]), ""),
        withdrawn=_day(top.text("withdrawn")) if top.table.get("withdrawn") else None,
        source=ASKED,
    )


def _top(data: bytes) -> Fields:
    try:
        value = json_text.parse(data, WHERE)
    except McpInstallError as error:
        raise _nonsense(error.message) from None
    return Fields.of(value, ErrorCode.ADVISORIES_UNAVAILABLE, WHERE)


def _found(fields: Fields) -> Found:
    ids = tuple(dict.fromkeys(_id(one.text("id")) for one in fields.each("vulns")))
    if len(ids) > _VULNERABILITIES:
        raise _nonsense(f"it knows more than {_VULNERABILITIES} advisories about one version")
    page = fields.text("next_page_token", "", limit=_TOKEN)
    return Found(ids=ids, next_page=page)


def _package(affected: Fields) -> tuple[str, str]:
    package = affected.fields("package")
    ecosystem = str(package.table.get("ecosystem", "")).partition(":")[0].casefold()
    name = str(package.table.get("name", ""))
    return ecosystem, normalized_package(name) if ecosystem == "pypi" else name


def _ranges(about: Sequence[Fields]) -> Iterator[tuple[Event, ...]]:
    """Yield the versions with a fix; whether a version is affected has OSV said itself."""
    for affected in about:
        for one in affected.each("ranges"):
            fixed = [
                Event(bound=Bound.FIXED, version=str(event.table["fixed"]))
                for event in one.each("events")
                if _VERSION.fullmatch(str(event.table.get("fixed", "")))
            ]
            if fixed and one.table.get("type") != "GIT":
                yield tuple(fixed)


def _severities(tables: Sequence[Fields]) -> Iterator[str]:
    """Yield vectors of CVSS 3 first, which can be rated."""
    found = [str(one.table.get("score", "")) for table in tables for one in table.each("severity")]
    vectors = [one for one in found if _CVSS.fullmatch(one)]
    yield from sorted(vectors, key=lambda one: not one.startswith("CVSS:3"))


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise _nonsense("it names something that is not the id of an advisory")
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise _nonsense("it names a day that there is not") from None


def _nonsense(why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.ADVISORIES_UNAVAILABLE,
        f"what OSV answers can't be used: {why}",
        hint="try again later; without `--online` the shipped advisories count alone",
    )
