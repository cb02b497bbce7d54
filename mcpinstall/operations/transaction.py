"""One change of the machine: all of it, or none.

The journal is written before the first effect.  After the last, the change is written into the
history by one rename: from then on it has happened.  What fails or dies before is taken back by
`recovery`, what fails or dies after is completed by it; then the journal goes.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from mcpinstall import environments, hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.host import HostChange
from mcpinstall.model.receipt import FileChange, HistoryRecord, Receipt, Switch
from mcpinstall.model.secret import KeptSecret
from mcpinstall.model.value_edit import ValueChange
from mcpinstall.operations import host_files, recovery, secret_places, sweeping
from mcpinstall.operations.context import Context
from mcpinstall.planning import spans
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files, machine

Probe: TypeAlias = Callable[[str, str], None]
"""`probe(slug, generation)` starts a server that was just put in place, and raises to refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A staged environment that the change puts in place."""

    slug: str
    staged: StagedEnvironment
    waited: bool = True
    """Something came between its comparison and now; see `environments.place`."""


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
    kept: tuple[KeptSecret, ...] = ()
    """What goes into the keyring; what no receipt names any more leaves it."""
    gone_folders: tuple[tuple[str, int], ...] = ()
    """By row id, how many folders go with a file that goes; while they are empty."""


@contextlib.contextmanager
def exclusive(context: Context) -> Iterator[None]:
    """Hold the lock of all changes, with any unfinished one taken back first."""
    files.private_folder(context.paths.data)
    with files.locked(context.paths.lock):
        recovery.recover(context)
        yield


def run(
    transaction: Transaction,
    context: Context,
    probe: Probe | None = None,
    judge: Callable[[], None] | None = None,
) -> HistoryRecord:
    """Do the change; the caller holds `exclusive`.

    `probe` is called for every addition once its environment is in place and before anything
    names it; `judge` when everything is written and can still be taken back: it raises to refuse.

    Raises:
        McpInstallError: whatever stopped it; the machine is in the old state then, or the error
            says that the next command goes on with taking it back.
    """
    store = ReceiptStore(context.paths)
    _require_unchanged(transaction.changes, store, context)
    record = _record(transaction, _new_id(store, context), context)
    try:
        store.begin(record)
        _apply(transaction, record, context, probe)
        if judge is not None:
            judge()
        store.finish(record)
    except BaseException as error:
        if not store.is_finished(record.id):
            _take_back(record, context, error)
            raise
        if not isinstance(error, McpInstallError):
            raise
        # It has happened, but may not last: nothing that the way back needs is deleted yet.
        return record
    recovery.complete(record, context)
    return record


def _take_back(record: HistoryRecord, context: Context, error: BaseException) -> None:
    """Take back what `error` stopped.

    Raises:
        McpInstallError: in the place of `error`, where something of it is left: a refusal says
            that nothing is.
    """
    try:
        _tell(error, recovery.roll_back(record, context))
    except McpInstallError as failed:
        if not isinstance(error, McpInstallError):
            return
        again = "the next `mcpi` command goes on with taking it back"
        raise McpInstallError(
            failed.code,
            f"{error.message}; and not everything could be taken back yet",
            hint="; ".join(filter(None, (failed.hint, again))),
            evidence="\n".join(filter(None, (error.evidence, failed.message))),
        ) from error


def _tell(error: BaseException, notes: tuple[str, ...]) -> None:
    """Add to an error what could not be taken back."""
    if not isinstance(error, McpInstallError) or not notes:
        return
    error.evidence = "\n".join(filter(None, (error.evidence, *notes)))
    if error.code is ErrorCode.FIX_REFUSED:  # its words say that all is as it was
        error.message = error.message.replace(" and taken back", ", and not all was taken back", 1)
        error.hint = "another program was faster: `mcpi audit` says how its file stands now"


def _apply(
    transaction: Transaction,
    record: HistoryRecord,
    context: Context,
    probe: Probe | None,
) -> None:
    store, servers = ReceiptStore(context.paths), context.paths.servers
    if transaction.additions:
        files.private_folder(servers)
    for addition in transaction.additions:
        home = environments.server_home(servers, addition.slug)
        environments.place(addition.staged, home, waited=addition.waited)
        if probe is not None:
            probe(addition.slug, addition.staged.generation)
    for switch in record.switches:
        if switch.after is not None:
            environments.switch(environments.server_home(servers, switch.slug), switch.after)
    secret_places.store(transaction.kept, context)
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


def _require_unchanged(
    changes: tuple[HostChange, ...], store: ReceiptStore, context: Context
) -> None:
    """Check 9, first half: every host file is what it was when the diff was shown."""
    for change in changes:
        now = host_files.again(change.file, context)
        same = now.sha256 == change.file.sha256 and now.target == change.file.target
        if not same or store.chain(change.file.row.id) != change.chain_before:
            raise McpInstallError(
                ErrorCode.HOST_CONFIG_CHANGED,
                f"`{change.file.path}` changed while you were reading the question",
                hint="run the command again to see the difference with the file as it is now",
            )


def _new_id(store: ReceiptStore, context: Context) -> str:
    """Return an id behind all others: by the time of the yes, also when the clock went back."""
    when = max(context.now, machine.now())
    last = store.last_id()
    if last > sweeping.identifier(when, ""):
        when = sweeping.moment(last) + timedelta(milliseconds=1)
    return sweeping.identifier(when, secrets.token_hex(3))


def _record(transaction: Transaction, record_id: str, context: Context) -> HistoryRecord:
    receipts = (*transaction.receipts_before, *transaction.receipts_after)
    return HistoryRecord(
        id=record_id,
        action=transaction.action,
        entries=tuple(sorted({receipt.entry_name for receipt in receipts})),
        files=tuple(
            _file_change(change, dict(transaction.gone_folders), transaction.action)
            for change in transaction.changes
        ),
        chains_before=tuple(change.chain_before for change in transaction.changes),
        chains_after=tuple(change.chain_after for change in transaction.changes),
        receipts_before=transaction.receipts_before,
        receipts_after=transaction.receipts_after,
        undoes=transaction.undoes,
        switches=transaction.switches,
        secrets_added=tuple(one.account for one in transaction.kept),
        secrets_removed=_secrets_removed(transaction, context),
    )


def _values(change: HostChange) -> tuple[ValueChange, ...]:
    """Return what becomes of others' values, so that they can go back in a changed file."""
    from mcpinstall.hosts import value_changes

    before, after = change.file.content or b"", change.after or b""
    return value_changes.between(before, after, change.file.row.format)


def _secrets_removed(transaction: Transaction, context: Context) -> tuple[str, ...]:
    """Return the accounts that were some entry's before, and are none's afterwards."""
    before, after = (
        {account for one in receipts for account in secret_places.accounts(one, context).values()}
        for receipts in (transaction.receipts_before, transaction.receipts_after)
    )
    return tuple(sorted(before - after))


def _file_change(change: HostChange, gone_folders: Mapping[str, int], action: str) -> FileChange:
    import hashlib

    after = change.after
    before, later = change.file.content or b"", after or b""
    old, marked_before = spans.without_mark(before, other=later)
    new, marked_after = spans.without_mark(later, other=before)
    return FileChange(
        row_id=change.file.row.id,
        path_sha256=hosts.path_digest(change.file.target),
        before_sha256=change.file.sha256,
        after_sha256=recovery.NO_FILE if after is None else hashlib.sha256(after).hexdigest(),
        patch=spans.between(old, new),
        marked_before=marked_before,
        marked_after=marked_after,
        made_folders=sum(1 for folder in change.file.target.parents if not folder.exists()),
        gone_folders=gone_folders.get(change.file.row.id, 0) if after is None else 0,
        values=_values(change) if action == "fix" else (),
    )
