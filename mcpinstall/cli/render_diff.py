"""Changes of host files as lines.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.cli import words
from mcpinstall.cli.layout import (
    CONTINUED,
    Line,
    Screen,
    Segment,
    Tone,
    broken,
    cells,
    line,
    wrapped,
)
from mcpinstall.model.host import HostChange
from mcpinstall.model.text import printable
from mcpinstall.operations.prepared import SkippedHost

_TONES = {"+": Tone.GOOD, "-": Tone.BAD, "@": Tone.NAME}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    """One host file's change and its diff, values outside our entry redacted."""

    change: HostChange
    lines: tuple[str, ...]


def files(diffs: Sequence[FileDiff], home: Path, width: int, *, whole: bool) -> Screen:
    """Return a heading for each file; with `whole`, its diff below."""
    rows: list[Line] = []
    for diff in diffs:
        rows += _heading(diff, home, width)
        for warning in diff.change.warnings:
            rows += wrapped(f"  ! {warning}", width, "    ", Tone.WARN)
        if whole:
            rows += [row for text in _body(diff.lines) for row in _diff_line(text, width)]
    return tuple(rows)


def skipped(hosts: Sequence[SkippedHost], width: int) -> Screen:
    """Return the hosts of `--host all` that can't take part, each with its reason."""
    rows: list[Line] = []
    for one in hosts:
        rows += wrapped(f"not {one.row.title}: {one.error.message}", width, CONTINUED, Tone.WARN)
        if one.error.hint:
            rows += wrapped(f"    {one.error.hint}", width, CONTINUED)
    return tuple(rows)


def _heading(diff: FileDiff, home: Path, width: int) -> Screen:
    change = diff.change
    name = printable(words.path(change.file.path, home))
    where = f"{name}  ({printable(change.file.row.title)})"
    what = summary(diff)
    rows: tuple[Line, ...] = broken(where, width, "", Tone.STRONG)
    gap = width - cells(where) - cells(what)
    if gap >= 2:
        rows = (line(Segment(where, Tone.STRONG), " " * gap, what),)
    else:
        rows = (*rows, line(f"  {what}"))
    if change.file.target != change.file.path:
        rows += broken(f"leads to {words.path(change.file.target, home)}", width, "  ")
    return rows


def summary(diff: FileDiff) -> str:
    """Return what happens to the file: `new file, 7 lines`, `5 lines added, 1 removed`."""
    added, removed = _counts(diff.lines)
    if diff.change.file.content is None:
        return f"new file, {words.count(added, 'line')}"
    if diff.change.after is None:
        return "file removed again"
    parts = [f"{words.count(added, 'line')} added"] if added else []
    if removed:
        parts.append(f"{words.number(removed) if parts else words.count(removed, 'line')} removed")
    return ", ".join(parts) or "changed"


def _body(diff: Sequence[str]) -> Sequence[str]:
    """Return a diff without its two header lines: the heading names the file."""
    start = next((n for n, text in enumerate(diff) if text.startswith("@@")), 0)
    return diff[start:]


def _counts(diff: Sequence[str]) -> tuple[int, int]:
    body = _body(diff)
    return sum(t.startswith("+") for t in body), sum(t.startswith("-") for t in body)


def _diff_line(text: str, width: int) -> Screen:
    return broken(text, width, "    ", _TONES.get(text[:1], Tone.PLAIN))
