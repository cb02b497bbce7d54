"""`advisories.jsonl`: advisories of many packages as text, one line for each package.

The first line says when the file was made and from what.  The others are sorted, each package
once, and begin with its name: one package is found without reading what is said of the others.
A text has one form only, so that what is found that way is all there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, semver
from mcpinstall.model.advisory import BEGINNING, Advisory, AdvisorySource, Bound, Event
from mcpinstall.model.fields import Fields

NAME = "advisories.jsonl"
"""File of a registry's folder."""
PYPI = "pypi"
"""Ecosystem of Python packages, whose names are normalised (PEP 503)."""

LINE_CHARACTERS = 512 * 1024  # of one package; 430 advisories of one package take 120 kB
RECORDS = 4000  # advisories of one package; 430 is the most there is
SOURCES = 16  # databases of one file
ALIASES = 64  # of one advisory
RANGES = 256  # of one advisory
EVENTS = 512  # of one range
VERSIONS = 4000  # listed one by one; a package with a release a day has 365 a year
VERSION_CHARACTERS = 100  # of one version

_KEY = re.compile(r'\{"package":"((?:pypi|npm):[a-z0-9@][a-z0-9@/._-]{0,213})","records":\[')
_NORMALISED = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9:.-]{1,63}")
_SEVERITY = re.compile(r"CVSS:[0-9.]+(/[A-Za-z]+:[A-Za-z]+){1,40}")
_LINK = re.compile(r"https://[a-z0-9./-]+[A-Za-z0-9./_{}-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryFile:
    """A file of advisories, read line by line when a package is asked for."""

    issued: date
    sources: tuple[AdvisorySource, ...]
    lines: Mapping[str, str] = field(repr=False)
    """`pypi:NAME` → its line."""
    where: str
    sha256: str = ""
    """What pins it, where something does."""

    def of(self, package: str, ecosystem: str = PYPI) -> tuple[Advisory, ...]:
        """Return what is said of one package; nothing for one that is not named.

        Raises:
            McpInstallError: `advisories-invalid`, `json-invalid` or `text-hostile`.
        """
        key = f"{ecosystem}:{package}"
        line = self.lines.get(key)
        return () if line is None else _records(line, key, self)

    def link(self, advisory: Advisory) -> str:
        """Return the address at which a record can be read."""
        return self.sources[advisory.source].link.replace("{id}", advisory.id)

    def every(self) -> Iterator[tuple[str, tuple[Advisory, ...]]]:
        """Yield every package with its advisories, all checked.

        Raises:
            McpInstallError: as `of`.
        """
        for key in self.lines:
            yield key, _records(self.lines[key], key, self)


def read(data: bytes, where: str, *, sha256: str = "") -> AdvisoryFile:
    """Read a file's first line and find every other one; what they say is read when asked for.

    Raises:
        McpInstallError: `advisories-invalid`, `json-invalid` or `text-hostile`.
    """
    try:
        first, *rest = data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _invalid(where, f"byte {error.start} is not ASCII") from None
    if not rest or rest.pop():
        raise _invalid(where, "its last line has no end")
    header = _header(first, where)
    lines: dict[str, str] = {}
    before = ""
    for number, line in enumerate(rest, 2):
        found = _KEY.match(line)
        if found is None or len(line) > LINE_CHARACTERS:
            raise _invalid(where, f"line {number} is not one of a package")
        key = found[1]
        if key <= before:
            raise _invalid(where, f"line {number} is not sorted, or its package comes twice")
        lines[key] = line
        before = key
    return AdvisoryFile(
        issued=header[0], sources=header[1], lines=lines, where=where, sha256=sha256
    )


def dump(
    issued: date,
    sources: Iterable[AdvisorySource],
    packages: Mapping[str, Iterable[Advisory]],
) -> bytes:
    """Return the bytes of a file; keys of `packages` are `ECOSYSTEM:NAME`."""
    lines = [_header_line(issued, sources)]
    lines += [_line(key, packages[key]) for key in sorted(packages)]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


# Head --------------------------------------------------------------------------------------------


def _header(line: str, where: str) -> tuple[date, tuple[AdvisorySource, ...]]:
    place = f"{where}: line 1"
    top = Fields.of(_parsed(line, place), ErrorCode.ADVISORIES_INVALID, place)
    top.only("issued", "schema", "sources")
    top.integer("schema", low=1, high=1)
    sources = tuple(_source(one) for one in top.each("sources"))
    if not 1 <= len(sources) <= SOURCES:
        raise top.error("sources", f"are not 1 to {SOURCES}")
    issued = top.parsed("issued", _date)
    if _header_line(issued, sources) != line:
        raise _invalid(where, "line 1 is written in another form")
    return issued, sources


def _header_line(issued: date, sources: Iterable[AdvisorySource]) -> str:
    return _canonical(
        {
            "issued": issued.isoformat(),
            "schema": 1,
            "sources": [
                {
                    "date": one.date.isoformat(),
                    "licence": one.licence,
                    "link": one.link,
                    "name": one.name,
                }
                for one in sources
            ],
        }
    )


def _source(fields: Fields) -> AdvisorySource:
    fields.only("name", "date", "licence", "link")
    link = fields.text("link", limit=300)
    if not _LINK.fullmatch(link) or "{id}" not in link:
        raise fields.error("link", "is not an https address with `{id}` in it")
    return AdvisorySource(
        name=fields.text("name", limit=300),
        date=fields.parsed("date", _date),
        licence=fields.text("licence", limit=50),
        link=link,
    )


# Records -----------------------------------------------------------------------------------------


def _records(line: str, key: str, file: AdvisoryFile) -> tuple[Advisory, ...]:
    place = f"{file.where}: {key}"
    top = Fields.of(_parsed(line, place), ErrorCode.ADVISORIES_INVALID, place)
    top.only("package", "records")
    ecosystem, _, name = top.text("package", limit=LINE_CHARACTERS).partition(":")
    if ecosystem == PYPI and not _NORMALISED.fullmatch(name):
        raise top.error("package", "is not a normalised name")
    version = _version if ecosystem == PYPI else _npm_version
    records = tuple(_advisory(one, len(file.sources), version) for one in top.each("records"))
    ids = [one.id for one in records]
    if not 1 <= len(records) <= RECORDS or ids != sorted(set(ids)):
        raise top.error("records", f"are not 1 to {RECORDS}, sorted, each once")
    if _line(key, records) != line:
        raise _invalid(file.where, f"the line of `{key}` is written in another form")
    return records


def _advisory(fields: Fields, sources: int, version: Callable[[str], str]) -> Advisory:
    fields.only(
        "id", "aliases", "modified", "ranges", "versions", "severity", "malicious", "withdrawn",
        "source",
    )  # fmt: skip
    severity = fields.text("severity", "", limit=300)
    if severity and not _SEVERITY.fullmatch(severity):
        raise fields.error("severity", "is not a vector of CVSS")
    return Advisory(
        id=_id(fields.text("id"), fields, "id"),
        aliases=tuple(_id(one, fields, "aliases") for one in _few(fields, "aliases", ALIASES)),
        modified=fields.parsed("modified", _date),
        ranges=_ranges(fields, version),
        versions=tuple(_few(fields, "versions", VERSIONS, limit=VERSION_CHARACTERS)),
        severity=severity,
        malicious=fields.boolean("malicious"),
        withdrawn=fields.parsed("withdrawn", _date) if "withdrawn" in fields.table else None,
        source=fields.integer("source", high=sources - 1) if "source" in fields.table else 0,
    )


def _ranges(fields: Fields, version: Callable[[str], str]) -> tuple[tuple[Event, ...], ...]:
    ranges = fields.table.get("ranges", [])
    if not isinstance(ranges, list) or len(ranges) > RANGES:
        raise fields.error("ranges", f"are not a list of at most {RANGES}")
    found = []
    for number, one in enumerate(ranges):
        events = Fields({"events": one}, fields.code, f"{fields.path('ranges')}[{number}]")
        if not isinstance(one, list) or not 1 <= len(one) <= EVENTS:
            raise events.error("events", f"are not a list of 1 to {EVENTS}")
        found.append(tuple(_event(event, version) for event in events.each("events")))
    return tuple(found)


def _event(fields: Fields, version: Callable[[str], str]) -> Event:
    fields.only(*Bound)
    if len(fields.table) != 1:
        raise fields.error("", "is not one event")
    bound = Bound(next(iter(fields.table)))
    return Event(bound=bound, version=fields.parsed(bound, version))


def _line(key: str, records: Iterable[Advisory]) -> str:
    return _canonical({"package": key, "records": [_table(one) for one in records]})


def _table(one: Advisory) -> dict[str, object]:
    """Return one record as JSON has it; what it does not say is left out."""
    said = {
        "id": one.id,
        "aliases": list(one.aliases),
        "modified": one.modified.isoformat(),
        "ranges": [[{str(e.bound): e.version} for e in events] for events in one.ranges],
        "versions": list(one.versions),
        "severity": one.severity,
        "malicious": one.malicious,
        "withdrawn": one.withdrawn.isoformat() if one.withdrawn else "",
        "source": one.source,
    }
    return {key: value for key, value in said.items() if value}


# Values ------------------------------------------------------------------------------------------


def _parsed(line: str, place: str) -> object:
    return json_text.parse(line.encode(), place)


def _canonical(value: object) -> str:
    return json_text.canonical(value).decode()


def _few(fields: Fields, key: str, most: int, *, limit: int = 100) -> tuple[str, ...]:
    value = fields.table.get(key, [])
    if isinstance(value, list) and len(value) > most:
        raise fields.error(key, f"are more than {most}")
    return fields.texts(key, limit=limit)


def _id(text: str, fields: Fields, key: str) -> str:
    if not _ID.fullmatch(text):
        raise fields.error(key, "is not the id of an advisory")
    return text


def _version(text: str) -> str:
    from packaging.version import InvalidVersion, Version

    if len(text) > VERSION_CHARACTERS:
        message = f"is longer than {VERSION_CHARACTERS} characters"
        raise ValueError(message)
    try:
        Version(text)
    except InvalidVersion:
        message = "is not a version of PEP 440"
        raise ValueError(message) from None
    return text


def _npm_version(text: str) -> str:
    if len(text) > VERSION_CHARACTERS:
        message = f"is longer than {VERSION_CHARACTERS} characters"
        raise ValueError(message)
    if text != BEGINNING:
        semver.key(text)
    return text


def _date(text: str) -> date:
    found = date.fromisoformat(text)
    if found.isoformat() != text:
        message = "is not a date such as `2026-11-22`"
        raise ValueError(message)
    return found


def _invalid(where: str, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.ADVISORIES_INVALID,
        f"`{where}` is no file of advisories: {why}",
        hint="the owner of the registry has to make it again",
    )
