"""`mcpi why NAME`: why a server is here, how it starts, and what takes it away."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.host import EnvironmentValue, HostRow, ServerEntry
from mcpinstall.model.manifest import Review
from mcpinstall.model.receipt import HistoryRecord, Receipt
from mcpinstall.model.revocation import Withdrawal
from mcpinstall.operations import host_files, lookup, revoked, typed, verify_hosts
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Kind
from mcpinstall.receipts.store import ReceiptStore


class PlaceState(StrEnum):
    """How a name stands in a host's file."""

    AS_WRITTEN = "as written"
    CHANGED = "changed"
    GONE = "gone"
    UNREADABLE = "unreadable"
    NOT_OURS = "not by mcpinstall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One host's file in which the name stands, or stood."""

    row: HostRow
    path: Path | None
    """None when it can't be told."""
    state: PlaceState
    command: str | None = None
    args: tuple[str, ...] = ()
    """What the host starts; only of entries that are not ours, for ours have all the same."""
    address: str = ""
    """Scheme and host that such an entry connects to; the rest may hold a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where one installed entry comes from."""

    receipt: Receipt
    command: tuple[str, ...]
    """What hosts start: executable and arguments, as written into their files."""
    environment: tuple[EnvironmentValue, ...]
    remote: str
    """Address of a remote server; then there is no command."""
    current: str | None
    """Generation that starts now."""
    records: tuple[HistoryRecord, ...]
    """Changes of the last 30 days that touched it, oldest first."""
    reviews: tuple[Review, ...]
    """Who claims to have reviewed it, as far as its registry can be read now."""
    reviewers: tuple[str, ...]
    """Those of them whose signature holds."""
    places: tuple[Place, ...]
    removed_by: str
    """Command that takes it away."""
    discounted: tuple[str, ...] = ()
    """Why other reviews don't count any more."""
    withdrawal: Withdrawal | None = None
    """Why its registry revoked it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Everything that is known about one name."""

    name: str
    origins: tuple[Origin, ...]
    """Installed entries that the name stands for; several for a full name with `--as`."""
    others: tuple[Place, ...]
    """Host files in which something of that name stands that mcpinstall did not write."""
    unread: tuple[Unchecked, ...] = ()
    """Host files that could not be read: nobody knows whether it stands there, too."""


def explain(name: str, context: Context) -> Reason:
    """Say where a name comes from: an entry, an alias, a full name, or any entry of a host.

    Raises:
        McpInstallError: `not-installed` when the name stands nowhere, with near names.
    """
    receipts = _receipts(name, context)
    unread: list[Unchecked] = []
    seen = tuple(_seen(context, unread))
    ours = {(row_id, one.entry_name) for one in receipts for row_id in one.hosts}
    entries = {name, *(one.entry_name for one in receipts)}
    others = tuple(
        Place(
            row=file.row, path=file.path, state=PlaceState.NOT_OURS,
            command=typed.program(server.command) if server.command else None,
            args=server.args, address=server.address,
        )
        for file in seen
        for server in file.servers
        if server.name in entries and not _is_ours(file, server.name, ours, context)
    )  # fmt: skip
    if not receipts and not others:
        raise _nowhere(name, seen, unread, context)
    origins = tuple(_origin(one, context) for one in receipts)
    return Reason(name=name, origins=origins, others=others, unread=tuple(unread))


def _receipts(name: str, context: Context) -> tuple[Receipt, ...]:
    """Return the receipts that a name stands for; none when it is not installed."""
    try:
        return (lookup.installed(name, context),)
    except McpInstallError as error:
        if error.code is ErrorCode.NOT_INSTALLED:
            return ()
        if error.code is not ErrorCode.NAME_AMBIGUOUS:
            raise
    return lookup.entries_of(name, context)


def _seen(context: Context, unread: list[Unchecked]) -> Iterator[hosts.SeenFile]:
    """Yield every host's file, and note those that can't be read."""
    known: set[tuple[str, Path]] = set()
    for row in hosts.table():
        if not hosts.runs_on(row, context.machine):
            continue
        try:
            found = hosts.survey(row, context.machine)
        except McpInstallError as error:
            unread.append(_unread(row.title, error))
            continue
        for file in found:
            if (row.product, file.target) not in known and file.problem is not None:
                unread.append(_unread(str(file.path), file.problem))
            if (row.product, file.target) not in known or row.scope == "user-per-project":
                yield file
            known.add((row.product, file.target))


def _unread(subject: str, error: McpInstallError) -> Unchecked:
    return Unchecked(subject=subject, code=error.code, message=error.message)


def _is_ours(file: hosts.SeenFile, name: str, ours: set[tuple[str, str]], context: Context) -> bool:
    """Tell whether an entry is the one that a receipt speaks of: in the file that was written."""
    if (file.row.id, name) not in ours:
        return False
    written = host_files.written(file.row, context)
    return written is None or written == file.path


def _origin(receipt: Receipt, context: Context) -> Origin:
    store = ReceiptStore(context.paths)
    entry = _written(receipt, store)
    try:
        server = lookup.of_receipt(receipt, context, withdrawn=True)
        reviews, reviewers = server.manifest.reviews, server.registry.reviewers
        withdrawal, discounted = server.withdrawal, server.discounted
    except McpInstallError:
        reviews, reviewers, discounted = (), (), ()
        withdrawal = revoked.one(receipt, context)
    differences = {one.subject: one.kind for one in verify_hosts.verify(receipt, context)}
    return Origin(
        receipt=receipt,
        command=(entry.command, *entry.args) if entry and entry.command else (),
        environment=entry.env if entry else (),
        remote=entry.remote.url if entry and entry.remote else "",
        current=lookup.current_generation(lookup.receipt_slug(receipt), context),
        records=tuple(one for one in store.history() if receipt.entry_name in one.entries),
        reviews=reviews,
        reviewers=reviewers,
        discounted=discounted,
        withdrawal=withdrawal,
        places=tuple(_place(row_id, differences.get(row_id), context) for row_id in receipt.hosts),
        removed_by=f"mcpi uninstall {receipt.entry_name}",
    )


def _written(receipt: Receipt, store: ReceiptStore) -> ServerEntry | None:
    """Return the entry as it was written; the same in every host."""
    for row_id in receipt.hosts:
        for applied in store.chain(row_id).entries:
            if applied.entry.name == receipt.entry_name:
                return applied.entry
    return None


def _place(row_id: str, difference: Kind | None, context: Context) -> Place:
    row = hosts.find_rows(row_id)
    states = {
        None: PlaceState.AS_WRITTEN,
        Kind.ENTRY_GONE: PlaceState.GONE,
        Kind.ENTRY_CHANGED: PlaceState.CHANGED,
        Kind.RECORD_GONE: PlaceState.CHANGED,
    }
    try:
        path = host_files.written(row, context) or hosts.config_path(row, context.machine)
    except McpInstallError:
        path = None
    return Place(row=row, path=path, state=states.get(difference, PlaceState.UNREADABLE))


def _nowhere(
    name: str, seen: Sequence[hosts.SeenFile], unread: Sequence[Unchecked], context: Context
) -> McpInstallError:
    known = {one.entry_name for one in ReceiptStore(context.paths).receipts()}
    known |= {server.name for file in seen for server in file.servers}
    near = difflib.get_close_matches(name, sorted(known), n=3)
    where = "no host's file that could be read" if unread else "no host's file"
    hint = "`mcpi list` names what mcpinstall installed, `mcpi hosts` the hosts' files"
    if unread:
        hint = "correct the files above in an editor; `mcpi doctor` says what is wrong with each"
    if near:
        hint = f"did you mean {' or '.join(f'`{one}`' for one in near)}?"
    return McpInstallError(
        ErrorCode.NOT_INSTALLED,
        f"`{name[:100]}` stands in {where}, and mcpinstall did not install it",
        hint=hint,
        evidence="\n".join(f"{one.subject}: {one.message}" for one in unread),
    )
