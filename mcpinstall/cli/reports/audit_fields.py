"""An audit as the object that `--json` prints; `docs/schemas/audit-v1.json` is its schema."""

from __future__ import annotations

from mcpinstall.cli.reports import fields
from mcpinstall.model.audit_report import AuditFinding, AuditReport
from mcpinstall.model.finding import Finding, Severity

Object = dict[str, object]


def write(report: AuditReport, least: Severity | None) -> Object:
    """Return a report; fields may be added, dropping or renaming one raises the schema.

    `least` is the severity that fails: each finding says whether it counts for the exit status.
    """
    failing = {id(one) for one in report.at_or_above(least)}
    return {
        **fields.write(report),
        "findings": [_finding(one, counts=id(one) in failing) for one in report.findings],
        "files": [
            {"path": one.path, "host": one.host, "servers": list(one.servers)}
            for one in report.files
        ],
        "suppressed": [
            {**_finding(one.finding, counts=False), "reason": one.reason, "source": one.source}
            for one in report.suppressed
        ],
        "hidden": len(report.hidden),
        "hidden_findings": [_finding(one, counts=False) for one in report.hidden],
        "known": len(report.known),
        "known_findings": [
            {**_finding(one.finding, counts=False), "source": one.source} for one in report.known
        ],
    }


def _finding(one: Finding, *, counts: bool) -> Object:
    found = {**fields.finding(one), "counts": counts}
    if not isinstance(one, AuditFinding):
        return found
    return {
        **found,
        "title": one.rule.title,
        "host": one.host,
        "server": one.server,
        "entry": one.entry,
        "pointer": one.pointer,
        "confidence": one.confidence,
        "persona": one.persona,
    }
