"""Uninstall: our entries out of the host files, then the environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcpinstall import environments, hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostChange
from mcpinstall.model.receipt import Receipt, Switch
from mcpinstall.operations import lookup, server_plans, transaction
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Done, PreparedRemoval
from mcpinstall.receipts.store import ReceiptStore


def prepare(names: Sequence[str], selectors: Sequence[str], context: Context) -> PreparedRemoval:
    """Say what goes: entries of `names` from all their hosts, or from those of `selectors`.

    Raises:
        McpInstallError: `not-installed`, `host-unknown`, or when a host file can't be edited.
    """
    receipts = tuple(dict.fromkeys(lookup.installed(name, context) for name in names))
    rows = {hosts.find_rows(selector).id for selector in selectors}
    changes: dict[str, HostChange] = {}
    notes: list[str] = []
    for receipt in receipts:
        for row_id in receipt.hosts:
            if not rows or row_id in rows:
                _take_out(receipt, row_id, changes, notes, context)
    if rows and not changes and not notes:
        raise McpInstallError(
            ErrorCode.NOT_INSTALLED,
            f"{', '.join(f'`{r.entry_name}`' for r in receipts)} is not in that host",
            hint="see `mcpi list`",
        )
    gone = tuple(r for r in receipts if not rows or not set(r.hosts) - rows)
    return PreparedRemoval(
        receipts=receipts,
        changes=tuple(c for c in changes.values() if c.after != c.file.content),
        servers_removed=_servers_removed(gone, context),
        rows=tuple(changes),
        chains=tuple(c.chain_after for c in changes.values() if c.after == c.file.content),
        notes=tuple(notes),
    )


def commit(prepared: PreparedRemoval, context: Context) -> Done:
    """Take the entries out, then the environments that no entry uses any more.

    A running server keeps its generation until it ends.

    Raises:
        McpInstallError: what stopped it; everything is as before then.
    """
    after = tuple(
        kept for receipt in prepared.receipts if (kept := _kept(receipt, prepared)) is not None
    )
    gone = [r for r in prepared.receipts if r.name in prepared.servers_removed]
    switches = {
        lookup.receipt_slug(receipt): Switch(
            slug=lookup.receipt_slug(receipt),
            before=environments.current(
                environments.server_home(context.paths.servers, lookup.receipt_slug(receipt))
            ),
            after=None,
        )
        for receipt in gone
    }
    change = transaction.Transaction(
        action="uninstall",
        switches=tuple(switches.values()),
        changes=prepared.changes,
        receipts_before=prepared.receipts,
        receipts_after=after,
    )
    with transaction.exclusive(context):
        record = transaction.run(change, context)
        for chain in prepared.chains:
            ReceiptStore(context.paths).write_chain(chain)
    return Done(record=record, receipts=after, notes=prepared.notes)


def _take_out(
    receipt: Receipt,
    row_id: str,
    changes: dict[str, HostChange],
    notes: list[str],
    context: Context,
) -> None:
    row = hosts.find_rows(row_id)
    change = changes.get(row_id)
    if change is None:
        file = hosts.read(row, context.machine)
        chain = ReceiptStore(context.paths).chain(row_id)
        change = HostChange(file=file, after=file.content, chain_before=chain, chain_after=chain)
    file = replace(change.file, content=change.after)
    if receipt.entry_name not in {server.name for server in hosts.entries(file)}:
        notes.append(f"`{receipt.entry_name}` is not in `{file.path}` any more ({row.title})")
        entries = tuple(a for a in change.chain_after.entries if a.entry.name != receipt.entry_name)
        changes[row_id] = replace(change, chain_after=replace(change.chain_after, entries=entries))
        return
    step = hosts.take_out(file, change.chain_after, receipt.entry_name)
    changes[row_id] = replace(change, after=step.after, chain_after=step.chain_after)


def _kept(receipt: Receipt, prepared: PreparedRemoval) -> Receipt | None:
    """Return the receipt that stays when the entry stays in some host, else None."""
    left = tuple(row for row in receipt.hosts if row not in prepared.rows)
    return replace(receipt, hosts=left) if left else None


def _servers_removed(gone: Sequence[Receipt], context: Context) -> tuple[str, ...]:
    """Return the servers all of whose entries go."""
    names = {receipt.entry_name for receipt in gone}
    return tuple(
        sorted(
            {
                receipt.name
                for receipt in gone
                if all(
                    other.entry_name in names
                    for other in server_plans.receipts_of(lookup.receipt_slug(receipt), context)
                )
            }
        )
    )
