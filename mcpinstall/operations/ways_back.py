"""Which change brought what is current: where `rollback` leads."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.model.receipt import HistoryRecord
from mcpinstall.operations import lookup
from mcpinstall.operations.context import Context

BACK = frozenset({"rollback", "undo"})
"""Changes that go back: what they brought was there before."""


def undone(newest_first: Sequence[HistoryRecord]) -> frozenset[str]:
    """Return the ids of the changes that were taken back, and stay so."""
    gone: set[str] = set()
    for record in newest_first:
        if record.undoes and record.id not in gone:
            gone.add(record.undoes)
    return frozenset(gone)


def found(newest_first: Sequence[HistoryRecord], context: Context) -> dict[str, HistoryRecord]:
    """Return by slug the change that put another generation in the place of an earlier one.

    Only servers for which what it brought is current still.
    """
    gone = undone(newest_first)
    ways: dict[str, HistoryRecord] = {}
    current: dict[str, str | None] = {}
    for record in newest_first:
        if record.id in gone or record.action in BACK:
            continue
        for switch in record.switches:
            slug = switch.slug
            if slug not in current:
                current[slug] = lookup.current_generation(slug, context)
            if slug not in ways and switch.after is not None and switch.after == current[slug]:
                ways[slug] = record
    return {slug: record for slug, record in ways.items() if before(slug, record) is not None}


def before(slug: str, record: HistoryRecord) -> str | None:
    """Return the generation of a server that a change replaced, or None."""
    return next((one.before for one in record.switches if one.slug == slug), None)
