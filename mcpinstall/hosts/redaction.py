"""What stays hidden when a part of a host's file is shown: string values, comments, secrets."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from mcpinstall.hosts import json_layout, toml_edit
from mcpinstall.hosts.forms import ScanError
from mcpinstall.hosts.json_scan import COMMENT
from mcpinstall.model.host import Format, ServerEntry

Span = tuple[int, int]

HIDDEN = "…"
"""Stands for what is not shown."""

_READ = 1 << 20
"""Bytes that are looked at token by token; where that is not enough, only ours is shown."""

_JSON_STRING = r'"(?P<text>(?:[^"\\\r\n]++|\\.)*+)"(?P<key>[ \t]*:)?'
_TOML_STRING = (
    r'"""(?P<blocks>(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{0,2})"""'
    r"|'''(?P<literals>(?:[^']++|'{1,2}(?!'))*+'{0,2})'''"
    r'|"(?P<text>(?:[^"\\\n]++|\\.)*+)"(?P<key>[ \t]*[=.])?'
    r"|'(?P<literal>[^'\n]*+)'(?P<key2>[ \t]*[=.])?"
    r"|\#(?P<comment>[^\r\n]*+)"
)
_TOKEN = {
    Format.JSON: re.compile(_JSON_STRING),
    Format.TOML: re.compile(_TOML_STRING, re.DOTALL),
    **{
        dialect: re.compile(rf"{_JSON_STRING}|(?P<comment>{pattern.pattern})", re.DOTALL)
        for dialect, pattern in COMMENT.items()
    },
}


def hidden(text: str, region: Span, dialect: Format, ours: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the spans of a region that are hidden, in order.

    Texts are Latin-1 (see `json_scan`); the region begins and ends with a line.
    """
    start, end = region
    if dialect is Format.YAML:
        return _hidden_in_yaml(text, region, ours)
    begin = start if dialect is Format.JSON else 0  # (elsewhere tokens span lines)
    if end - begin > _READ:
        return _complement(region, ours)
    tokens = _TOKEN[dialect].finditer(text, begin)  # the last may end behind the region
    inside = itertools.takewhile(lambda token: token.start() < end, tokens)
    spans = (_hidden_part(token, ours) for token in inside if token.end() > start)
    return tuple(span for span in spans if span is not None)


def _hidden_in_yaml(text: str, region: Span, ours: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return what of a YAML document is hidden; all but ours where it can't be read."""
    from mcpinstall.hosts import yaml_read, yaml_scan

    data = text.encode("latin-1")
    try:
        root = yaml_read.read(data).root
    except (UnicodeDecodeError, ScanError):
        return _complement(region, ours)
    whole = data.decode("utf-8")
    mark = 3 if whole.startswith("\ufeff") else 0
    whole = whole.removeprefix("\ufeff")
    first, last = (len(data[mark : max(mark, at)].decode("utf-8")) for at in region)
    spans = (
        (mark + len(whole[:begin].encode()), mark + len(whole[:stop].encode()))
        for begin, stop in yaml_scan.texts(whole, root)
        if stop > first and begin < last
    )
    return tuple(span for span in spans if not _inside(span, ours))


def secrets(text: str, entries: Iterable[ServerEntry], ours: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the spans of our own secret values."""
    values = {
        encoded(item.value)[1:-1]
        for entry in entries
        for item in (*entry.env, *(entry.remote.headers if entry.remote else ()))
        if item.secret and item.value
        for encoded in (json_layout.encoded, toml_edit.encoded)
    }
    return tuple(
        (match.start(), match.end())
        for value in values
        for begin, end in ours
        for match in re.compile(re.escape(value)).finditer(text, begin, end)
    )


def shown(text: str, line: Span, spans: tuple[Span, ...]) -> str:
    """Return one line with what is hidden replaced, as Unicode, without its line end."""
    parts: list[str] = []
    at, stop = line
    for begin, end in sorted(spans):
        if end <= at or begin >= stop:
            continue
        parts += [_unicode(text[at:begin]), HIDDEN]
        at = min(end, stop)
    parts.append(_unicode(text[at:stop]))
    return "".join(parts)


def _unicode(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")


def _hidden_part(token: re.Match[str], ours: tuple[Span, ...]) -> Span | None:
    """Return what of a token is hidden; a comment always is, for we write none."""
    groups = token.groupdict()
    if groups.get("comment"):
        return token.span("comment")
    if groups.get("key") or groups.get("key2") or _inside(token.span(), ours):
        return None
    for name in ("text", "literal", "blocks", "literals"):
        if groups.get(name):
            return token.span(name)
    return None


def _inside(span: Span, ours: tuple[Span, ...]) -> bool:
    return any(begin <= span[0] and span[1] <= end for begin, end in ours)


def _complement(region: Span, ours: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return what of a region is not ours."""
    spans: list[Span] = []
    at = region[0]
    for begin, end in sorted(ours):
        if begin > at:
            spans.append((at, min(begin, region[1])))
        at = max(at, end)
    if at < region[1]:
        spans.append((at, region[1]))
    return tuple(spans)
