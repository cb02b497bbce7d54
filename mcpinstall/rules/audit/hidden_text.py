"""MA701: characters that change what a reader sees without being seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.model.text import is_plain
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.parts import MOST_WORDS, settings
from mcpinstall.rules.audit.rule import Hit, rule
from mcpinstall.rules.audit.secrets import LONGEST

HIDDEN = rule(
    701, "hidden-characters", Severity.HIGH, "A value holds characters that nobody sees", cwe=1007
)

_MOST_SHOWN = 8
"""Code points in a message."""

_LINES = "\n\r\t"
_SUSPECT = re.compile(r"[^ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u058f\u4e00-\u9fff]")
"""All but letters that are plain for certain."""

_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff0-9#*]\ufe0f\u20e3?"
    "|[\u203c-\u3299\U0001f000-\U0001faff]\ufe0f?\u200d(?=[\u203c-\u3299\U0001f000-\U0001faff])"
    "|\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f"
)
_JOINED = re.compile(
    "(?<=[\u0600-\u06ff\u0900-\u0dff])[\u200c\u200d](?=[\u0600-\u06ff\u0900-\u0dff])"
)
"""Joiners between letters of scripts that need them."""


def check(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield values with hidden characters; emoji and their joiners are no such in texts."""
    for value in _executed(server):
        if points := _points(value.text[:LONGEST]):
            yield _hit(value.pointer, points, None)
    for value in server.argv[1:MOST_WORDS]:
        if points := _points(_without_lines(value.text[:LONGEST])):
            yield _hit(value.pointer, points, None)
    for value in _texts(server):
        text = _JOINED.sub("", _EMOJI.sub("", value.text[:LONGEST]))
        if points := _points(_without_lines(text)):
            yield _hit(value.pointer, points, Severity.MEDIUM)


def visible(text: str) -> str:
    """Return a text without what nobody sees; emoji, and joiners that letters need, stay."""
    kept = [found.span() for one in (_EMOJI, _JOINED) for found in one.finditer(text)]
    inside = {place for begin, end in kept for place in range(begin, end)}
    return "".join(
        char for place, char in enumerate(text)
        if place in inside or char in _LINES or is_plain(char)
    )  # fmt: skip


def _executed(server: AuditedServer) -> Iterator[Value]:
    yield server.name
    yield from dict.fromkeys((*server.argv[:1], *server.launch[:1]))
    yield from (one for one in (server.url, server.directory) if one is not None)
    for variable in (*server.variables, *server.headers):
        yield Value(text=variable.name, pointer=variable.value.pointer)


def _texts(server: AuditedServer) -> Iterator[Value]:
    yield from (variable.value for variable in (*server.variables, *server.headers))
    yield from (value for _, value in settings(server))


def _without_lines(text: str) -> str:
    return text if text.isprintable() else text.translate(dict.fromkeys(map(ord, _LINES), " "))


def _points(text: str) -> list[str]:
    """Return the hidden code points, each once, in their order."""
    if text.isascii() and text.isprintable():
        return []
    suspects = dict.fromkeys(found[0] for found in _SUSPECT.finditer(text))
    return [f"U+{ord(char):04X}" for char in suspects if not is_plain(char)]


def _hit(pointer: str, points: list[str], severity: Severity | None) -> Hit:
    more = f" and {len(points) - _MOST_SHOWN} more" if len(points) > _MOST_SHOWN else ""
    return Hit(
        rule=HIDDEN, pointer=pointer, severity=severity,
        message=f"it holds {', '.join(points[:_MOST_SHOWN])}{more}, which a reader does not see",
        fix="take the characters out, or remove the entry if you did not write it",
    )  # fmt: skip
