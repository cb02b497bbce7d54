"""One change of the machine: all of it, or none.

The journal is written before the first effect and becomes the history record by one rename
after the last; whatever happens in between is taken back by `recovery.roll_back`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from mcpinstall import environments, hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.host import HostChange
from mcpinstall.model.receipt import FileChange, HistoryRecord, Receipt, Switch
from mcpinstall.operations import recovery
from mcpinstall.operations.context import Context
from mcpinstall.planning import spans
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files, limits

Probe: TypeAlias = Callable[[str, str], None]
"""`probe(slug, generation)` starts a server that was just put in place, and raises to refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A staged environment that the change puts in place."""

    slug: str
    staged: StagedEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Everything that one change does."""

    action: str
    additions: tuple[Addition, ...] = ()
    switches: tuple[Switch, ...] = ()
    changes: tuple[HostChange, ...] = ()
    receipts_before: tuple[Receipt, ...] = ()
    receipts_after: tuple[Receipt, ...] = ()
    undoes: str | None = None


@contextmanager
def exclusive(context: Context) -> Iterator[None]:
    """Hold the lock of all changes, with any unfinished one taken back first."""
    files.private_folder(context.paths.data)
    with files.locked(context.paths.lock):
        record = ReceiptStore(context.paths).journal()
        if record is not None:
            recovery.roll_back(record, context)
        yield


def run(transaction: Transaction, context: Context, probe: Probe | None = None) -> HistoryRecord:
    """Do the change; the caller holds `exclusive`.

    `probe` is called for every addition once its environment is in place and before anything
    names it.

    Raises:
        McpInstallError: whatever stopped it; the machine is in the old state then.
    """
    record = _record(transaction, context.now)
    _require_unchanged(transaction.changes, context)
    store = ReceiptStore(context.paths)
    store.begin(record)
    try:
        _apply(transaction, record, context, probe)
        store.finish(record)
    except BaseException:
        recovery.roll_back(record, context)
        raise
    _sweep(record, context)
    return record


def _apply(
    transaction: Transaction,
    record: HistoryRecord,
    context: Context,
    probe: Probe | None,
) -> None:
    store, servers = ReceiptStore(context.paths), context.paths.servers
    for addition in transaction.additions:
        home = environments.server_home(servers, addition.slug)
        environments.place(addition.staged, home)
        if probe is not None:
            probe(addition.slug, addition.staged.generation)
    for switch in record.switches:
        if switch.after is not None:
            environments.switch(environments.server_home(servers, switch.slug), switch.after)
    locks = recovery.lock_folder(context)
    for change in transaction.changes:
        hosts.write(change, locks)
        store.write_chain(change.chain_after)
    _write_receipts(record, store)
    for switch in record.switches:
        if switch.after is None:
            environments.switch(environments.server_home(servers, switch.slug), None)


def _write_receipts(record: HistoryRecord, store: ReceiptStore) -> None:
    after = {receipt.entry_name for receipt in record.receipts_after}
    for receipt in record.receipts_after:
        store.write_receipt(receipt)
    for receipt in record.receipts_before:
        if receipt.entry_name not in after:
            store.remove_receipt(receipt.entry_name)


def _require_unchanged(changes: tuple[HostChange, ...], context: Context) -> None:
    """Check 9, first half: every host file is what it was when the diff was shown."""
    for change in changes:
        now = hosts.read(change.file.row, context.machine)
        if now.sha256 != change.file.sha256 or now.target != change.file.target:
            raise McpInstallError(
                ErrorCode.HOST_CONFIG_CHANGED,
                f"`{change.file.path}` changed while you were reading the question",
                hint="run the command again to see the difference with the file as it is now",
            )


def _sweep(record: HistoryRecord, context: Context) -> None:
    """Delete what the finished change left behind; a failure here costs only disk space."""
    for switch in record.switches:
        home = environments.server_home(context.paths.servers, switch.slug)
        try:
            environments.prune(home, keep=0 if switch.after is None else 2)
            environments.discard_if_empty(home)
        except McpInstallError:
            continue
    store = ReceiptStore(context.paths)
    oldest = identifier(context.now - timedelta(days=limits.HISTORY_DAYS), "")
    for old in store.history():
        if old.id < oldest:
            store.forget(old.id)


def _record(transaction: Transaction, when: datetime) -> HistoryRecord:
    receipts = (*transaction.receipts_before, *transaction.receipts_after)
    return HistoryRecord(
        id=identifier(when, secrets.token_hex(3)),
        action=transaction.action,
        entries=tuple(sorted({receipt.entry_name for receipt in receipts})),
        files=tuple(_file_change(change) for change in transaction.changes),
        chains_before=tuple(change.chain_before for change in transaction.changes),
        chains_after=tuple(change.chain_after for change in transaction.changes),
        receipts_before=transaction.receipts_before,
        receipts_after=transaction.receipts_after,
        undoes=transaction.undoes,
        switches=transaction.switches,
    )


def identifier(when: datetime, unique: str) -> str:
    """Return the id of a record: time, then something unique; ids sort by time."""
    return f"{when:%Y%m%dT%H%M%SZ}-{when.microsecond // 1000:03d}{unique}"


def _file_change(change: HostChange) -> FileChange:
    import hashlib

    after = change.after
    return FileChange(
        row_id=change.file.row.id,
        path_sha256=recovery.path_digest(change.file.target),
        before_sha256=change.file.sha256,
        after_sha256=recovery.NO_FILE if after is None else hashlib.sha256(after).hexdigest(),
        patch=spans.between(change.file.content or b"", after or b""),
    )
