"""What changed between two versions, as JSON (`docs/manifests.md`).  Pure; everything, uncut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcpinstall.planning.changes import Change, Described

if TYPE_CHECKING:
    from mcpinstall.operations.manifest_diff import Diff

Object = dict[str, object]


def diff(found: Diff) -> Object:
    """Return the fields of `manifest diff --json`."""
    comparison = found.comparison
    return {
        "before": _version(comparison.before, found.sources[0]),
        "after": _version(comparison.after, found.sources[1]),
        "changes": changes(comparison.changes),
        "notes": list(comparison.notes),
        "files": {"needed": comparison.needed, "inspected": comparison.inspected},
    }


def changes(found: Sequence[Change]) -> list[Object]:
    """Return every change, the gravest first."""
    return [
        {
            "kind": str(change.kind),
            "weight": change.weight,
            "band": str(change.band),
            "subject": change.subject,
            "before": change.before,
            "after": change.after,
            "lines": [
                [{"mark": str(part.mark), "text": part.text} for part in line]
                for line in change.lines
            ],
        }
        for change in found
    ]


def _version(side: Described, source: str) -> Object:
    return {"name": side.manifest.name, "version": side.manifest.version, "source": source}
