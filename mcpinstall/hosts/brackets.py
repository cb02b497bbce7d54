"""Items between brackets, in any syntax that has commas: one goes, one comes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from mcpinstall.model.regions import Span

_EOL = re.compile(r"\r\n|\n|\r")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)")


class TextSplice(NamedTuple):
    """Begin and end of a span of characters, and what stands there afterwards."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brackets:
    """An object, a list, or an inline table."""

    text: str
    start: int
    """Of the opening bracket."""
    close: int
    """Of the closing one."""
    items: tuple[Span, ...]
    """Each with its key."""
    trivia: re.Pattern[str]
    """What may stand between two tokens."""

    def without(self, number: int) -> TextSplice:
        """Return the splice that takes an item out; comments beside it stay."""
        begin, end = self.items[number]
        comma = self._comma(end)
        if comma is not None:
            kept = self.text[end:comma].strip()
            return TextSplice(begin, comma + 1, kept) if kept else self._line(begin, comma + 1)
        if number == 0:
            bare = not self.text[self.start + 1 : begin].strip()
            bare = bare and not self.text[end : self.close].strip()
            return TextSplice(*((self.start + 1, self.close) if bare else (begin, end)), "")
        before = self._comma(self.items[number - 1].end)
        at = self.items[number - 1].end if before is None else before
        between = self.text[at + 1 : begin]
        return TextSplice(at, end, between.rstrip() if between.strip() else "")

    def with_item(self, number: int, new: str) -> TextSplice:
        """Return the splice that puts an item before the one of that number, or at the end."""
        if not self.items:
            inner = self.text[self.start + 1 : self.close]
            return TextSplice(self.start + 1, self.start + 1 if inner.strip() else self.close, new)
        if number < len(self.items):
            at = self.items[number].start
            return TextSplice(at, at, f"{new},{self._between()}")
        return self.behind(len(self.items) - 1, new)

    def behind(self, number: int, new: str) -> TextSplice:
        """Return the splice that puts an item behind the one of that number."""
        at = self.items[number].end
        return TextSplice(at, at, f",{self._between()}{new}")

    def _comma(self, at: int) -> int | None:
        """Return the offset of the comma behind an item."""
        found = self.trivia.match(self.text, at)
        end = found.end() if found else at
        return end if self.text.startswith(",", end) else None

    def _line(self, begin: int, end: int) -> TextSplice:
        """Take out a span: with its whole line if nothing else is there, else with blanks."""
        return without_line(self.text, begin, end)

    def _between(self) -> str:
        """Return what stands behind a comma here."""
        first = self.items[0].start
        eol = _EOL.search(self.text, self.start, first)
        if eol:
            return eol[0] + indent_of(self.text, first)
        if len(self.items) > 1:
            comma = self._comma(self.items[0].end)
            blank = self.text[(comma or 0) + 1 : self.items[1].start] if comma else " "
            return blank if not blank.strip() and not _EOL.search(blank) else " "
        return " "


def without_line(text: str, begin: int, end: int) -> TextSplice:
    """Return the splice that takes out a span, with its line where nothing else stands on it."""
    own = begin - len(text[line_start(text, begin) : begin])
    rest = _REST_OF_LINE.match(text, end)
    if not text[own:begin].strip(" \t") and rest:
        return TextSplice(own, rest.end(), "")
    if rest:  # the last thing on its line
        while begin > own and text[begin - 1] in " \t":
            begin -= 1
        return TextSplice(begin, end, "")
    while text[end : end + 1] in (" ", "\t"):
        end += 1
    return TextSplice(begin, end, "")


def line_start(text: str, at: int) -> int:
    """Return where the line of `at` begins."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def indent_of(text: str, at: int) -> str:
    """Return the blanks at the beginning of the line of `at`."""
    start = line_start(text, at)
    return text[start : start + len(text[start:at]) - len(text[start:at].lstrip(" \t"))]


def eol_of(text: str) -> str:
    """Return the first line end of a text; a line feed where it has none."""
    found = _EOL.search(text)
    return found[0] if found else "\n"
