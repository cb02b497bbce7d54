"""Uninstall: our entries out of the host files, then the environment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostChange
from mcpinstall.model.receipt import Receipt, Switch
from mcpinstall.operations import (
    host_choice,
    host_files,
    lookup,
    secret_places,
    server_plans,
    transaction,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Done, PreparedRemoval
from mcpinstall.receipts.store import ReceiptStore


def prepare(names: Sequence[str], selectors: Sequence[str], context: Context) -> PreparedRemoval:
    """Say what goes: entries of `names` from all their hosts, or from those of `selectors`.

    Raises:
        McpInstallError: `not-installed`, `host-unknown`, or when a host file can't be edited.
    """
    receipts = tuple(dict.fromkeys(lookup.installed(name, context) for name in names))
    everywhere = any(map(host_choice.is_all, selectors))
    rows = set() if everywhere else {hosts.find_rows(selector).id for selector in selectors}
    removal = _Removal(context)
    for receipt in receipts:
        for row_id in receipt.hosts:
            if not rows or row_id in rows:
                removal.take_out(receipt, row_id)
    if rows and not removal.changes:
        raise McpInstallError(
            ErrorCode.NOT_INSTALLED,
            f"{', '.join(f'`{r.entry_name}`' for r in receipts)} is not in that host",
            hint="see `mcpi list`",
        )
    kept = tuple(filter(None, (_kept(receipt, rows) for receipt in receipts)))
    changes = tuple(removal.changes.values())
    return PreparedRemoval(
        receipts=receipts,
        changes=tuple(c for c in changes if c.after != c.file.content),
        servers_removed=tuple(sorted(set(_removed(receipts, kept, context).values()))),
        kept=kept,
        unwritten=tuple(c for c in changes if c.after == c.file.content),
        notes=(
            *removal.notes,
            *(note for one in changes if one.after == one.file.content for note in one.warnings),
            *_back(removal.given_back.values()),
            *secret_places.going(receipts, kept, context),
        ),
    )


def _back(receipts: Iterable[Receipt]) -> tuple[str, ...]:
    """Return what hosts start again, where entries were adopted: these stay, as they were."""
    return tuple(
        f"`{one.entry_name}` was adopted: its entry stays, and starts `{one.adopted}` again"
        for one in receipts
    )


def commit(prepared: PreparedRemoval, context: Context) -> Done:
    """Take the entries out, then the environments that no entry uses any more.

    A running server keeps its generation until it ends.

    Raises:
        McpInstallError: what stopped it; everything is as before then.
    """
    with transaction.exclusive(context):
        removed = _require_same(prepared, context)
        change = transaction.Transaction(
            action="uninstall",
            switches=tuple(
                Switch(slug=slug, before=lookup.current_generation(slug, context), after=None)
                for slug in removed
            ),
            changes=(*prepared.changes, *prepared.unwritten),
            receipts_before=prepared.receipts,
            receipts_after=prepared.kept,
        )
        record = transaction.run(change, context)
    notes = (*prepared.notes, *secret_places.left(record, context))
    return Done(record=record, receipts=prepared.kept, notes=notes)


def _require_same(prepared: PreparedRemoval, context: Context) -> tuple[str, ...]:
    """Refuse when another `mcpi` has changed the entries; return the slugs of servers that go.

    Raises:
        McpInstallError: `plan-changed`.
    """
    store = ReceiptStore(context.paths)
    removed = _removed(prepared.receipts, prepared.kept, context)
    same = all(store.receipt(receipt.entry_name) == receipt for receipt in prepared.receipts)
    if not same or set(removed.values()) != set(prepared.servers_removed):
        raise McpInstallError(
            ErrorCode.PLAN_CHANGED,
            "another `mcpi` changed these entries meanwhile",
            hint="run the command again to see what would go now",
        )
    return tuple(removed)


class _Removal:
    """Changes of host files, collected entry by entry."""

    def __init__(self, context: Context) -> None:
        self.changes: dict[str, HostChange] = {}
        self.notes: list[str] = []
        self.given_back: dict[str, Receipt] = {}
        """Of entries that were adopted, by name."""
        self._context = context

    def take_out(self, receipt: Receipt, row_id: str) -> None:
        """Take one entry out of one file, as far as it is there and ours."""
        change = self.changes.get(row_id) or self._unchanged(row_id)
        self.changes[row_id] = change
        name, row = receipt.entry_name, change.file.row
        file = replace(change.file, content=change.after)
        there = {server.name: server for server in hosts.entries(file)}
        present = name in there
        if name not in change.chain_after.names:
            why = "was not written by mcpinstall; it stays" if present else "is not there any more"
            self.notes.append(f"`{name}` in `{file.path}` {why} ({row.title})")
            return
        if not present:
            self.notes.append(f"`{name}` is not in `{file.path}` any more ({row.title})")
        step = hosts.take_out(file, change.chain_after, name)
        warnings = tuple(dict.fromkeys((*change.warnings, *step.warnings)))
        self.changes[row_id] = replace(
            change, after=step.after, chain_after=step.chain_after, warnings=warnings
        )
        now = hosts.entries(replace(file, content=step.after))
        if receipt.adopted and any(one.name == name and one != there[name] for one in now):
            self.given_back[name] = receipt

    def _unchanged(self, row_id: str) -> HostChange:
        file = host_files.read(hosts.find_rows(row_id), self._context)
        chain = ReceiptStore(self._context.paths).chain(row_id)
        return HostChange(file=file, after=file.content, chain_before=chain, chain_after=chain)


def _kept(receipt: Receipt, rows: Collection[str]) -> Receipt | None:
    """Return the receipt of an entry that stays somewhere: `rows` are taken, none means all."""
    if not rows:
        return None
    left = tuple(row for row in receipt.hosts if row not in rows)
    return replace(receipt, hosts=left) if left or not receipt.hosts else None


def _removed(
    receipts: Sequence[Receipt], kept: Sequence[Receipt], context: Context
) -> dict[str, str]:
    """Return slug and name of the servers all of whose entries go."""
    gone = {one.entry_name for one in receipts} - {one.entry_name for one in kept}
    slugs = {lookup.receipt_slug(one): one.name for one in receipts if not one.is_remote}
    return {
        slug: name
        for slug, name in slugs.items()
        if {other.entry_name for other in server_plans.receipts_of(slug, context)} <= gone
    }
