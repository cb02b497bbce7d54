"""Fixes of `mcpi audit --fix` as the object that `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.operations.fix_commit import FixDone
from mcpinstall.operations.fixing import FileFix, Fixed, Left, PreparedFixes

Object = dict[str, object]


def write(
    prepared: PreparedFixes,
    diffs: Mapping[str, FileDiff],
    done: Sequence[FixDone],
) -> Object:
    """Return what goes, and what stays and why."""
    records = {one.file.name: one.record.id for one in done if one.record is not None}
    return {
        "fixes": [_file(one, diffs.get(one.name), records.get(one.name)) for one in prepared.files],
        "not_fixed": [_left(one) for one in prepared.left],
    }


def _file(one: FileFix, diff: FileDiff | None, record: str | None) -> Object:
    return {
        "path": one.name,
        "host": one.change.file.row.id if one.change else "",
        "fixed": [_fixed(each) for each in one.fixed],
        "rights": [
            {"path": mode.shown, "before": f"{mode.before:04o}", "after": f"{mode.after:04o}"}
            for mode in one.modes
        ],
        "diff": list(diff.lines) if diff else [],
        "record": record,
    }


def _fixed(one: Fixed) -> Object:
    return {
        "rule": one.finding.rule.id,
        "server": one.finding.server,
        "fixer": one.fixer,
        "safe": one.is_safe,
        "eased": one.aim.is_eased,
        "what": one.what,
        "notes": list(one.notes),
    }


def _left(one: Left) -> Object:
    place = one.finding.location
    return {
        "rule": one.finding.rule.id,
        "server": one.finding.server,
        "file": place.file,
        "line": place.line,
        "fixer": one.fixer,
        "reason": one.reason,
        "hint": one.hint,
    }
