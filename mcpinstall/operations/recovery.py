"""Bring the machine to the old or the new state when a change did not end.

One code path serves both a failed change (called by `transaction`) and a dead process (called
by the next command): what the journal names is taken back, and only where it still equals what
we wrote.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from pathlib import Path

from mcpinstall import environments, hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import BOM, HostChange, HostFile
from mcpinstall.model.receipt import FileChange, HistoryRecord, Switch
from mcpinstall.operations import host_files, lookup, secret_places, sweeping
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files, limits

NO_FILE = "0" * 64
"""Stands for the digest of a file that does not exist."""


def settle(context: Context) -> tuple[str, ...]:
    """Take back or complete a change that a dead process left; return notes for the user.

    Does nothing while another mcpinstall is at work.

    Raises:
        McpInstallError: `disk-failed` when the old state can't be reached; the journal stays.
    """
    try:
        with files.locked(context.paths.lock, seconds=0):
            return recover(context)
    except McpInstallError as error:
        if error.code is ErrorCode.STATE_BUSY or _has_happened(context):
            return ()  # of a change that has happened, only leftovers wait
        if error.code is ErrorCode.LOCK_UNSUPPORTED:  # who only reads can go on
            return (f"an unfinished change is not taken back: {error.message}",)
        raise


def _has_happened(context: Context) -> bool:
    store = ReceiptStore(context.paths)
    record = store.journal()
    return record is None or store.is_finished(record.id)


def recover(context: Context) -> tuple[str, ...]:
    """Bring a change that did not end to its old or its new state; the caller holds the lock.

    Raises:
        McpInstallError: `disk-failed` when the state can't be reached; the journal stays.
    """
    store = ReceiptStore(context.paths)
    record = store.journal()
    if record is None:
        return ()
    if store.is_finished(record.id):
        with contextlib.suppress(McpInstallError):
            store.make_lasting()
            complete(record, context)
        return secret_places.left(record, context)
    return ("taking back an unfinished change", *roll_back(record, context))


def complete(record: HistoryRecord, context: Context) -> None:
    """Delete what a change that has happened leaves over; the caller holds the lock.

    A failure costs only disk space.  The journal stays then, and the next command tries again.
    """
    secret_places.forget(record.secrets_removed, context)
    clean = _folders_gone(record, context)
    if sweeping.sweep(context) and clean:
        with contextlib.suppress(McpInstallError):
            ReceiptStore(context.paths).close()


def _folders_gone(record: HistoryRecord, context: Context) -> bool:
    """Remove the folders of files that are gone; False when that failed."""
    try:
        for change in record.files:
            if change.gone_folders:
                row = hosts.find_rows(change.row_id)
                file = host_files.read(row, context, digest=change.path_sha256)
                _remove_folders(change, file.target, change.gone_folders)
    except McpInstallError:
        return False
    return True


def roll_back(record: HistoryRecord, context: Context) -> tuple[str, ...]:
    """Take every effect of an unfinished `record` back; the caller holds the lock.

    Order: host files first (they name the environment), then records, then `current`, then
    the new generations.  Repeating it is harmless.
    """
    store = ReceiptStore(context.paths)
    notes = [note for change in record.files if (note := _restore(change, context))]
    # What is as it was is not written: a full disk is the commonest reason to be here.
    for chain in record.chains_before:
        if store.chain(chain.row_id) != chain:
            store.write_chain(chain)
    kept = {receipt.entry_name for receipt in record.receipts_before}
    for receipt in record.receipts_before:
        if store.receipt(receipt.entry_name) != receipt:
            store.write_receipt(receipt)
    for receipt in record.receipts_after:
        if receipt.entry_name not in kept:
            store.remove_receipt(receipt.entry_name)
    for switch in record.switches:
        _switch_back(switch, context)
    notes += secret_places.forget(record.secrets_added, context)
    sweeping.sweep_temporary(context)
    store.close()
    return tuple(notes)


def _switch_back(switch: Switch, context: Context) -> None:
    """Make `current` what it was, as far as that is still there, and delete the new one."""
    home = environments.server_home(context.paths.servers, switch.slug)
    before = switch.before
    if before is not None and not (home / before).is_dir():
        before = None
    if lookup.current_generation(switch.slug, context) != before or before is None:
        environments.switch(home, before)
    if switch.added and switch.after is not None:
        # The server of a probe that died with its process has lost its input, and ends.
        environments.discard_unused(home / switch.after, seconds=limits.DYING_SERVER_SECONDS)
    environments.prune(home, keep=sys.maxsize)  # only what is half done
    environments.discard_if_empty(home)


def _restore(change: FileChange, context: Context) -> str | None:
    """Put one host file back if it still is what we wrote; return a note when it is not."""
    try:
        row = hosts.find_rows(change.row_id)
        file = host_files.read(row, context, digest=change.path_sha256)
    except McpInstallError as error:
        return f"{change.row_id}: left as it is ({error.message})"
    if hosts.path_digest(file.target) != change.path_sha256:
        return f"{row.title}: its file is another one now (`{file.path}`); left as it is"
    hosts.remove_leftovers(file)
    if file.sha256 == change.before_sha256:
        _remove_folders(change, file.target, change.made_folders)
        return None
    if file.sha256 != change.after_sha256:
        return f"{row.title}: `{file.path}` changed meanwhile; left as it is"
    before = reverted(change, file.content)
    if _digest(before) != change.before_sha256:
        return f"{row.title}: the record does not fit `{file.path}`; left as it is"
    write_content(file, before, context)
    _remove_folders(change, file.target, change.made_folders)
    return None


def _remove_folders(change: FileChange, target: Path, number: int) -> None:
    """Remove the folders that were made for a file which is gone again, while they are empty."""
    if hosts.path_digest(target) == change.path_sha256:
        for folder in list(target.parents)[:number]:
            files.remove_empty(folder)


def _digest(content: bytes | None) -> str:
    return NO_FILE if content is None else hashlib.sha256(content).hexdigest()


def reverted(change: FileChange, content: bytes | None) -> bytes | None:
    """Return the content before `change`, given the content after it."""
    if change.before_sha256 == NO_FILE:
        return None
    body = (content or b"")[len(BOM) :] if change.marked_after else content or b""
    return (BOM if change.marked_before else b"") + change.patch.inverse.apply(body)


def write_content(file: HostFile, after: bytes | None, context: Context) -> None:
    """Write `after` as the content of a host file that was read as `file`."""
    from mcpinstall.model.host import Chain

    nothing = Chain(row_id=file.row.id)
    change = HostChange(file=file, after=after, chain_before=nothing, chain_after=nothing)
    hosts.write(change, lock_folder(context))


def lock_folder(context: Context) -> Path:
    """Return the folder of the locks that are held while a host file is written."""
    return files.private_folder(context.paths.data / "locks")
