"""On which line of a TOML document each key stands, for messages about it."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field

from mcpinstall.model.toml_text import TOKEN


def key_lines(text: str) -> dict[str, int]:
    """Return the line, counted from 1, of every key and table header: `rules[0].reason` → 12.

    `text` is a document that `tomllib` accepts.  Keys inside inline tables are left out.
    """
    reader = _Reader(text)
    for mark in TOKEN.finditer(text):
        reader.take(mark[0], mark.start())
    reader.take("\n", len(text))
    return reader.found


@dataclass(slots=True)
class _Reader:
    """Reads tokens of a document, statement by statement."""

    text: str
    found: dict[str, int] = field(default_factory=dict)
    table: str = ""
    seen: Counter[str] = field(default_factory=Counter)
    line: int = 1
    start: int = 0
    """Where this statement begins."""
    comment: int | None = None
    """Where a comment behind it begins."""
    depth: int = 0
    has_value: bool = False

    def take(self, mark: str, place: int) -> None:
        """Go on by one token."""
        if mark == "\n" and self.depth == 0:
            self._end(place)
        elif mark in ("[", "{"):
            self.depth += 1
        elif mark in ("]", "}"):
            self.depth -= 1
        elif mark == "=" and self.depth == 0 and not self.has_value:
            self.has_value = True
            path = _path(self.text[self.start : place])
            self.found[f"{self.table}.{path}" if self.table else path] = self.line
        elif mark.startswith("#") and self.comment is None:
            self.comment = place
        self.line += mark.count("\n")

    def _end(self, place: int) -> None:
        statement = self.text[self.start : place if self.comment is None else self.comment].strip()
        if not self.has_value and statement:
            self._header(statement)
        self.start, self.comment, self.has_value = place + 1, None, False

    def _header(self, statement: str) -> None:
        self.table = _path(statement.strip("[]"))
        if statement.startswith("[["):
            self.seen[self.table] += 1
            self.table = f"{self.table}[{self.seen[self.table] - 1}]"
        self.found.setdefault(self.table, self.line)


def _path(key: str) -> str:
    """Return the dotted path of a key as it is written: bare, quoted or dotted."""
    found, parts = tomllib.loads(f"{key} = 0"), []
    while found:
        ((name, inner),) = found.items()
        parts.append(name)
        found = inner if isinstance(inner, dict) else {}
    return ".".join(parts)
