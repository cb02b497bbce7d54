"""Markdown for a comment on a pull request, or the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from mcpinstall.cli import words
from mcpinstall.model.finding import Finding, Report
from mcpinstall.model.text import printable

LIMIT = 60_000
"""Characters of the whole; a comment may have 65,536."""

_RESERVE = 300  # characters for the line that says what was cut
_SHOWN = 500  # characters of a message
_FENCE = re.compile("`+")


def write(report: Report) -> str:
    """Return a report as Markdown in which no text from outside is markup, link or mention."""
    kept: list[str] = []
    room, cut = LIMIT - _RESERVE, 0
    for block in _blocks(report):
        if cut or len(block) + 1 > room:
            cut += block.startswith("-")
            continue
        room -= len(block) + 1
        kept.append(block)
    kept += ["", f"… and {cut} more lines that did not fit."] if cut else []
    return "\n".join(kept).rstrip() + "\n"


def _blocks(report: Report) -> Iterator[str]:
    """Yield what is kept whole or cut; what is counted begins with `-`."""
    yield from (f"### `{report.tool}`", "", _sum(report), "")
    yield from (f"- {code(sentence)}" for sentence in report.left_out)  # (names a file's texts)
    yield from [""] if report.left_out else []
    for file, found in groupby(report.findings, key=lambda one: one.location.file):
        yield from (f"**{code(file)}**", "")
        yield from map(_row, found)
        yield ""
    for gap in report.unchecked:
        yield f"- not checked: {code(gap.subject)}: {code(gap.message)}"


def _sum(report: Report) -> str:
    looked = words.count(len(report.subjects), report.noun)
    sum_ = f"{looked}, {words.count(len(report.findings), 'finding')}"
    return f"{sum_}, {len(report.unchecked)} not checked" if report.unchecked else sum_


def _row(one: Finding) -> str:
    place = one.location
    where = f"line {place.line}, " if place.line else ""
    about = f" {code(one.about)}" if one.about else ""
    rule = f"{one.rule.id} {one.rule.slug}{about}"
    text = f"- **{one.rule.severity}** {rule}: {where}{code(one.message)}"
    return f"{text}<br>fix: {code(one.fix)}" if one.fix else text


def code(text: str) -> str:
    """Return text as a code span, in which Markdown means nothing; longer fences hold its own."""
    plain = printable(text)
    shown = plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"
    fence = "`" * (max((len(run) for run in _FENCE.findall(shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"{fence}{shown}{fence}"
