"""An audit as the object that `--json` prints; `docs/audit.md` describes it."""

from __future__ import annotations

from mcpinstall.cli.reports import fields
from mcpinstall.model.audit_report import AuditFinding, AuditReport
from mcpinstall.model.finding import Finding

Object = dict[str, object]


def write(report: AuditReport) -> Object:
    """Return a report; fields may be added, dropping or renaming one raises the schema."""
    return {
        **fields.write(report),
        "findings": [_finding(one) for one in report.findings],
        "files": [
            {"path": one.path, "host": one.host, "servers": list(one.servers)}
            for one in report.files
        ],
        "suppressed": [
            {**_finding(one.finding), "reason": one.reason, "source": one.source}
            for one in report.suppressed
        ],
        "hidden": report.hidden,
        "known": report.known,
    }


def _finding(one: Finding) -> Object:
    found = fields.finding(one)
    if not isinstance(one, AuditFinding):
        return found
    return {
        **found,
        "title": one.rule.title,
        "host": one.host,
        "server": one.server,
        "entry": one.entry,
        "confidence": one.confidence,
        "persona": one.persona,
    }
