"""Workflow commands of GitHub Actions: annotations at lines of a pull request."""

from __future__ import annotations

from mcpinstall.model.finding import Finding, Report, Severity
from mcpinstall.model.text import printable

_MOST = 10
"""Annotations of one kind that GitHub shows for a step; the rest is told in one line."""

_WORDS = {
    Severity.LOW: "notice",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}


def write(report: Report) -> str:
    """Return a report as workflow commands, the worst first."""
    rows: list[str] = []
    counts: dict[str, int] = {}
    for one in sorted(report.findings, key=lambda one: -one.rule.severity.rank):
        word = _WORDS[one.rule.severity]
        counts[word] = counts.get(word, 0) + 1
        if counts[word] <= _MOST:
            rows.append(_command(word, one))
    for word, count in counts.items():
        if count > _MOST:
            rows.append(f"::{word}::{count - _MOST} more findings are not annotated")
    gaps = (f"not checked: {gap.subject}: {gap.message}" for gap in report.unchecked)
    rows += [f"::error::{_data(text)}" for text in gaps]
    return "".join(f"{row}\n" for row in rows)


def _command(word: str, one: Finding) -> str:
    place = one.location
    values = {"file": place.file, "title": f"{one.rule.id} {one.rule.slug}"}
    if place.line:
        values |= {"line": str(place.line), "endLine": str(place.end_line)}
        if place.line == place.end_line:
            values |= {"col": str(place.column), "endColumn": str(place.end_column)}
    head = ",".join(f"{key}={_property(value)}" for key, value in values.items())
    text = f"{one.message}. Fix: {one.fix}" if one.fix else one.message
    return f"::{word} {head}::{_data(text)}"


def _data(text: str) -> str:
    """Return text that can't end its line, and so begins no command of its own."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
