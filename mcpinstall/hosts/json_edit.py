"""Edits of one contiguous span in JSON and its dialects with comments."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from mcpinstall.hosts.json_layout import (
    Layout,
    first_eol,
    fresh,
    layout_at,
    line_start,
)
from mcpinstall.hosts.json_scan import COMMENT, JsonObject, Located, Member
from mcpinstall.model.host import Format

_REST_OF_LINE = re.compile(r"[ \t]*(\r\n|\n|\r|\Z)")
_BLANKS = " \t\r\n"

Splice = tuple[int, int, str]
"""Begin and end of the span, and what stands there afterwards."""


def inserted(located: Located, name: str, value: object) -> Splice:
    """Return the splice that adds `name` as the last server; missing collections are made."""
    if not located.objects:
        return _whole_document(located, name, value)
    edited = located.objects[-1]
    layout = layout_at(located)
    if edited.is_list:
        member = layout.value(value, layout.indent)
    else:
        # What leads on from the last object that exists: a key that is missing, or the name.
        document = _document(located, name, value, located.way[len(located.objects) - 1 :])
        ((key, nested),) = document.items()
        member = layout.member(key, nested)
    if not edited.members:
        return _into_empty(located, edited, layout, member)
    return _behind_last(located, edited.members[-1], layout, member)


def replaced(located: Located, name: str, value: object) -> Splice:
    """Return the splice that gives an existing server a new value."""
    layout = layout_at(located)
    _, member = _found(located, name)
    own = line_start(located.text, member.key_start)
    blanks = located.text[own : member.key_start]
    indent = blanks if not blanks.strip(" \t") else layout.indent
    return member.value_start, member.value_end, layout.value(value, indent)


def removed(located: Located, name: str) -> Splice:
    """Return the splice that takes an existing server out; comments beside it stay."""
    servers = located.objects[-1]
    number, member = _found(located, name)
    if len(servers.members) == 1 and not _has_comment(located, servers, member):
        return servers.start + 1, servers.close, ""
    if member.comma is not None:
        return _without_member_and_comma(located, member, member.comma)
    if number == 0:
        return _without_line(located.text, member.key_start, member.value_end)
    return _without_last(located, servers.members[number - 1], member)


def _found(located: Located, name: str) -> tuple[int, Member]:
    members = enumerate(located.objects[-1].members)
    return next((number, member) for number, member in members if member.key == name)


def _whole_document(located: Located, name: str, value: object) -> Splice:
    text = located.text
    eol = first_eol(located)
    layout = dataclasses.replace(fresh(), eol=eol or "\n")
    document = _document(located, name, value, located.way)
    shown = layout.value(document, "")
    if not text[located.begin :].strip(_BLANKS):
        end = "" if eol else layout.eol
        return located.begin, located.begin, shown + end
    before = "" if text.endswith(("\n", "\r")) else layout.eol
    return len(text), len(text), before + shown + layout.eol


def _document(located: Located, name: str, value: object, way: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Return the server in its collection, below the keys of `way`."""
    document: object = {name: value} if located.name_field is None else [value]
    for key in reversed(way):
        document = {key: document}
    return document


def _into_empty(located: Located, edited: JsonObject, layout: Layout, member: str) -> Splice:
    """Fill `{ }` or `[ ]`; comments in it stay in front."""
    start = edited.start + 1
    comments = _comments(located, start, edited.close)
    if comments:
        start = comments[-1].end()
    if layout.lines:
        return start, edited.close, (
            f"{layout.eol}{layout.indent}{member}{layout.eol}{layout.close_indent}"
        )  # fmt: skip
    return start, edited.close, member


def _behind_last(located: Located, last: Member, layout: Layout, member: str) -> Splice:
    """Add a member behind the last one and behind the comments in its line."""
    text = located.text
    start = last.value_end if last.comma is None else last.comma + 1
    end = _end_of_comments_in_line(located, start)
    kept = text[start:end]
    lead = "," if last.comma is None else ""
    trail = "" if last.comma is None else ","
    if not layout.lines:
        return start, start, f"{lead}{layout.comma[1:]}{member}{trail}"
    line = f"{layout.eol}{layout.indent}{member}{trail}"
    return (start, end, f"{lead}{kept}{line}") if lead else (end, end, line)


def _without_member_and_comma(located: Located, member: Member, comma: int) -> Splice:
    text = located.text
    kept = "".join(token[0] for token in _comments(located, member.value_end, comma))
    if kept:
        return member.key_start, comma + 1, kept
    return _without_line(text, member.key_start, comma + 1)


def _without_line(text: str, start: int, end: int) -> Splice:
    """Take out a span: with its whole line if nothing else is there, else with blanks behind."""
    begin = line_start(text, start)
    rest = _REST_OF_LINE.match(text, end)
    if not text[begin:start].strip(" \t") and rest:
        return begin, rest.end(), ""
    while text[end] in " \t":
        end += 1
    return start, end, ""


def _without_last(located: Located, previous: Member, member: Member) -> Splice:
    """Take out the last member and the comma before it; comments between the two stay."""
    text = located.text
    comma = previous.value_end if previous.comma is None else previous.comma
    comments = _comments(located, comma, member.key_start)
    if not comments:
        return comma, member.value_end, ""
    kept = text[comma + 1 : comments[-1].end()]
    rest = _REST_OF_LINE.match(text, member.value_end)
    if comments[-1][0].startswith("//") and not rest:
        kept += layout_at(located).eol
    return comma, member.value_end, kept


def _has_comment(located: Located, servers: JsonObject, member: Member) -> bool:
    return bool(
        _comments(located, servers.start, member.key_start)
        or _comments(located, member.value_end, servers.close)
    )


def _comments(located: Located, start: int, end: int) -> list[re.Match[str]]:
    """Return the comments between two tokens."""
    if located.dialect is Format.JSON:
        return []
    return list(COMMENT[located.dialect].finditer(located.text, start, end))


def _end_of_comments_in_line(located: Located, start: int) -> int:
    """Return the end of the comments that share the line at `start`, if they end the line."""
    end = start
    if located.dialect is Format.JSON:
        return end
    at = start
    while True:
        while located.text[at : at + 1] in (" ", "\t"):
            at += 1
        comment = COMMENT[located.dialect].match(located.text, at)
        if comment is None or "\n" in comment[0] or "\r" in comment[0].rstrip("\r"):
            break
        at = end = comment.end()
    return end if _REST_OF_LINE.match(located.text, end) else start
