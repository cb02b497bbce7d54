"""Markdown for a comment on a pull request, or the summary of a job."""

from __future__ import annotations

import re
from itertools import groupby

from mcpinstall.model.finding import Finding, Report
from mcpinstall.model.text import printable

_MOST = 100  # findings of one comment; GitHub takes 65,536 characters
_SHOWN = 500  # characters of a message
_FENCE = re.compile("`+")


def write(report: Report) -> str:
    """Return a report as Markdown in which no text from outside is markup, link or mention."""
    rows = [f"### `{report.tool}`", "", _sum(report), ""]
    shown = report.findings[:_MOST]
    for file, found in groupby(shown, key=lambda one: one.location.file):
        rows += [f"**{code(file)}**", ""]
        rows += [_row(one) for one in found]
        rows.append("")
    if len(report.findings) > _MOST:
        rows += [f"… and {len(report.findings) - _MOST} more.", ""]
    rows += [f"- not checked: {code(gap.subject)}: {code(gap.message)}" for gap in report.unchecked]
    rows += [""] if report.unchecked else []
    rows += [f"- {sentence}" for sentence in report.left_out]
    return "\n".join(rows).rstrip() + "\n"


def _sum(report: Report) -> str:
    sum_ = f"{len(report.subjects)} {report.noun}s, {len(report.findings)} findings"
    return f"{sum_}, {len(report.unchecked)} not checked" if report.unchecked else sum_


def _row(one: Finding) -> str:
    place = one.location
    where = f"line {place.line}, " if place.line else ""
    text = f"- **{one.rule.severity}** {one.rule.id} {one.rule.slug}: {where}{code(one.message)}"
    return f"{text}<br>fix: {code(one.fix)}" if one.fix else text


def code(text: str) -> str:
    """Return text as a code span, in which Markdown means nothing; longer fences hold its own."""
    plain = printable(text)
    shown = plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"
    fence = "`" * (max((len(run) for run in _FENCE.findall(shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"{fence}{shown}{fence}"
