"""What an installation changes in the hosts' files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.adoption import Adoption, KeptFields
from mcpinstall.model.host import (
    ConfiguredServer,
    EnvironmentValue,
    HostChange,
    HostFile,
    HostRow,
    ServerEntry,
)
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.operations import exposure, host_files, secret_places
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import HostChoice, SkippedHost
from mcpinstall.receipts.store import ReceiptStore

_PASSED_OVER = frozenset({
    ErrorCode.FILE_UNREADABLE, ErrorCode.HOST_AMBIGUOUS, ErrorCode.HOST_CONFIG_INVALID,
    ErrorCode.HOST_PATH_REFUSED, ErrorCode.HOST_UNSUPPORTED, ErrorCode.NAME_INVALID,
    ErrorCode.SERVER_EXISTS,
})  # fmt: skip
"""Reasons of one host that don't stop the others of `--host all`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChanges:
    """The changes, and the hosts that take part or can't."""

    changes: tuple[HostChange, ...] = ()
    """Of the files that do not hold our very entries already."""
    rows: tuple[HostRow, ...] = ()
    """Hosts that have the entries afterwards."""
    skipped: tuple[SkippedHost, ...] = ()


def proposed(
    servers: Sequence[ServerPlan],
    choice: HostChoice,
    request: Request,
    context: Context,
    *,
    configuring: bool,
) -> HostChanges:
    """Return the change of each chosen host's file.

    With `--host all`, a host that can't take the entries is passed over with its reason, as
    long as another one can.

    Raises:
        McpInstallError: What a host that was named refuses; with `all`, the first reason where
            no host is left.
    """
    changes: list[HostChange] = []
    rows: list[HostRow] = []
    skipped = list(choice.skipped)
    replacing = configuring or request.replace or request.adopted is not None
    for row in choice.chosen:
        try:
            change = _change(row, servers, choice, request, context, replacing=replacing)
        except McpInstallError as error:
            if row.id not in choice.optional or error.code not in _PASSED_OVER:
                raise
            skipped.append(SkippedHost(row=row, error=error))
            continue
        rows.append(row)
        if change.after != change.file.content:
            changes.append(change)
    if skipped and not rows:
        raise skipped[0].error
    return HostChanges(changes=tuple(changes), rows=tuple(rows), skipped=tuple(skipped))


def _change(
    row: HostRow,
    servers: Sequence[ServerPlan],
    choice: HostChoice,
    request: Request,
    context: Context,
    *,
    replacing: bool,
) -> HostChange:
    """Return the change of one host's file; nothing changes where our very entries are there."""
    at = dict(choice.files).get(row.id)
    entries = [secret_places.entry_for(server, row) for server in servers]
    hosts.require_writable(row, entries, context.machine)
    file = host_files.read(row, context, at, wanted=[entry.name for entry in entries])
    if request.adopted is not None:
        _require_same(file, entries, request.adopted)
    chain = ReceiptStore(context.paths).chain(row.id)
    change = HostChange(file=file, after=file.content, chain_before=chain, chain_after=chain)
    for server in servers:
        change = _with_entry(change, server, request, replace_ours=replacing)
    return change


def _require_same(file: HostFile, entries: Sequence[ServerEntry], adopted: Adoption) -> None:
    """Refuse to adopt an entry that is not the one that was looked at.

    Raises:
        McpInstallError: `host-config-changed`.
    """
    seen = dict(adopted.digests).get(file.row.id)
    for entry in entries:
        if hosts.entry_digest(file.content or b"", file.row, entry.name) != seen:
            raise McpInstallError(
                ErrorCode.HOST_CONFIG_CHANGED,
                f"`{entry.name}` in `{file.path}` is not what it was when it was listed",
                hint="run the command again to see what stands there now",
            )


def _with_entry(
    change: HostChange, server: ServerPlan, request: Request, *, replace_ours: bool
) -> HostChange:
    """Return `change` with one more entry; the same when our very entry is there already."""
    entry = secret_places.entry_for(server, change.file.row)
    present = {found.name: found for found in hosts.entries(_after(change))}
    found = present.get(entry.name)
    ours = {applied.entry.name: applied.entry for applied in change.chain_after.entries}
    if entry.keeps is not None:
        entry = _as_kept_here(entry, ours.get(entry.name), change, is_there=found is not None)
    if found is not None and entry.name in ours:
        started = _connects_or_starts(found) == _connects_or_starts(entry)
        # A secret in clear text is in no receipt: only here another one is noticed.
        if started and ours[entry.name] == entry and not replace_ours:
            return change
        replace_ours = True
    step = hosts.add(
        _after(change),
        change.chain_after,
        entry,
        replace=replace_ours,
        strip_bom=request.strip_bom,
    )
    return replace(
        change,
        after=step.after,
        chain_after=step.chain_after,
        warnings=tuple(
            dict.fromkeys(
                (
                    *change.warnings,
                    *step.warnings,
                    *secret_places.sentences(entry, change.file.row, server),
                    *exposure.exposed(change.file, entry),
                )
            )
        ),
    )


def _as_kept_here(
    entry: ServerEntry, ours: ServerEntry | None, change: HostChange, *, is_there: bool
) -> ServerEntry:
    """Return an adopted entry with what it keeps in this very file; hosts may differ in that."""
    if not is_there:
        return replace(entry, keeps=None)
    if ours is not None:
        return replace(entry, keeps=ours.keeps and without_own(ours.keeps, entry.env))
    content, row = change.after or b"", change.file.row
    return replace(entry, keeps=without_own(hosts.kept_fields(content, row, entry.name), entry.env))


def without_own(keeps: KeptFields, environment: Sequence[EnvironmentValue]) -> KeptFields:
    """Return what is kept without the variables that are set anew."""
    own = {value.name for value in environment}
    return replace(keeps, variables=tuple(name for name in keeps.variables if name not in own))


def _connects_or_starts(entry: ServerEntry | ConfiguredServer) -> tuple[object, ...]:
    """Return what tells two entries apart: the command, or the address."""
    if isinstance(entry, ConfiguredServer):
        return (entry.command or "", entry.args, entry.url)
    return (entry.command, entry.args, entry.remote.url if entry.remote else None)


def _after(change: HostChange) -> HostFile:
    return replace(change.file, content=change.after)


def vanished(changes: Sequence[HostChange], context: Context) -> tuple[str, ...]:
    """Return which hosts have meanwhile saved their file as they remember it: without our entries.

    Each write was read back at once; this is a last look, when the other hosts are written.
    """
    notes = []
    for change in changes:
        row = change.file.row
        lost = _lost(change, context) if row.rewrites_file else ()
        if lost:
            names = ", ".join(f"`{name}`" for name in lost)
            notes.append(
                f"{row.title} has just saved `{change.file.path}` without {names}: quit it, then "
                f"run `mcpi configure {lost[0]}`"
            )
    return tuple(notes)


def _lost(change: HostChange, context: Context) -> tuple[str, ...]:
    """Return the names of entries that were written and are not there; none if nobody can tell."""
    before = {one.entry.name: one.entry for one in change.chain_before.entries}
    came = [
        one.entry for one in change.chain_after.entries if before.get(one.entry.name) != one.entry
    ]
    row = change.file.row
    try:
        content = host_files.again(change.file, context).content or b""
        present = {found.name for found in hosts.entries(replace(change.file, content=content))}
    except McpInstallError:  # half saved, or unreadable: `mcpi doctor` tells
        return ()
    return tuple(
        entry.name
        for entry in came
        if entry.name not in present
        # What was adopted is not gone then, but what it was before.
        or (entry.keeps is not None and not hosts.starts_as(content, row, entry))
    )
