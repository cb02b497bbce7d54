"""Where each value of a TOML or JSON document stands, for findings that point at it.

Key paths are written as `Fields` writes them: `packages[0].wheels[1].size`.  A region is that of
the key and its value, or of the value where it has no key; a table's is that of its header.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from mcpinstall.model.toml_text import TOKEN


class Span(NamedTuple):
    """Characters of a text, counted from 0; `end` is behind the last."""

    start: int
    end: int


JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}:,]|[^\s"\[\]{}:,]++')
"""Strings, marks and words of JSON."""


def json_spans(text: str) -> dict[str, Span]:
    """Return the span of every member and item of a document that `json` accepts."""
    reader = _Json(
        text, [(mark[0], mark.start(), mark.end()) for mark in JSON_TOKEN.finditer(text)]
    )
    reader.value("", None)
    return reader.found


@dataclass(slots=True)
class _Json:
    text: str
    tokens: list[tuple[str, int, int]]
    found: dict[str, Span] = field(default_factory=dict)
    at: int = 0

    def value(self, path: str, start: int | None) -> None:
        """Take one value; its region begins at `start`, where its key does."""
        mark, begin, end = self.take()
        if mark == "{":
            end = self._members(path)
        elif mark == "[":
            end = self._items(path)
        if path:
            self.found[path] = Span(begin if start is None else start, end)

    def take(self) -> tuple[str, int, int]:
        self.at += 1
        return self.tokens[self.at - 1]

    def _members(self, path: str) -> int:
        while self.tokens[self.at][0] != "}":
            key, start, _ = self.take()
            if key == ",":
                continue
            self.take()  # the colon
            name = json.loads(key, strict=False)
            self.value(f"{path}.{name}" if path else name, start)
        return self.take()[2]

    def _items(self, path: str) -> int:
        number = 0
        while self.tokens[self.at][0] != "]":
            if self.tokens[self.at][0] == ",":
                self.take()
                continue
            self.value(f"{path}[{number}]", None)
            number += 1
        return self.take()[2]


_GAP = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY_PART = re.compile(r"[ \t]*+(\"(?:[^\"\\\n]++|\\.)*+\"|'[^'\n]*+'|[A-Za-z0-9_-]++)[ \t]*+")
_PLAIN = re.compile(r"[^,\]}\n#]++")


def toml_spans(text: str) -> dict[str, Span]:
    """Return the span of every key, table header and item of a document that `tomllib` accepts."""
    reader = _Toml(text)
    reader.document()
    return reader.found


def toml_values(text: str) -> dict[str, Span]:
    """Return the span of the value alone, of every key and item of such a document."""
    reader = _Toml(text)
    reader.document()
    return reader.values


@dataclass(slots=True)
class _Toml:
    text: str
    found: dict[str, Span] = field(default_factory=dict)
    values: dict[str, Span] = field(default_factory=dict)
    at: int = 0
    table: str = ""
    seen: Counter[str] = field(default_factory=Counter)

    def document(self) -> None:
        while self._skip() < len(self.text):
            if self.text[self.at] == "[":
                self._header()
            else:
                self._pair(self.table)

    def _skip(self) -> int:
        gap = _GAP.match(self.text, self.at)
        self.at = gap.end() if gap else self.at
        return self.at

    def _header(self) -> None:
        start = self.at
        several = self.text.startswith("[[", start)
        self.at += 2 if several else 1
        self.table = self._key("")
        self.at += 2 if several else 1
        if several:
            self.seen[self.table] += 1
            self.table += f"[{self.seen[self.table] - 1}]"
        self._note(self.table, Span(start, self.at))

    def _key(self, path: str) -> str:
        """Take a dotted key; a part that names a list of tables means the last of them."""
        while True:
            part = _KEY_PART.match(self.text, self.at)
            if part is None:
                return path
            self.at = part.end()
            ((name, _),) = tomllib.loads(f"{part[1]} = 0").items()
            path = f"{path}.{name}" if path else name
            if self.text[self.at : self.at + 1] != ".":
                return path
            self.at += 1
            if count := self.seen[path]:
                path = f"{path}[{count - 1}]"

    def _pair(self, table: str) -> None:
        start = self.at
        path = self._key(table)
        self.at += 1  # the equals sign
        self._value(path, start)

    def _value(self, path: str, start: int | None) -> None:
        begin = self._skip()
        first = self.text[begin]
        if first in "[{":
            self.at += 1
            self._inside(path, "]" if first == "[" else "}")
        else:
            found = (TOKEN if first in "\"'" else _PLAIN).match(self.text, begin)
            self.at = begin + len(found[0].rstrip()) if found else begin + 1
        self.values[path] = Span(begin, self.at)
        self._note(path, Span(begin if start is None else start, self.at))

    def _note(self, path: str, span: Span) -> None:
        """Remember a region, also for what it stands in, until that has one of its own."""
        self.found[path] = span
        while path := path.rpartition("[" if path.endswith("]") else ".")[0]:
            self.found.setdefault(path, span)

    def _inside(self, path: str, closing: str) -> None:
        number = 0
        while self.text[self._skip()] != closing:
            if self.text[self.at] == ",":
                self.at += 1
            elif closing == "]":
                self._value(f"{path}[{number}]", None)
                number += 1
            else:
                self._pair(path)
        self.at += 1
