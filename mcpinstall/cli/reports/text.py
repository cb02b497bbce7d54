"""Findings for people: by file, with the line at fault and a mark under the place."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from mcpinstall.cli import words
from mcpinstall.cli.layout import BLANK, Line, Screen, Segment, Tone, broken, cells, cut, wrapped
from mcpinstall.model.finding import Finding, Report, Severity, Unchecked
from mcpinstall.model.text import printable

_TONES = {
    Severity.LOW: Tone.FAINT,
    Severity.MEDIUM: Tone.WARN,
    Severity.HIGH: Tone.BAD,
    Severity.CRITICAL: Tone.BAD,
}
_NAME = 64  # characters
_EVIDENCE = 20  # lines that are shown
_BEFORE = 30  # columns shown before the place, on a line that is cut; a third of a narrow one


def write(report: Report, width: int, *, verbose: bool = False) -> Screen:
    """Return a report as a screen; `verbose` with what a suppression of each finding names."""
    rows: list[Line] = []
    for file, found in groupby(report.findings, key=lambda one: one.location.file):
        rows += [*broken(file, width, "", Tone.NAME)]
        for one in found:
            rows += _finding(one, width)
            if verbose and one.accepting:
                rows += wrapped(f"    accept: {one.accepting}", width, "      ", Tone.FAINT)
        rows.append(BLANK)
    for gap in report.unchecked:
        rows += _unchecked(gap, width)
    rows += [BLANK] if report.unchecked else []
    rows += wrapped(_sum(report), width)
    for sentence in report.left_out:
        rows += wrapped(f"  {sentence}", width, "    ", Tone.FAINT)
    return tuple(rows)


def _finding(one: Finding, width: int) -> Screen:
    place = one.location
    where = f"{place.line}:{place.column} " if place.line else ""
    severity = one.rule.severity
    rows: list[Line] = [
        (
            Segment(f"  {where}"),
            Segment(severity, _TONES[severity]),
            Segment(f" {one.rule.id} {one.rule.slug}", Tone.STRONG),
            Segment(f"  {one.about[:_NAME]}".rstrip(), Tone.NAME),
        )
    ]
    rows += wrapped(f"    {one.message}", width, "      ")
    rows += _excerpt(one, width)
    for line in one.evidence.splitlines()[:_EVIDENCE]:
        rows += broken(line, width, "      ", Tone.FAINT)
    if one.why:
        rows += wrapped(f"    why: {one.why}", width, "      ", Tone.FAINT)
    if one.fix:
        rows += wrapped(f"    fix: {one.fix}", width, "      ")
    return tuple(rows)


def _excerpt(one: Finding, width: int) -> Screen:
    """Return the line at fault and carets under the region, as far as it fits."""
    place = one.location
    if not one.excerpt.strip() or not place.line:
        return ()
    head = f"{place.line:>6} | "
    before_place = min(_BEFORE, max(width - len(head), 0) // 3)
    first = max(place.column - 1 - before_place, 0) if len(one.excerpt) > width - 10 else 0
    left_out = "…" if 0 < first < place.column - 1 else ""
    first += len(left_out)
    before = left_out + printable(one.excerpt[first : place.column - 1])
    room = max(width - len(head), 20)
    end = place.end_column if place.end_line == place.line else len(one.excerpt) + 1
    marked = printable(one.excerpt[place.column - 1 : end - 1])
    shown = cut(left_out + one.excerpt[first:], room)
    carets = "^" * max(min(cells(marked), room - cells(before)), 1)
    return (
        (Segment(head, Tone.FAINT), Segment(shown)),
        (Segment(f"{'':>6} | ", Tone.FAINT), Segment(" " * cells(before) + carets, Tone.WARN)),
    )


def _unchecked(gap: Unchecked, width: int) -> Screen:
    rows = wrapped(
        f"not checked: {gap.subject}: {gap.message} ({gap.code})", width, "  ", Tone.WARN
    )
    return (*rows, *(wrapped(f"  hint: {gap.hint}", width, "    ") if gap.hint else ()))


def _sum(report: Report) -> str:
    looked = words.count(len(report.subjects), report.noun)
    if not report.findings:
        return f"{looked}: no findings" + (", but not all was checked" if report.unchecked else "")
    counts = Counter(one.rule.severity for one in report.findings)
    parts = [
        f"{words.number(counts[severity])} {severity}"
        for severity in reversed(Severity)
        if counts[severity]
    ]
    return f"{looked}: {words.count(len(report.findings), 'finding')} ({', '.join(parts)})"
