"""The line at fault of a host's file, with every value hidden that may be a secret."""

from __future__ import annotations

import bisect
import re
from functools import cached_property

from mcpinstall.hosts import redaction
from mcpinstall.model.audited import Value
from mcpinstall.model.finding import Location
from mcpinstall.model.regions import Span
from mcpinstall.model.secret_forms import masked
from mcpinstall.operations.audit_files import ReadFile

_LONGEST = 400  # characters of a line up to the end of the place; longer ones show no excerpt
_BEHIND = 300  # characters behind it that a secret may end in
_AT_ONCE = 1 << 20  # bytes of a file whose hidden spans are looked for once, not line by line
_MOST_OF_LARGE = 100  # lines of a larger file that are shown; each costs a look at all before it
_MASK = "*"
_OPTION = re.compile(r"--[a-z][a-z-]{0,30}|-[A-Za-z]|/[A-Za-z]")
_PLAIN = re.compile(r"[^\s=?&#]{1,80}")
_RANDOM = re.compile(r"[A-Za-z0-9_-]{20,}|[0-9a-fA-F]{16,}")
_WORDS = re.compile(r"[a-z]{1,20}(?:[-_][a-z]{1,20}){0,8}")
"""What is long and no secret: `modelcontextprotocol`, `server-sequential-thinking`."""
_CREDENTIALS = re.compile(r"://[^/]*@")
_NUMBER = re.compile(r"(?<=[:=\[, \t])[0-9][0-9.]{3,}")
_SHOWING = ("MA10", "MA20", "MA60", "MA111")
"""Beginnings of ids of rules that judge programs and packages, which are no secrets."""


class Excerpts:
    """Lines and places of one file."""

    def __init__(self, file: ReadFile) -> None:
        self._file = file
        self._text = file.document.text
        self._lines = 0
        self._options: tuple[tuple[Value, ...], list[Span]] = ((), [])

    def location(self, pointer: str) -> Location:
        """Return the region of a value, or of the nearest thing around it; else the file."""
        span = self._file.document.span(pointer)
        if span is None:
            return Location(file=self._file.shown)
        line, column = self._at(span.start)
        end_line, end_column = self._at(span.end)
        return Location(
            file=self._file.shown, line=line, column=column, end_line=end_line,
            end_column=end_column,
        )  # fmt: skip

    def line(self, place: Location, argv: tuple[Value, ...], rule: str, pointer: str) -> str:
        """Return the line that a place begins on; what is hidden keeps its length.

        `argv` are command and arguments without those that are known to be secret.
        """
        self._lines += 1
        if not place.line or place.column > _LONGEST:
            return ""
        if self._bytes is None and self._lines > _MOST_OF_LARGE:
            return ""
        start = self._starts[place.line - 1]
        stop = self._text.find("\n", start)
        stop = min(len(self._text) if stop < 0 else stop, start + _LONGEST)
        shown = self._shown(argv, rule, pointer)
        found = self._text[start:stop].rstrip("\r")
        for begin, end in self._hidden(start, stop):
            if not any(one.start <= begin and end <= one.end for one in shown):
                first, last = max(begin, start) - start, min(end, stop) - start
                found = found[:first] + _MASK * (last - first) + found[last:]
        rest = masked(found + self._text[stop : stop + _BEHIND].partition("\n")[0])
        return _NUMBER.sub(lambda number: _MASK * len(number[0]), rest[: len(found)])

    def _at(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(mark.end() for mark in re.finditer("\n", self._text))]

    def _hidden(self, start: int, stop: int) -> list[tuple[int, int]]:
        if self._bytes is None:
            return _in_line(self._text, start, stop, self._file)
        first = max(bisect.bisect_left(self._bytes, (start, 0)) - 1, 0)
        found = self._bytes[first : first + stop - start + 2]
        return [one for one in found if one[1] > start and one[0] < stop]

    @cached_property
    def _bytes(self) -> list[tuple[int, int]] | None:
        """Spans of the whole file, in characters; None for a file too large for that."""
        if len(self._file.document.data) > _AT_ONCE:
            return None
        return _in_line(self._text, 0, len(self._text), self._file)

    def _shown(self, argv: tuple[Value, ...], rule: str, pointer: str) -> list[Span]:
        """Return the places of values that are shown: program, options, and what is judged."""
        if self._options[0] is not argv:
            plain = [one for one in argv if _OPTION.fullmatch(one.text)]
            plain += [one for one in argv[:1] if _is_plain(one)]
            self._options = (argv, self._spans(plain))
        if not rule.startswith(_SHOWING):
            return self._options[1]
        judged = [one for one in argv if one.pointer == pointer and _is_plain(one)]
        return [*self._options[1], *self._spans(judged)]

    def _spans(self, plain: list[Value]) -> list[Span]:
        spans = (self._file.document.span(one.pointer) for one in plain)
        return [span for span in spans if span is not None]


def _is_plain(value: Value) -> bool:
    text = value.text
    if not _PLAIN.fullmatch(text) or _CREDENTIALS.search(text):
        return False
    return not any(_WORDS.fullmatch(found[0]) is None for found in _RANDOM.finditer(text))


def _in_line(text: str, start: int, stop: int, file: ReadFile) -> list[tuple[int, int]]:
    """Return what is hidden of a part of a text that begins and ends with a line."""
    if text.isascii():
        return sorted(redaction.hidden(text, (start, stop), file.document.dialect, ()))
    first, last = (len(text[:at].encode("utf-8", "replace")) for at in (start, stop))
    data = text.encode("utf-8", "replace")
    spans = redaction.hidden(data.decode("latin-1"), (first, last), file.document.dialect, ())
    return sorted(_characters(data, spans))


def _characters(data: bytes, spans: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Return spans of bytes as spans of characters."""
    found: list[tuple[int, int]] = []
    at = count = 0
    for begin, end in sorted(spans):
        first = count + len(data[at:begin].decode("utf-8", "replace"))
        last = first + len(data[begin:end].decode("utf-8", "replace"))
        found.append((first, last))
        at, count = end, last
    return found
