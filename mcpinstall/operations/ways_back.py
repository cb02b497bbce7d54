"""Which change brought what is current: where `rollback` leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import HistoryRecord, Receipt
from mcpinstall.operations import lookup
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore

BACK = frozenset({"rollback", "undo"})
"""Changes that go back: what they brought was there before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where one server goes back to."""

    record: HistoryRecord
    """The change that brought the version that is current."""
    before: str
    """Generation that it replaced; empty for a server that is used where it runs."""
    is_version: bool = True
    """What it replaced was something else, not the same built once more."""


def undone(newest_first: Sequence[HistoryRecord]) -> frozenset[str]:
    """Return the ids of the changes that were taken back, and stay so."""
    gone: set[str] = set()
    for record in newest_first:
        if record.undoes and record.id not in gone:
            gone.add(record.undoes)
    return frozenset(gone)


def found(newest_first: Sequence[HistoryRecord], context: Context) -> dict[str, Way]:
    """Return by slug where each server that has one goes back to.

    That is the version before; where the history knows of none, what was built before it was
    built again.
    """
    gone = undone(newest_first)
    standing = [one for one in newest_first if one.id not in gone and one.action not in BACK]
    slugs = {switch.slug: None for record in standing for switch in record.switches}
    ways = {slug: _local(slug, standing, context) for slug in slugs}
    remote = {
        lookup.receipt_slug(one): one.manifest_sha256
        for one in ReceiptStore(context.paths).receipts()
        if one.is_remote
    }
    ways |= {slug: _remote(slug, manifest, standing) for slug, manifest in remote.items()}
    return {slug: way for slug, way in ways.items() if way is not None}


def moved(record: HistoryRecord) -> frozenset[str]:
    """Return the servers whose place a change gave to something else."""
    entries = (*record.receipts_before, *record.receipts_after)
    remote = (lookup.receipt_slug(one) for one in entries if one.is_remote)
    return frozenset((*(one.slug for one in record.switches), *remote))


def came_later(entry: Receipt, before: Sequence[Receipt]) -> McpInstallError:
    """Return the refusal to give an entry a version that is started differently."""
    former = next((one.version for one in before), "the former version")
    return McpInstallError(
        ErrorCode.NOTHING_TO_UNDO,
        f"`{entry.entry_name}` was set for {entry.version} after that change, and {former} is "
        "started differently",
        hint=f"`mcpi update {entry.entry_name} --to {former}` makes its entries anew",
    )


def _local(slug: str, standing: Iterable[HistoryRecord], context: Context) -> Way | None:
    """Follow what is current through the changes that brought it, to another version."""
    wanted = lookup.current_generation(slug, context)
    built: Way | None = None
    for record in standing:
        step = next((one for one in record.switches if one.slug == slug), None)
        if step is None or wanted is None or step.after != wanted:
            continue
        if step.before is None:
            break
        old = _manifest(record.receipts_before, step.before)
        if old is None or old != _manifest(record.receipts_after, step.after):
            return Way(record=record, before=step.before)
        wanted = step.before
        built = built or Way(record=record, before=step.before, is_version=False)
    return built


def _manifest(receipts: Iterable[Receipt], generation: str) -> str | None:
    return next((one.manifest_sha256 for one in receipts if one.generation == generation), None)


def _remote(slug: str, manifest: str, standing: Iterable[HistoryRecord]) -> Way | None:
    """Return the change that brought the version of a server that is used where it runs."""
    for record in standing:
        before, after = (
            {one.manifest_sha256 for one in receipts if lookup.receipt_slug(one) == slug}
            for receipts in (record.receipts_before, record.receipts_after)
        )
        if before and manifest in after - before:
            return Way(record=record, before="")
    return None
