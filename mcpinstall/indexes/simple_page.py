"""What an index says about one package's files: the simple API, as JSON or HTML.

PEP 691 and, where an index has only that, PEP 503; `yanked` is PEP 592's, `provenance` PEP 740's.
Everything here is a claim; only a file's digest, which a lock pins, decides about the file.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits, urls
from mcpinstall.system.fetch import Answer
from mcpinstall.system.urls import Url

ACCEPT = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "
    "text/html;q=0.01"
)
_JSON = ("application/vnd.pypi.simple.v1+json", "application/json")
_HTML = ("application/vnd.pypi.simple.v1+html", "text/html")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,50}/[a-z0-9.+-]{1,50}")
_REASON_CHARACTERS = 300
_TAG_CHARACTERS = 64 * 1024
"""Of a longer tag no attribute is read: a real one has some hundred characters."""

_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<name>a|base)(?=[\s/>])"
    r"(?P<inside>(?:[^>\"']++|\"[^\"]*+\"|'[^']*+'|[\"'])*+)(?:>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
"""A comment or a tag, which goes to the end of the page if it is never closed (HTML 13.2.5).

So nothing is read twice, whatever the page: `html.parser` takes time that grows with its square.
"""
_ATTRIBUTE = re.compile(
    r"([^\s\"'<>/=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'<>`]++)))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One file as an index lists it."""

    url: Url | None
    """None when the address can't be used; `fault` says why."""
    sha256: str | None
    """None when the index names no such digest, or what can't be one."""
    yanked: str | None
    """The reason, possibly empty, or None when the release was not withdrawn."""
    fault: str = ""
    provenance: Url | None = None
    """Where its attestations are; None when the index offers none."""
    provenance_fault: str = ""
    """Why the address of its attestations can't be used."""
    uploaded: datetime | None = None
    """When the index got the file (PEP 700); None where it does not say."""


def parse(answer: Answer, wanted: Iterable[str]) -> dict[str, Listed]:
    """Return the wanted files of a package's page; of several with one name, the first.

    Raises:
        McpInstallError: `index-unavailable` when the page is neither JSON nor HTML, damaged, or
            lists more than can be looked at.
    """
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind in _JSON:
        rows = _json_rows(answer)
    elif kind in _HTML:
        rows = _html_rows(answer)
    else:
        known = _MEDIA_TYPE.fullmatch(kind)
        raise _unreadable(answer, f"it is `{kind}`" if known else "it is of no known type")
    names = frozenset(wanted)
    found: dict[str, Listed] = {}
    for number, (name, row, base) in enumerate(rows):
        if number == limits.INDEX_PAGE_FILES:
            raise _unreadable(answer, f"it lists more than {number} files")
        if name in names and name not in found:
            found[name] = _listed(row, base)
    return found


def uploads(answer: Answer) -> Iterator[tuple[str, datetime]]:
    """Yield every file that was not withdrawn, and when it came, where the index tells (PEP 700).

    Raises:
        McpInstallError: `index-unavailable`, as `parse`; nothing is told in HTML.
    """
    if answer.content_type.partition(";")[0].strip().lower() not in _JSON:
        return
    for number, (name, row, _) in enumerate(_json_rows(answer)):
        if number == limits.INDEX_PAGE_FILES:
            raise _unreadable(answer, f"it lists more than {number} files")
        said, withdrawn = row.get("upload-time"), row.get("yanked", False)
        with contextlib.suppress(ValueError):
            when = datetime.fromisoformat(said) if isinstance(said, str) else None
            if when is not None and when.tzinfo is not None and withdrawn is False:
                yield name, when


def _listed(row: Mapping[str, object], base: Url) -> Listed:
    reference, attested = row.get("url"), row.get("provenance")
    url, fault = _joined(base, reference if isinstance(reference, str) else "")
    provenance, provenance_fault = None, ""
    if isinstance(attested, str) and attested:
        provenance, provenance_fault = _joined(base, attested)
    hashes, yanked = row.get("hashes"), row.get("yanked", False)
    sha256 = hashes.get("sha256") if isinstance(hashes, Mapping) else None
    digest = sha256.lower() if isinstance(sha256, str) else ""
    reason = yanked[:_REASON_CHARACTERS] if isinstance(yanked, str) else ""
    return Listed(
        url=url,
        sha256=digest if _SHA256.fullmatch(digest) else None,
        yanked=reason if yanked else None,
        fault=fault,
        provenance=provenance,
        provenance_fault=provenance_fault,
        uploaded=_time(row.get("upload-time")),
    )


def _joined(base: Url, reference: str) -> tuple[Url | None, str]:
    """Return an address, or why it can't be used."""
    try:
        return urls.join(base, reference), ""
    except McpInstallError as error:
        return None, error.message


def _time(value: object) -> datetime | None:
    with contextlib.suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    return None


def _json_rows(answer: Answer) -> Iterator[tuple[str, Mapping[str, object], Url]]:
    # Counted before anything is built: `[]` takes 3 bytes here and 64 as an object.
    if sum(map(answer.body.count, (b",", b"[", b"{"))) > limits.INDEX_PAGE_VALUES:
        raise _unreadable(answer, f"it holds more than {limits.INDEX_PAGE_VALUES} values")
    try:
        page = json.loads(answer.body)
        version = str(page["meta"]["api-version"])
        rows = page["files"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _unreadable(answer, "its JSON is not that of the simple API") from None
    if version.partition(".")[0] != "1" or not isinstance(rows, list):
        raise _unreadable(answer, "it is of a version that is not known")
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("filename"), str):
            yield row["filename"], row, answer.url


def _html_rows(answer: Answer) -> Iterator[tuple[str, Mapping[str, object], Url]]:
    base: Url | None = None
    for tag, attributes in _tags(answer.body.decode("utf-8", "replace")):
        href, _, fragment = attributes.get("href", "").partition("#")
        if tag == "base":
            base = base or _base(answer.url, href)
            yield "", {}, answer.url  # counted like a link
            continue
        algorithm, _, value = fragment.partition("=")
        digest = value if algorithm == "sha256" else None
        name = unquote(href.partition("?")[0].rpartition("/")[2])
        yanked = attributes.get("data-yanked") or "data-yanked" in attributes
        row = {
            "url": href, "hashes": {"sha256": digest}, "yanked": yanked,
            "provenance": attributes.get("data-provenance"),
        }  # fmt: skip
        yield name, row, base or answer.url


def _base(page: Url, href: str) -> Url | None:
    """Return what the links of a page are relative to, if it says so properly."""
    with contextlib.suppress(McpInstallError):
        return urls.join(page, href)
    return None


def _tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the tags `a` and `base` with their attributes; one without a value is empty."""
    for tag in _TAG.finditer(page):
        attributes: dict[str, str] = {}
        inside = tag["inside"] or ""
        for found in _ATTRIBUTE.finditer(inside if len(inside) <= _TAG_CHARACTERS else ""):
            attributes.setdefault(found[1].lower(), _unescaped(found[2] or found[3] or found[4]))
        if tag["name"]:
            yield tag["name"].lower(), attributes


def _unescaped(value: str | None) -> str:
    try:
        return html.unescape(value or "")
    except ValueError:  # a character with a number of thousands of digits
        return ""


def _unreadable(answer: Answer, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.INDEX_UNAVAILABLE,
        f"`{answer.url.shown[:200]}` is not a page of an index: {why}",
        hint="check which index uv uses (`UV_DEFAULT_INDEX`, `uv.toml`), and that nobody between, "
        "such as a log-in page of the network, answers for it",
    )
