"""Lines of styled text, and how they fit a width.  Pure; `ui` writes them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from mcpinstall.model.text import printable

CONTINUED = "  ↳ "
"""Begins a line that goes on with the one above.  No text from outside reaches this column."""

_SYMBOLS = "\u2600"
"""From here on symbols may be drawn as emoji."""

_MOST_INDENT = 12
"""Leading spaces that a sentence keeps."""

_LEAST_WIDTH = 20
"""Below this a terminal wraps by itself."""


class Tone(StrEnum):
    """How a piece of text stands out; meaning never depends on it.  The value is its SGR code."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    GOOD = "32"
    BAD = "1;31"
    WARN = "33"
    NAME = "36"


class Segment(NamedTuple):
    """A piece of one line."""

    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Segment, ...]
Screen = tuple[Line, ...]

BLANK: Line = ()


def line(*parts: str | Segment) -> Line:
    """Return one line of plain strings and segments."""
    return tuple(Segment(part) if isinstance(part, str) else part for part in parts)


def plain(lines: Iterable[Line]) -> str:
    """Return the text of `lines`, escaped, without styles."""
    return "".join(f"{''.join(printable(part.text) for part in row)}\n" for row in lines)


def styled(lines: Iterable[Line]) -> str:
    """Return the text of `lines`, escaped, with SGR codes; nothing but these codes is active."""
    return "".join(f"{''.join(map(_styled, row))}\n" for row in lines)


def _styled(part: Segment) -> str:
    text = printable(part.text)
    return f"\x1b[{part.tone}m{text}\x1b[0m" if part.tone and text else text


def cells(text: str) -> int:
    """Return how many columns `text` takes, wide characters counted as two."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    """Return the most columns that a terminal gives `char`.

    More than it takes is ugly, fewer is dangerous: a line that a terminal breaks by itself goes
    on in the first column.  So a mark counts, for some terminals draw it by itself, and every
    symbol counts as wide, for Unicode's tables of emoji differ from version to version.
    """
    symbol = char >= _SYMBOLS and unicodedata.category(char) == "So"
    return 2 if symbol or unicodedata.east_asian_width(char) in "WF" else 1


def padded(text: str, width: int) -> str:
    """Return `text` with spaces up to `width` columns."""
    return text + " " * (width - cells(text))


def cut(text: str, width: int) -> str:
    """Return `text`, escaped, on one line of at most `width` columns; `…` where it was cut."""
    text = printable(text)
    return text if cells(text) <= width else f"{next(_pieces(text, max(width - 1, 1)))}…"


def broken(text: str, width: int, indent: str = "", tone: Tone = Tone.PLAIN) -> Screen:
    """Return the whole of `text`, escaped and never shortened, over as many lines as it takes.

    Lines but the first begin with `CONTINUED`, so that text can't pass for a line of its own.
    """
    shown, room = printable(text), max(width, _LEAST_WIDTH)
    first = next(_pieces(shown, room - cells(indent)), "")
    rest = _pieces(shown[len(first) :], room - cells(CONTINUED))
    return (
        (Segment(indent), Segment(first, tone)),
        *((Segment(CONTINUED), Segment(piece, tone)) for piece in rest),
    )


def _pieces(text: str, width: int) -> Iterator[str]:
    if text.isascii():
        yield from (text[start : start + width] for start in range(0, len(text), width))
        return
    piece, taken = "", 0
    for cluster in _clusters(text):
        size = cells(cluster)
        if piece and taken + size > width:
            yield piece
            piece, taken = "", 0
        piece, taken = piece + cluster, taken + size
    if piece:
        yield piece


def _clusters(text: str) -> Iterator[str]:
    """Yield each character with the marks that stand on it."""
    cluster = ""
    for char in text:
        if cluster and unicodedata.category(char) not in ("Mn", "Me"):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def wrapped(text: str, width: int, indent: str = "", tone: Tone = Tone.PLAIN) -> Screen:
    """Return a sentence over lines broken between words, all but the first behind `indent`.

    That is `CONTINUED` where text from outside is long enough to choose where lines break.
    """
    shown, room = printable(text), max(width, _LEAST_WIDTH)
    row = shown[: min(len(shown) - len(shown.lstrip(" ")), _MOST_INDENT)]
    longest = room - max(cells(indent), len(row))
    if len(shown) <= longest and shown.isascii():
        return (line(Segment(shown, tone)),)
    rows, empty = [], True
    for word in _words(shown[len(row) :], longest):
        if not empty and cells(row) + 1 + cells(word) > room:
            rows.append(row)
            row = indent + word
        else:
            row = row + word if empty else f"{row} {word}"
        empty = False
    return tuple(line(Segment(text, tone)) for text in (*rows, row))


def _words(text: str, width: int) -> Iterator[str]:
    for word in text.split(" "):
        yield from _pieces(word, width) if word else ("",)


def fields(items: Sequence[Segment], width: int, indent: str) -> Screen:
    """Return items side by side, three spaces between, on as many lines as they take.

    The first line begins at the first column, the others behind `indent`, and what goes on with
    an item behind `CONTINUED`.
    """
    rows: list[Line] = []
    row: Line = ()
    for text, tone in items:
        item = Segment(printable(text), tone)
        taken = sum(cells(part.text) for part in row)
        if row and taken + 3 + cells(item.text) <= width:
            row = (*row, Segment("   "), item)
            continue
        rows += [row] if row else []
        start = indent if rows else ""
        first, *rest = wrapped(item.text, width - cells(start), CONTINUED, tone)
        *full, row = (Segment(start), *first), *rest
        rows += full
    return (*rows, row)


def table(header: Sequence[str], rows: Sequence[Sequence[str | Segment]], width: int) -> Screen:
    """Return rows in columns under a header; the last column wraps."""
    styled_rows = [[_segment(cell) for cell in row] for row in rows]
    titles = [Segment(title, Tone.STRONG) for title in header]
    every = [titles, *styled_rows]
    widths = [max(cells(row[n].text) for row in every) for n in range(len(header) - 1)]
    indent = sum(widths) + 2 * len(widths)
    last = max(cells(row[-1].text) for row in every)
    if indent + min(last, _LEAST_WIDTH) > width:
        return _stacked(titles, styled_rows, width)
    return tuple(laid for row in every for laid in _columns(row, widths, width - indent))


def _segment(cell: str | Segment) -> Segment:
    part = Segment(cell) if isinstance(cell, str) else cell
    return Segment(printable(part.text), part.tone)


def _columns(row: Sequence[Segment], widths: Sequence[int], room: int) -> Screen:
    *cells_before, last = row
    lead = tuple(
        Segment(padded(part.text, size + 2), part.tone)
        for part, size in zip(cells_before, widths, strict=True)
    )
    first, *rest = wrapped(last.text, room, tone=last.tone)
    blank = Segment(" " * (sum(widths) + 2 * len(widths)))
    return ((*lead, *first), *((blank, *more) for more in rest))


def _stacked(titles: Sequence[Segment], rows: Sequence[Sequence[Segment]], width: int) -> Screen:
    """Return one block for each row, for terminals too narrow for columns."""
    found: list[Line] = []
    for row in rows:
        found += broken(row[0].text, width, tone=row[0].tone)
        for title, part in zip(titles[1:], row[1:], strict=True):
            found += wrapped(f"  {title.text}: {part.text}", width, "    ", part.tone)
    return tuple(found)
