"""Undo: take the last change back, byte for byte where the files are as we left them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcpinstall import environments, hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.host import HostChange, ServerEntry
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.model.receipt import FileChange, HistoryRecord, Receipt, Switch
from mcpinstall.operations import (
    advisories,
    fix_undo,
    host_files,
    lookup,
    policies,
    probing_server,
    receipt_changes,
    recovery,
    returning,
    secret_places,
    server_plans,
    staging,
    transaction,
    ways_back,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Done, PreparedUndo
from mcpinstall.planning import policy
from mcpinstall.receipts.store import ReceiptStore


def history(context: Context) -> tuple[HistoryRecord, ...]:
    """Return finished changes of the last 30 days, newest first."""
    return tuple(reversed(ReceiptStore(context.paths).history()))


def undone(context: Context) -> frozenset[str]:
    """Return the ids of the changes that were taken back."""
    return ways_back.undone(history(context))


def prepare(
    record_id: str | None, context: Context, *, allow: Collection[str] = ()
) -> PreparedUndo:
    """Say what taking a change back does; without an id, the last one that still stands.

    With `allow` "vulnerable", also where that brings a version with a known vulnerability back.

    Raises:
        McpInstallError: `nothing-to-undo`, also when a later change touched the same entries;
            `policy-refused` for what policy forbids by now, `version-revoked` and its like for
            what its registry revoked, `version-vulnerable`, `package-malicious`.
    """
    return _of_record(_chosen(record_id, context), context, allow=allow)


def prepare_part(
    record: HistoryRecord,
    entries: Collection[str],
    context: Context,
    *,
    allow: Collection[str] = (),
) -> PreparedUndo:
    """Say what taking back a change of some entries does, whatever came after it elsewhere.

    Raises:
        McpInstallError: `nothing-to-undo` when these entries were changed since; as `prepare`.
    """
    names = set(entries)
    before = tuple(one for one in record.receipts_before if one.entry_name in names)
    after = tuple(one for one in record.receipts_after if one.entry_name in names)
    slugs = {lookup.receipt_slug(one) for one in (*before, *after)}
    part = replace(
        record,
        entries=tuple(name for name in record.entries if name in names),
        receipts_before=before,
        receipts_after=after,
        switches=tuple(one for one in record.switches if one.slug in slugs),
    )
    _require_untouched(part, context)
    return replace(_of_record(part, context, whole=False, allow=allow), whole=False)


def _require_untouched(part: HistoryRecord, context: Context) -> None:
    store = ReceiptStore(context.paths)
    for receipt in part.receipts_after:
        if store.receipt(receipt.entry_name) != receipt:
            raise McpInstallError(
                ErrorCode.NOTHING_TO_UNDO,
                f"a later change touched `{receipt.entry_name}`, whose entries it had changed",
                hint="see `mcpi history`, and take that one back first",
            )
    known = {one.entry_name for one in part.receipts_after}
    for switch in part.switches:
        for one in server_plans.receipts_of(switch.slug, context):
            if one.entry_name not in known:
                raise ways_back.came_later(one, part.receipts_before)


def _of_record(
    record: HistoryRecord, context: Context, *, whole: bool = True, allow: Collection[str]
) -> PreparedUndo:
    advised = _require_allowed(record, allow, context)
    found = [_reversed(change, record, context, whole=whole) for change in record.files]
    changes = [change for change, _ in found]
    return PreparedUndo(
        record=record,
        changes=tuple(c for c in changes if c.after != c.file.content),
        unwritten=tuple(c for c in changes if c.after == c.file.content),
        allow=frozenset(allow),
        notes=(
            *advised,
            *(note for _, note in found if note),
            *(note for one in changes if one.after == one.file.content for note in one.warnings),
            *secret_places.going(record.receipts_after, record.receipts_before, context),
            *secret_places.lost(record.receipts_before, context),
        ),
    )


def commit(prepared: PreparedUndo, context: Context, *, action: str = "undo") -> Done:
    """Take the change back: host files, receipts, `current`; rebuild what was deleted.

    `action` is the word under which the history has it.

    Raises:
        McpInstallError: what stopped it; everything is as before then.
    """
    record = prepared.record
    advised = _require_allowed(record, prepared.allow, context)  # (3) again
    folder = staging.new_folder(context)
    try:
        rebuilt = _rebuilt(prepared, folder, context)
        with transaction.exclusive(context):
            if prepared.whole:
                _chosen(record.id, context)
            else:
                _require_untouched(record, context)
            change = replace(_transaction(prepared, rebuilt, context), action=action)
            done = transaction.run(change, context, _probe_of(rebuilt, context))
    finally:
        staging.discard(folder)
    notes = dict.fromkeys((*advised, *prepared.notes, *secret_places.left(done, context)))
    return Done(record=done, receipts=done.receipts_after, notes=tuple(notes))


def _require_allowed(
    record: HistoryRecord, allow: Collection[str], context: Context
) -> tuple[str, ...]:
    """Refuse what was revoked, is forbidden, or known to be bad by now; return what is told."""
    back = record.receipts_before
    returning.require_not_revoked(back, context)
    policies.require_installable(back, policies.load(context), context)
    return returning.advised(back, allow, context)


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
    for record in standing:
        if record.id == record_id:
            if later := _later(record, standing):
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


def has_later(record: HistoryRecord, context: Context) -> bool:
    """Tell whether a change that stands touched what `record` changed, after it."""
    every = history(context)
    gone = ways_back.undone(every)
    return bool(_later(record, [r for r in every if r.id not in gone and r.action != "undo"]))


def _later(record: HistoryRecord, standing: Sequence[HistoryRecord]) -> list[HistoryRecord]:
    """Return the changes after `record` that build on it; `standing` is newest first."""
    return [one for one in standing if one.id > record.id and _builds_on(one, record)]


def _builds_on(later: HistoryRecord, record: HistoryRecord) -> bool:
    """Tell whether a later change touched the same entries, or an environment that it replaced."""
    replaced = {switch.slug for switch in record.switches if switch.before is not None}
    receipts = (*later.receipts_before, *later.receipts_after)
    return bool(
        set(later.entries) & set(record.entries)
        or replaced & {lookup.receipt_slug(receipt) for receipt in receipts}
    )


def _reversed(
    change: FileChange, record: HistoryRecord, context: Context, *, whole: bool
) -> tuple[HostChange, str | None]:
    """Return the change of one host file back, and a note where it can't be byte for byte.

    Without `whole`, only the record's entries in it go back, whatever else is there.
    """
    row = hosts.find_rows(change.row_id)
    file = host_files.read(row, context, digest=change.path_sha256)
    now = ReceiptStore(context.paths).chain(row.id)
    chains = [chain for chain in record.chains_before if chain.row_id == row.id]
    before = chains[0] if chains else now
    same_path = hosts.path_digest(file.target) == change.path_sha256
    if whole and same_path and file.sha256 == change.after_sha256:
        content = recovery.reverted(change, file.content)
        return HostChange(file=file, after=content, chain_before=now, chain_after=before), None
    if not record.entries:
        back = fix_undo.values_back(change, file, same_path=same_path)
        note = f"`{file.path}` changed since; only what the fix had changed goes back"
        return HostChange(file=file, after=back, chain_before=now, chain_after=now), note
    step = HostChange(file=file, after=file.content, chain_before=now, chain_after=now)
    for name in now.names:
        if name in record.entries and name not in before.names:
            step = _without(step, name)
    for applied in before.entries:
        if applied.entry.name in record.entries:
            step = _with(step, applied.entry)
    note = f"`{file.path}` changed since; only our entries in it were changed back"
    return (step, None) if step.after == file.content or not whole else (step, note)


def _without(change: HostChange, name: str) -> HostChange:
    file = replace(change.file, content=change.after)
    step = hosts.take_out(file, change.chain_after, name)
    warnings = tuple(dict.fromkeys((*change.warnings, *step.warnings)))
    return replace(change, after=step.after, chain_after=step.chain_after, warnings=warnings)


def _with(change: HostChange, entry: ServerEntry) -> HostChange:
    file = replace(change.file, content=change.after)
    step = hosts.add(
        file, change.chain_after, entry, replace=entry.name in change.chain_after.names
    )
    return replace(change, after=step.after, chain_after=step.chain_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rebuilt:
    """A new environment for a server whose generation is gone."""

    server: ServerPlan
    staged: StagedEnvironment


def _rebuilt(prepared: PreparedUndo, folder: Path, context: Context) -> dict[str, _Rebuilt]:
    """Return a new environment, by slug, for each server that has none to go back to."""
    found: dict[str, _Rebuilt] = {}
    known = advisories.Advisories(context)
    for receipt in prepared.record.receipts_before:
        slug = lookup.receipt_slug(receipt)
        if slug in found or _standing(receipt, context) is not None:
            continue
        request = Request(names=(), allow=prepared.allow)
        server = server_plans.rebuild(receipt, request, context)
        fetched, (verified,) = staging.fetched([server], request, folder, context)
        policy.check(
            server.reviewed,
            request.allow,
            fetched.yanked,
            staging.yanked_unknown(fetched, request, server),
            advisories=known.of_plan(server, request.allow),
        )  # (3) again, beside the rules of policy files
        staged = staging.build(verified, context)
        found[slug] = _Rebuilt(server=server, staged=staged)
    return found


def _standing(receipt: Receipt, context: Context) -> Receipt | None:
    """Return a receipt whose environment serves `receipt`: itself, or one of the same files."""
    if receipt.is_remote:
        return receipt
    slug = lookup.receipt_slug(receipt)
    home = environments.server_home(context.paths.servers, slug)
    for one in (receipt, *server_plans.receipts_of(slug, context)):
        same = (one.manifest_sha256, one.lock_sha256) == (
            receipt.manifest_sha256,
            receipt.lock_sha256,
        )
        generation = home / one.generation
        if same and environments.is_startable(generation):
            unused = lookup.current_generation(slug, context) != one.generation
            if not unused or environments.measure(generation).sha256 == one.tree_sha256:
                return one
    return None


def _probe_of(rebuilt: dict[str, _Rebuilt], context: Context) -> transaction.Probe:
    def probe(slug: str, generation: str) -> None:
        probing_server.require_unchanged(rebuilt[slug].server, generation, context)

    return probe


def _transaction(
    prepared: PreparedUndo, rebuilt: dict[str, _Rebuilt], context: Context
) -> transaction.Transaction:
    record, store = prepared.record, ReceiptStore(context.paths)
    after = tuple(_restored(receipt, rebuilt, context) for receipt in record.receipts_before)
    present = (store.receipt(name) for name in record.entries)
    return transaction.Transaction(
        action="undo",
        additions=tuple(
            transaction.Addition(slug=slug, staged=one.staged) for slug, one in rebuilt.items()
        ),
        switches=_switches(record, after, rebuilt, context),
        changes=(*prepared.changes, *prepared.unwritten),
        receipts_before=tuple(receipt for receipt in present if receipt is not None),
        receipts_after=after,
        undoes=record.id if prepared.whole else None,
        gone_folders=tuple(
            (change.file.row.id, file.made_folders)
            for change in prepared.changes
            for file in record.files
            if file.path_sha256 == hosts.path_digest(change.file.target)
        ),
    )


def _restored(receipt: Receipt, rebuilt: dict[str, _Rebuilt], context: Context) -> Receipt:
    """Return a former receipt with the environment that its entry gets."""
    new = rebuilt.get(lookup.receipt_slug(receipt))
    if new is not None:
        return receipt_changes.with_new_environment(receipt, new.server, new.staged)
    standing = _standing(receipt, context)
    if standing is None:
        raise McpInstallError(
            ErrorCode.PLAN_CHANGED,
            f"another `mcpi` removed the environment of `{receipt.entry_name}` meanwhile",
            hint="run the command again",
        )
    return receipt_changes.with_environment(receipt, standing)


def _switches(
    record: HistoryRecord,
    after: tuple[Receipt, ...],
    rebuilt: Collection[str],
    context: Context,
) -> tuple[Switch, ...]:
    """Return what `current` of each touched server becomes: what its entries need then."""
    others = {
        lookup.receipt_slug(receipt)
        for receipt in ReceiptStore(context.paths).receipts()
        if receipt.entry_name not in record.entries
    }
    wanted: dict[str, str | None] = {
        lookup.receipt_slug(receipt): None
        for receipt in record.receipts_after
        if lookup.receipt_slug(receipt) not in others and not receipt.is_remote
    }
    wanted |= {
        lookup.receipt_slug(receipt): receipt.generation
        for receipt in after
        if not receipt.is_remote
    }
    current = {slug: lookup.current_generation(slug, context) for slug in wanted}
    return tuple(
        Switch(slug=slug, before=current[slug], after=generation, added=slug in rebuilt)
        for slug, generation in wanted.items()
        if current[slug] != generation
    )
