"""`outdated`, `update`, `rollback` and `hold` as JSON.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcpinstall.cli import json_changes, json_output
from mcpinstall.cli.json_output import Object

if TYPE_CHECKING:
    from mcpinstall.model.receipt import Receipt
    from mcpinstall.operations.outdated import Outdated
    from mcpinstall.operations.prepared import Replacement
    from mcpinstall.operations.rollback import PreparedRollback
    from mcpinstall.operations.update import Kept


def outdated(one: Outdated) -> Object:
    """Return an installed server and what its source has."""
    offer = one.offer
    return {
        "entries": [receipt.entry_name for receipt in one.receipts],
        "name": one.receipts[0].name,
        "registry": one.receipts[0].registry_name,
        "installed": one.receipts[0].version,
        "offered": offer.version or None if offer else None,
        "newest": offer.newest if offer else None,
        "outdated": one.is_finding,
        "hold": one.hold.value or None,
        "revoked": json_output.revoked(one.withdrawal),
        "refused": [
            {"version": refusal.version, "code": str(refusal.code), "why": refusal.why}
            for refusal in (offer.refusals if offer else ())
        ],
        "notes": list(offer.notes) if offer else [],
        "problem": _problem(one),
    }


def _problem(one: Outdated) -> Object | None:
    if one.problem is None:
        return None
    found = one.problem
    return {"code": str(found.code), "message": found.message, "hint": found.hint}


def replacement(one: Replacement) -> Object:
    """Return what takes the place of what, and every change."""
    return {
        "entries": list(one.entries),
        "name": one.server.manifest.name,
        "before": one.old_version,
        "after": one.server.manifest.version,
        "compared": one.comparison is not None,
        "changes": json_changes.changes(one.comparison.changes) if one.comparison else [],
        "notes": [*one.notes, *(one.comparison.notes if one.comparison else ())],
    }


def kept(stays: Sequence[Kept]) -> list[Object]:
    """Return the servers that stay, and why."""
    return [
        {
            "entry": one.receipt.entry_name,
            "version": one.receipt.version,
            "why": one.why or None,
            "hint": one.hint or None,
            "code": str(one.error.code) if one.error else None,
        }
        for one in stays
    ]


def rollback(prepared: PreparedRollback) -> list[Object]:
    """Return what goes back."""
    return [
        {"entries": list(one.entries), "before": one.versions[0], "after": one.versions[1]}
        for one in prepared.steps
    ]


def held(receipts: Sequence[Receipt]) -> list[Object]:
    """Return what holds each entry now."""
    return [
        {"entry": one.entry_name, "version": one.version, "hold": one.hold.value or None}
        for one in receipts
    ]
