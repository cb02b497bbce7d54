"""What changed between two versions, on a screen.  Pure; also a part of `mcpi update`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcpinstall.cli import change_words, words
from mcpinstall.cli.change_words import LABELS, TITLES
from mcpinstall.cli.layout import (
    BLANK,
    CONTINUED,
    Line,
    Screen,
    Segment,
    Tone,
    broken,
    cells,
    padded,
    wrapped,
)
from mcpinstall.model.text import printable
from mcpinstall.planning.changes import Band, Change

if TYPE_CHECKING:
    from mcpinstall.operations.manifest_diff import Diff

_LINES, _CHARACTERS = 60, 8000  # of one change; all of it is in `--format json`
_ONE_LINE = 100  # columns at most, where nothing says how wide the screen is
_LABEL = max(map(len, LABELS.values())) + 2
_TONES = {Band.FIRST: Tone.BAD, Band.NEXT: Tone.WARN, Band.REST: Tone.PLAIN}
_SIGNS = {"+": Tone.GOOD, "-": Tone.BAD, " ": Tone.PLAIN}


def diff(found: Diff, width: int) -> Screen:
    """Return both versions, every change, and what could not be compared."""
    comparison = found.comparison
    rows: list[Line] = []
    for label, side, source in (
        ("from", comparison.before, found.sources[0]),
        ("to", comparison.after, found.sources[1]),
    ):
        name = f"{side.manifest.name} {side.manifest.version}"
        rows += broken(name, width - 6, f"{padded(label, 6)}", Tone.STRONG)
        rows += wrapped(f"      {source}", width, CONTINUED, Tone.FAINT)
    rows += [BLANK, *changes(comparison.changes, width)]
    rows += [row for note in comparison.notes for row in wrapped(f"! {note}", width, CONTINUED)]
    return (*rows, *wrapped(_summary(found), width, CONTINUED))


def changes(found: Sequence[Change], width: int) -> Screen:
    """Return changes under a heading for each band, the gravest first."""
    rows: list[Line] = []
    for band in Band:
        of_band = [change for change in found if change.band is band]
        if of_band:
            heading = f"{TITLES[band]} ({words.number(len(of_band))})"
            rows += wrapped(heading, width, "  ", Tone.STRONG)
            rows += [row for change in of_band for row in _change(change, width)]
            rows.append(BLANK)
    return tuple(rows) or (*wrapped("No difference.", width), BLANK)


def _change(change: Change, width: int) -> Screen:
    name = Segment(f"  {padded(change_words.label(change), _LABEL)}", _TONES[change.band])
    rows: list[Line] = [*_heading(change, name, width)]
    shown, missing = change_words.bounded(change.lines, _LINES, _CHARACTERS)
    for sign, text in shown:
        rows += wrapped(f"      {sign} {text}", width, CONTINUED, _SIGNS[sign])
    if missing:
        said = f"      … {words.count(missing, 'line')} more: `--format json` has them"
        rows += wrapped(said, width, CONTINUED, Tone.WARN)
    return tuple(rows)


def _heading(change: Change, name: Segment, width: int) -> Screen:
    """Return name, subject and short values, on one line where they fit."""
    before, after = change_words.values(change)
    both = f"{before} → {after}" if before and after else before or after
    subject = change_words.shortened(change.subject)
    whole = f"{subject}: {both}" if both else subject
    if cells(printable(whole)) + _LABEL + 2 < min(width, _ONE_LINE):
        return ((name, Segment(whole)),)
    first, *more = broken(subject, width - _LABEL - 2)
    rows: list[Line] = [(name, *first), *more]
    rows += _value(before, "-", width) if before else ()
    rows += _value(after, "+", width) if after else ()
    return tuple(rows)


def _value(text: str, sign: str, width: int) -> Screen:
    return broken(f"{sign} {text}", width, "      ", _SIGNS[sign])


def _summary(found: Diff) -> str:
    comparison = found.comparison
    changed = words.count(len(comparison.changes), "change")
    if not comparison.needed:
        return f"{changed}; every file of the closure is the very same"
    inspected = f"{words.number(comparison.inspected)} of {words.number(comparison.needed)}"
    return f"{changed}; {inspected} files of changed packages inspected"
