"""Where the statements of a TOML document stand.

The caller has parsed the document with `tomllib` before, so this only passes over values.
Texts are Latin-1 (see `json_scan`): offsets are byte offsets.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_STRING = (
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\\n]++|\\.)*+"'
    r"|'[^'\n]*+'"
)
_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_HEADER = re.compile(rf"\[\[?(?:{_STRING}|[^\[\]\"'])*+\]\]?", re.DOTALL)
_KEY = re.compile(r"""(?:"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+'|[^="'\n])++""")
_VALUE_TOKEN = re.compile(rf"{_STRING}|#[^\n]*+|[\[\]{{}}]|\r?\n", re.DOTALL)
_LITERAL_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"\\]*+"|'[^']*+'""")
_LITERAL_KEY = re.compile(
    rf"(?:{_LITERAL_PART.pattern})(?:[ \t]*\.[ \t]*(?:{_LITERAL_PART.pattern}))*"
)
"""A key in which every part says what it is."""
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?\n?")


class Kind(Enum):
    """What a statement does."""

    TABLE = "[table]"
    TABLES = "[[array of tables]]"
    KEY = "key = value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One header or one `key = value`, from its line's beginning to the next line."""

    kind: Kind
    key: tuple[str, ...]
    """As written: relative to the table for a key."""
    start: int
    end: int
    """Behind the line end; comments in the last line are included."""
    inline: bool = False
    """Whether the value is an inline table."""


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a valid document in order."""
    at = _skip(_BLANK, text, 3 if text.startswith("\xef\xbb\xbf") else 0)
    while at < len(text):
        found = _statement(text, at)
        yield found
        at = _skip(_BLANK, text, found.end)


def _statement(text: str, at: int) -> Statement:
    if text[at] == "[":
        end = _skip(_HEADER, text, at)
        key = _key(text[at:end].strip("[]"))
        kind = Kind.TABLES if text.startswith("[[", at) else Kind.TABLE
        return Statement(kind=kind, key=key, start=at, end=_skip(_REST, text, end))
    equals = _skip(_KEY, text, at)
    value = equals + 1
    while text[value] in " \t":
        value += 1
    return Statement(
        kind=Kind.KEY,
        key=_key(text[at:equals]),
        start=at,
        end=_end_of_value(text, value),
        inline=text[value] == "{",
    )


def value_span(text: str, statement: Statement) -> tuple[int, int]:
    """Return where the value of a key stands, without the comment behind it."""
    start = _skip(_KEY, text, statement.start) + 1
    while text[start] in " \t":
        start += 1
    depth, end = 0, start
    for token in _VALUE_TOKEN.finditer(text, start, statement.end):
        if depth == 0 and token[0][0] in "#\r\n":
            return start, len(text[: token.start()].rstrip(" \t"))
        depth += (token[0] in {"[", "{"}) - (token[0] in {"]", "}"})
        end = token.end()
    return start, max(end, len(text[: statement.end].rstrip()))


def _end_of_value(text: str, at: int) -> int:
    """Return the offset behind the line in which a value ends."""
    depth = 0
    for token in _VALUE_TOKEN.finditer(text, at):
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] in ("\n", "\r\n") and depth == 0:
            return token.end()
    return len(text)


def _key(text: str) -> tuple[str, ...]:
    """Return the parts of a dotted key: by the parser that knows how, if any part is escaped."""
    text = text.strip()
    if _LITERAL_KEY.fullmatch(text):
        parts = (part[0] for part in _LITERAL_PART.finditer(text))
        return tuple(
            (part[1:-1] if part[0] in "\"'" else part).encode("latin-1").decode("utf-8")
            for part in parts
        )
    document: object = tomllib.loads(text.encode("latin-1").decode("utf-8") + " = 0")
    found: list[str] = []
    while isinstance(document, dict):
        part, document = next(iter(document.items()))
        found.append(part)
    return tuple(found)


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
