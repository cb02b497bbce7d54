"""Undo: take the last change back, byte for byte where the files are as we left them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mcpinstall import environments, hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.host import HostChange, ServerEntry
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import FileChange, HistoryRecord, Receipt, Switch
from mcpinstall.operations import (
    lookup,
    probing_server,
    recovery,
    server_plans,
    staging,
    transaction,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Done, PreparedUndo
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files


def history(context: Context) -> tuple[HistoryRecord, ...]:
    """Return finished changes of the last 30 days, newest first."""
    return tuple(reversed(ReceiptStore(context.paths).history()))


def undone(context: Context) -> frozenset[str]:
    """Return the ids of the changes that were taken back."""
    return frozenset(record.undoes for record in history(context) if record.undoes)


def prepare(record_id: str | None, context: Context) -> PreparedUndo:
    """Say what taking a change back does; without an id, the last one that still stands.

    Raises:
        McpInstallError: `nothing-to-undo`, also when a later change touched the same entries.
    """
    record = _chosen(record_id, context)
    changes = [_reversed(change, record, context) for change in record.files]
    notes = [note for _, note in changes if note]
    return PreparedUndo(
        record=record,
        changes=tuple(change for change, _ in changes if change is not None),
        notes=tuple(notes),
    )


def commit(prepared: PreparedUndo, context: Context) -> Done:
    """Take the change back: host files, receipts, `current`; rebuild what was deleted.

    Raises:
        McpInstallError: what stopped it; everything is as before then.
    """
    record = prepared.record
    folder = staging.new_folder(context)
    try:
        rebuilt = {
            slug: (receipt, staged)
            for receipt in record.receipts_before
            for slug in (lookup.receipt_slug(receipt),)
            if (staged := _rebuilt(receipt, folder, context)) is not None
        }
        with transaction.exclusive(context):
            done = transaction.run(
                _transaction(prepared, {s: e for s, (_, e) in rebuilt.items()}, context),
                context,
                _probe_of({s: r for s, (r, _) in rebuilt.items()}, context),
            )
    finally:
        files.remove_tree(folder)
    return Done(record=done, receipts=done.receipts_after, notes=prepared.notes)


def _chosen(record_id: str | None, context: Context) -> HistoryRecord:
    gone = undone(context)
    standing = [r for r in history(context) if r.id not in gone and r.action != "undo"]
    if not standing:
        raise McpInstallError(
            ErrorCode.NOTHING_TO_UNDO,
            "there is no change to take back",
            hint="`mcpi uninstall NAME` removes a server",
        )
    if record_id is None:
        return standing[0]
    for place, record in enumerate(standing):
        if record.id == record_id:
            later = [
                other for other in standing[:place] if set(other.entries) & set(record.entries)
            ]
            if later:
                raise McpInstallError(
                    ErrorCode.NOTHING_TO_UNDO,
                    f"a later change (`{later[0].id}`) touched the same servers",
                    hint=f"take that one back first: `mcpi undo {later[0].id}`",
                )
            return record
    raise McpInstallError(
        ErrorCode.NOTHING_TO_UNDO,
        f"there is no change `{record_id[:80]}` to take back",
        hint="see `mcpi history`",
    )


def _reversed(
    change: FileChange, record: HistoryRecord, context: Context
) -> tuple[HostChange | None, str | None]:
    """Return the change of one host file back, and a note where it can't be byte for byte."""
    row = hosts.find_rows(change.row_id)
    file = hosts.read(row, context.machine)
    now = ReceiptStore(context.paths).chain(row.id)
    before = next(c for c in record.chains_before if c.row_id == row.id)
    if (
        recovery.path_digest(file.target) == change.path_sha256
        and file.sha256 == change.after_sha256
    ):
        content = recovery.reverted(change, file.content)
        return HostChange(file=file, after=content, chain_before=now, chain_after=before), None
    step = HostChange(file=file, after=file.content, chain_before=now, chain_after=now)
    for name in now.names:
        if name in record.entries and name not in before.names:
            step = _without(step, name)
    for applied in before.entries:
        if applied.entry.name in record.entries:
            step = _with(step, applied.entry)
    note = f"`{file.path}` changed since; only our entries in it were changed back"
    return (None, None) if step.after == file.content else (step, note)


def _without(change: HostChange, name: str) -> HostChange:
    file = replace(change.file, content=change.after)
    if name not in {server.name for server in hosts.entries(file)}:
        return change
    step = hosts.take_out(file, change.chain_after, name)
    return replace(change, after=step.after, chain_after=step.chain_after)


def _with(change: HostChange, entry: ServerEntry) -> HostChange:
    file = replace(change.file, content=change.after)
    step = hosts.add(
        file, change.chain_after, entry, replace=entry.name in change.chain_after.names
    )
    return replace(change, after=step.after, chain_after=step.chain_after)


def _rebuilt(receipt: Receipt, folder: Path, context: Context) -> StagedEnvironment | None:
    """Return a new environment for a server whose generation is gone, else None."""
    slug = lookup.receipt_slug(receipt)
    home = environments.server_home(context.paths.servers, slug)
    if environments.is_startable(home / receipt.generation):
        return None
    request = Request(names=(), python=None)
    server = server_plans.rebuild(receipt, request, context)
    fetched = staging.fetch([server], request, context)
    return staging.build(staging.verify(server, fetched, folder, context), context)


def _probe_of(receipts: dict[str, Receipt], context: Context) -> transaction.Probe:
    def probe(slug: str, generation: str) -> None:
        server = server_plans.rebuild(receipts[slug], Request(names=()), context)
        probing_server.require_unchanged(server, generation, context)

    return probe


def _transaction(
    prepared: PreparedUndo, rebuilt: dict[str, StagedEnvironment], context: Context
) -> transaction.Transaction:
    record, store = prepared.record, ReceiptStore(context.paths)
    after = tuple(_restored(receipt, rebuilt) for receipt in record.receipts_before)
    present = (store.receipt(name) for name in record.entries)
    return transaction.Transaction(
        action="undo",
        additions=tuple(
            transaction.Addition(slug=slug, staged=staged) for slug, staged in rebuilt.items()
        ),
        switches=_switches(record, after, rebuilt, context),
        changes=prepared.changes,
        receipts_before=tuple(receipt for receipt in present if receipt is not None),
        receipts_after=after,
        undoes=record.id,
    )


def _restored(receipt: Receipt, rebuilt: dict[str, StagedEnvironment]) -> Receipt:
    staged = rebuilt.get(lookup.receipt_slug(receipt))
    if staged is None:
        return receipt
    return replace(receipt, generation=staged.generation, tree_sha256=staged.tree.sha256)


def _switches(
    record: HistoryRecord,
    after: tuple[Receipt, ...],
    rebuilt: dict[str, StagedEnvironment],
    context: Context,
) -> tuple[Switch, ...]:
    """Return what `current` of each touched server becomes: what it was before the change."""
    wanted: dict[str, str | None] = {switch.slug: switch.before for switch in record.switches}
    wanted |= {lookup.receipt_slug(receipt): receipt.generation for receipt in after}
    wanted |= {slug: staged.generation for slug, staged in rebuilt.items()}
    used = {
        lookup.receipt_slug(receipt)
        for receipt in ReceiptStore(context.paths).receipts()
        if receipt.entry_name not in record.entries
    }
    found = []
    for slug, generation in wanted.items():
        home = environments.server_home(context.paths.servers, slug)
        if generation is None and slug in used:
            continue
        now = environments.current(home)
        if now != generation:
            found.append(Switch(slug=slug, before=now, after=generation))
    return tuple(found)
