"""What changed between two versions, as Markdown for a pull request's comment.  Pure.

Text from outside stands in code only: a span of one line, or a block whose fence is longer than any
run of backticks in it.  There no name is notified, no link made, no image fetched, no HTML read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mcpinstall.cli import change_words, words
from mcpinstall.cli.change_words import TITLES, label
from mcpinstall.model.text import printable
from mcpinstall.planning.changes import Band, Change

if TYPE_CHECKING:
    from mcpinstall.operations.manifest_diff import Diff

LIMIT = 60_000
"""Characters of the whole; a comment may have 65,536."""

_RESERVE = 300  # characters for the line that says what was cut
_SPAN = 300  # characters of a value in a sentence
_LINES, _CHARACTERS = 60, 6000  # of one change


def diff(found: Diff) -> str:
    """Return the comment: never more than `LIMIT` characters, the gravest changes first."""
    kept: list[str] = []
    room, cut, shown = LIMIT - _RESERVE, 0, 0
    for block, is_change in _blocks(found):
        if cut or len(block) + 1 > room:
            cut += is_change
            continue
        room -= len(block) + 1
        shown += is_change
        kept.append(block)
    if cut:
        kept.append(
            f"**{words.count(cut, 'change')} more did not fit here** ({words.number(shown)} are "
            "shown): `mcpi manifest diff` shows all of them.\n"
        )
    return "\n".join(kept)


def report(found: Sequence[Diff]) -> str:
    """Return one comment about several servers, never more than `LIMIT` characters.

    Each is whole or not there at all; what did not fit is counted.
    """
    kept: list[str] = []
    room = LIMIT - _RESERVE
    for one in found:
        text = diff(one)
        if len(text) + 1 > room:
            break
        room -= len(text) + 1
        kept.append(text)
    if left := len(found) - len(kept):
        kept.append(
            f"**{words.count(left, 'server')} more did not fit here** ({words.number(len(kept))} "
            "are shown): `mcpi manifest diff` shows each.\n"
        )
    return "\n".join(kept)


def _blocks(found: Diff) -> Iterator[tuple[str, bool]]:
    """Yield pieces of the comment, and whether each is a change."""
    comparison = found.comparison
    before, after = comparison.before.manifest, comparison.after.manifest
    yield f"### {code(after.name)}: {code(before.version)} → {code(after.version)}\n", False
    sources = " → ".join(map(code, found.sources))
    yield f"From {sources}\n", False
    for note in comparison.notes:
        yield f"* **not compared**: {code(note)}\n", False
    for band in Band:
        of_band = [change for change in comparison.changes if change.band is band]
        if of_band:
            yield f"#### {TITLES[band]} ({words.number(len(of_band))})\n", False
        yield from ((f"{_change(change)}\n", True) for change in of_band)
    if not comparison.changes:
        yield "No difference.\n", False
    inspected = f"{words.number(comparison.inspected)} of {words.number(comparison.needed)}"
    yield f"{inspected} files of changed packages inspected.\n", False


def _change(change: Change) -> str:
    before, after = change_words.values(change)
    text = f"* **{label(change)}** {code(change.subject)}"
    if before or after:
        text += ": " + " → ".join(code(value) if value else "nothing" for value in (before, after))
    shown, missing = change_words.bounded(change.lines, _LINES, _CHARACTERS)
    rows = [f"{'!' if sign == ' ' and _is_mixed(row) else sign} {row}" for sign, row in shown]
    if missing:
        rows.append(f"  … {words.count(missing, 'line')} more")
    return "\n".join((text, *(fenced(rows) if rows else ())))


def _is_mixed(row: str) -> bool:
    return "[-" in row or "{+" in row


def code(text: str) -> str:
    """Return `text` as a code span: escaped, on one line, cut where it is long."""
    shown = printable(change_words.shortened(text, _SPAN))
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.strip(" ") != shown or shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}" if shown.strip(" ") else "(blank)"


def fenced(rows: list[str]) -> tuple[str, ...]:
    """Return escaped lines as a block of code that none of them can end."""
    ticks = "`" * max(3, max(map(_longest_run, rows)) + 1)
    return ("", f"{ticks}diff", *rows, ticks)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
