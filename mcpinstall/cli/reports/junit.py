"""JUnit's XML, which most CI systems show: one case for each manifest."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.model.finding import Finding, Report, Unchecked
from mcpinstall.model.text import printable


def write(report: Report) -> str:
    """Return a report as one suite; what concerns no manifest stands under its file."""
    found: dict[str, list[Finding]] = {subject: [] for subject in report.subjects}
    for one in report.findings:
        found.setdefault(one.subject, []).append(one)
    gaps: dict[str, list[Unchecked]] = {}
    for gap in report.unchecked:
        found.setdefault(gap.subject, [])
        gaps.setdefault(gap.subject, []).append(gap)
    rows = [_case(report.tool, name, found[name], gaps.get(name, ())) for name in sorted(found)]
    failed = sum(bool(ones) for ones in found.values())
    head = (
        f"<testsuite name={_value(report.tool)} tests={_value(str(len(found)))} "
        f"failures={_value(str(failed))} errors={_value(str(len(gaps)))}>"
    )
    body = "".join(rows)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{body}</testsuite>\n'


def _case(tool: str, name: str, found: Sequence[Finding], gaps: Sequence[Unchecked]) -> str:
    rows = [f"  <testcase classname={_value(tool)} name={_value(name)}>"]
    for one in found:
        place = one.location
        where = f"{place.file}:{place.line}:{place.column}" if place.line else place.file
        lines = [where, *one.evidence.splitlines(), *([f"fix: {one.fix}"] if one.fix else [])]
        kind = f"{one.rule.id} {one.rule.slug} {one.rule.severity}"
        text = "\n".join(_text(line) for line in lines)
        rows.append(
            f"    <failure type={_value(kind)} message={_value(one.message)}>{text}</failure>"
        )
    rows += [f"    <error type={_value(gap.code)} message={_value(gap.message)}/>" for gap in gaps]
    return "\n".join([*rows, "  </testcase>", ""])


def _text(text: str) -> str:
    """Return text between tags; what XML 1.0 has no place for was written out before."""
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _value(text: str) -> str:
    return f'"{_text(text).replace(chr(34), "&quot;")}"'
