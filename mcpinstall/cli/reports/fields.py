"""Findings as the objects that `--json` prints."""

from __future__ import annotations

from mcpinstall.model.finding import Finding, Report

Object = dict[str, object]


def write(report: Report) -> Object:
    """Return a report; fields may be added, dropping or renaming one raises the schema."""
    return {
        "tool": report.tool,
        "checked": list(report.subjects),
        "findings": [finding(one) for one in report.findings],
        "unchecked": [
            {
                "subject": one.subject,
                "code": one.code,
                "message": one.message,
                "hint": one.hint,
            }
            for one in report.unchecked
        ],
        "left_out": list(report.left_out),
    }


def finding(one: Finding) -> Object:
    """Return one finding."""
    place = one.location
    return {
        "rule": one.rule.id,
        "slug": one.rule.slug,
        "severity": str(one.rule.severity),
        "subject": one.subject,
        "message": one.message,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "excerpt": one.excerpt,
        "evidence": one.evidence,
        "fix": one.fix,
        "docs": f"docs/{one.rule.page}#{one.rule.anchor}",
        "fingerprint": one.fingerprint,
    }
