"""A file that rules look at: its bytes, and where things stand in it."""

from __future__ import annotations

import bisect
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mcpinstall.errors import McpInstallError
from mcpinstall.model import faults
from mcpinstall.model.finding import Location
from mcpinstall.model.regions import Span, json_spans, toml_spans

_QUOTED = re.compile(r"`([^`]*)`")
_POSITION = re.compile(r"\bline (\d+), column (\d+)")
_EXCERPT = 200  # characters of a line that are kept


@dataclass(slots=True)
class Document:
    """One file, read once.  Positions are looked for only when something is wrong."""

    path: str
    """As findings name it, with `/`."""
    data: bytes
    _spans: Mapping[str, Span] | None = field(default=None, repr=False)
    _lines: list[int] = field(default_factory=list, repr=False)
    _text: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def sha256(self) -> str:
        """Digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def text(self) -> str:
        """The bytes as text; what is no UTF-8 is replaced."""
        if self._text is None:
            self._text = self.data.decode("utf-8", "replace")
        return self._text

    def at(self, path: str) -> Location:
        """Return the region of a key path, else of the nearest thing around it, else the file."""
        spans = self._found()
        while path:
            if path in spans:
                return self.region(spans[path])
            path = _around(path)
        return Location(file=self.path)

    def literal(self, text: str) -> Location:
        """Return the first place where `text` stands as a whole string, else as any text."""
        for wanted in (f'"{text}"', text):
            start = self.text.find(wanted)
            if start >= 0:
                return self.region(Span(start, start + len(wanted)))
        return Location(file=self.path)

    def difference(self, other: bytes) -> Location:
        """Return the first line that is another one in `other`."""
        ours, theirs = self.text.split("\n"), other.decode("utf-8", "replace").split("\n")
        pairs = zip(ours, theirs, strict=False)
        number = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(ours), len(theirs)))
        number = min(number, len(ours) - 1)
        return Location(
            file=self.path, line=number + 1, column=1,
            end_line=number + 1, end_column=len(ours[number]) + 1,
        )  # fmt: skip

    def refused(self, error: McpInstallError) -> Location:
        """Return the place that a parser's refusal names: a position, or a key path."""
        if position := _POSITION.search(error.message):
            line, column = int(position[1]), int(position[2])
            return Location(
                file=self.path, line=line, column=column, end_line=line, end_column=column + 1
            )
        if span := faults.place(self.data, error.message):
            return self.region(span)
        spans = self._found()
        for named in _QUOTED.findall(error.message):
            path = named.removeprefix(f"{self.name}.")
            if path in spans:
                return self.region(spans[path])
            if (around := _around(path)) in spans:
                return self.region(spans[around])
        return Location(file=self.path)

    def region(self, span: Span) -> Location:
        """Return the region of characters."""
        line, column = self._place(span.start)
        end_line, end_column = self._place(span.end)
        return Location(
            file=self.path, line=line, column=column, end_line=end_line, end_column=end_column
        )

    def excerpt(self, location: Location) -> str:
        """Return the line that a region of this file begins on."""
        rows = self.text.split("\n")
        if not 1 <= location.line <= len(rows):
            return ""
        return rows[location.line - 1].rstrip("\r")[:_EXCERPT]

    def _found(self) -> Mapping[str, Span]:
        if self._spans is None:
            scan = json_spans if self.name.endswith(".json") else toml_spans
            try:
                self._spans = scan(self.text)
            except (IndexError, ValueError, RecursionError):
                self._spans = {}  # no document at all: its parser says where
        return self._spans

    def _place(self, offset: int) -> tuple[int, int]:
        if not self._lines:
            starts = (mark.end() for mark in re.finditer("\n", self.text))
            self._lines = [0, *starts]
        line = bisect.bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


def _around(path: str) -> str:
    """Return the key path of what `path` stands in."""
    if path.endswith("]"):
        return path.rpartition("[")[0]
    return path.rpartition(".")[0]
