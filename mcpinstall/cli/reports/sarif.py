"""SARIF 2.1.0, which code scanning reads.  Only relative paths; no time stamps."""

from __future__ import annotations

import json
import os
from pathlib import PurePosixPath
from urllib.parse import quote

import mcpinstall
from mcpinstall.model.finding import Finding, Location, Report, Rule, Severity, Unchecked
from mcpinstall.model.text import printable

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}

_HOME = "~/"

Object = dict[str, object]


def write(report: Report) -> str:
    """Return a report as one run."""
    places = {rule.id: number for number, rule in enumerate(report.rules)}
    driver = {
        "name": "mcpinstall",
        "semanticVersion": mcpinstall.__version__,
        "rules": [_rule(rule) for rule in report.rules],
    }
    run: Object = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{report.tool.replace(' ', '-')}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": _bases(report),
        "invocations": [
            {
                "executionSuccessful": not report.unchecked,
                "toolExecutionNotifications": [_notification(one) for one in report.unchecked],
            }
        ],
        "results": [_result(one, places[one.rule.id]) for one in report.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _bases(report: Report) -> Object:
    """Return what paths are relative to; the home folder only where one is named."""
    bases: Object = {"SRCROOT": {"description": {"text": "where it was run"}}}
    if any(one.location.file.startswith(_HOME) for one in report.findings):
        bases["HOME"] = {"description": {"text": "home folder of the user who ran it"}}
    return bases


def _rule(rule: Rule) -> Object:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.slug.split("-")),
        "shortDescription": {"text": rule.title},
        "help": {"text": f"{rule.title}. See docs/{rule.page}#{rule.anchor} of mcpinstall."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "security-severity": rule.severity.score,
            "precision": rule.precision,
            "tags": list(rule.tags),
        },
    }


def _result(one: Finding, number: int) -> Object:
    lines = [one.message, *one.evidence.splitlines()]
    lines += [f"Fix: {one.fix}"] if one.fix else []
    text = "\n".join(printable(line) for line in lines)
    return {
        "ruleId": one.rule.id,
        "ruleIndex": number,
        "level": _LEVELS[one.rule.severity],
        "message": {"text": _plain(text)},
        "locations": [{"physicalLocation": _place(one.location)}],
        "partialFingerprints": {"mcpi/v1": one.fingerprint},
    }


def _place(place: Location) -> Object:
    path = quote(os.fsencode(place.file))  # (a name may be no UTF-8)
    where: Object = {"uri": path, "uriBaseId": "SRCROOT"}
    if path.startswith(_HOME):
        where = {"uri": path.removeprefix(_HOME), "uriBaseId": "HOME"}
    elif PurePosixPath(place.file).is_absolute() or place.file[1:2] == ":":
        where = {"uri": f"file://{'' if path.startswith('/') else '/'}{path}"}
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
    return {"artifactLocation": where, **({"region": region} if place.line else {})}


def _notification(one: Unchecked) -> Object:
    text = printable(f"{one.subject}: {one.message}")
    return {"level": "error", "descriptor": {"id": one.code}, "message": {"text": _plain(text)}}


def _plain(text: str) -> str:
    """Return text for a message, in which `[text](link)` would be a link and `{0}` an argument."""
    escaped = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}")
