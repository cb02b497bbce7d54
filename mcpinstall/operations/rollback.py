"""Rollback: back to the version that was current before, which is still on the disk.

Nothing is fetched or built.  Where hosts keep their entries it is one switch; where the update
changed them, its change is taken back as `undo` does it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import HistoryRecord, Hold, Receipt, Switch
from mcpinstall.operations import (
    lookup,
    policies,
    receipt_changes,
    returning,
    server_plans,
    starts,
    transaction,
    undo,
    ways_back,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Done, PreparedUndo

ACTION = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One server that goes back."""

    slug: str
    now: tuple[Receipt, ...]
    """Of all its entries, as they are."""
    after: tuple[Receipt, ...]
    """The same with the former environment."""
    changed: bool
    """The update gave its entries other commands, or another place or address."""

    @property
    def versions(self) -> tuple[str, str]:
        """The version that is installed, and the one that comes back."""
        return self.now[0].version, self.after[0].version

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of its entries."""
        return tuple(one.entry_name for one in self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRollback:
    """What goes back."""

    record: HistoryRecord
    """The change that brought what is installed."""
    steps: tuple[Step, ...]
    undone: PreparedUndo | None = None
    """Set where the hosts' entries go back too."""
    whole: bool
    """Everything that the change brought goes back."""
    allow: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    """What has to be known of what comes back, as sentences; those of `undone`, too."""


def prepare(name: str | None, context: Context, *, allow: Collection[str] = ()) -> PreparedRollback:
    """Say what goes back; without a name, all that the last update brought.

    With `allow` "vulnerable", also to a version with a known vulnerability.

    Raises:
        McpInstallError: `not-installed`; `version-held`; `nothing-to-undo` where nothing came
            before, or its files are gone; `version-revoked` and its like, `policy-refused`,
            `version-vulnerable`, `package-malicious`.
    """
    record, slugs = _chosen(name, context)
    steps = tuple(_step(slug, record, context) for slug in slugs)
    for step in steps:
        _require_let_go(step)
        _require_fitting(step, record, context)
    whole = ways_back.moved(record) == set(slugs)
    undone = None
    if any(step.changed for step in steps):
        if whole and not undo.has_later(record, context):
            undone = undo.prepare(record.id, context, allow=allow)
        else:
            entries = [name for step in steps for name in step.entries]
            undone = undo.prepare_part(record, entries, context, allow=allow)
    notes = undone.notes if undone else _require_allowed(steps, allow, context)
    return PreparedRollback(
        record=record, steps=steps, undone=undone, whole=whole, allow=frozenset(allow), notes=notes
    )


def commit(prepared: PreparedRollback, context: Context) -> Done:
    """Switch back, or take the whole change back.

    Raises:
        McpInstallError: what stopped it; everything is as before then.
    """
    if prepared.undone is not None:
        for step in prepared.steps:
            _require_unharmed(step, context)
        return undo.commit(prepared.undone, context, action=ACTION)
    with transaction.exclusive(context):
        for step in prepared.steps:
            if _step(step.slug, prepared.record, context) != step:
                raise McpInstallError(
                    ErrorCode.PLAN_CHANGED,
                    f"another `mcpi` changed {_listed(step.entries)} meanwhile",
                    hint="run the command again",
                )
            _require_unharmed(step, context)
        notes = _require_allowed(prepared.steps, prepared.allow, context)
        record = transaction.run(_transaction(prepared), context)
    return Done(record=record, receipts=record.receipts_after, notes=notes)


def _transaction(prepared: PreparedRollback) -> transaction.Transaction:
    return transaction.Transaction(
        action=ACTION,
        switches=tuple(
            Switch(slug=one.slug, before=one.now[0].generation, after=one.after[0].generation)
            for one in prepared.steps
        ),
        receipts_before=tuple(receipt for one in prepared.steps for receipt in one.now),
        receipts_after=tuple(receipt for one in prepared.steps for receipt in one.after),
        undoes=prepared.record.id if prepared.whole else None,
    )


def _chosen(name: str | None, context: Context) -> tuple[HistoryRecord, Sequence[str]]:
    """Return the change that brought what is current, and the servers that go back."""
    ways = ways_back.found(undo.history(context), context)
    if name is None:
        updates = [way.record for way in ways.values() if way.is_version]
        if not updates:
            raise _nothing("there is no update to roll back")
        record = max(updates, key=lambda one: one.id)
        return record, [slug for slug, way in ways.items() if way.record.id == record.id]
    receipt = lookup.installed(name, context)
    slug = lookup.receipt_slug(receipt)
    if slug not in ways:
        raise _nothing(f"`{receipt.entry_name}` has no earlier version to go back to")
    return ways[slug].record, [slug]


def _nothing(why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.NOTHING_TO_UNDO,
        why,
        hint="`mcpi undo` takes the last change back, `mcpi uninstall NAME` removes a server, "
        "`mcpi update NAME --to VERSION` installs another version",
    )


def _step(slug: str, record: HistoryRecord, context: Context) -> Step:
    """Return how one server goes back to what `record` replaced.

    Raises:
        McpInstallError: `nothing-to-undo` when its files are gone.
    """
    now = server_plans.receipts_of(slug, context)
    were = {
        one.entry_name: one for one in record.receipts_before if lookup.receipt_slug(one) == slug
    }
    if now and now[0].is_remote:  # each entry has its own address, and there are no files
        now = tuple(one for one in now if one.entry_name in were)
        if not now:
            raise _nothing(f"no entry that {_listed(record.entries)} had before is there any more")
        after = tuple(were[one.entry_name] for one in now)
        return Step(slug=slug, now=now, after=after, changed=True)
    generation = next((one.before for one in record.switches if one.slug == slug), None)
    before = next((one for one in were.values() if one.generation == generation), None)
    home = environments.server_home(context.paths.servers, slug)
    if before is None or not now or not environments.is_startable(home / before.generation):
        raise _nothing(
            f"the files that {_listed(record.entries)} had before are not there any more"
        )
    # What nobody touched since is as it was, to the last word; the rest gets the environment.
    brought = {one.entry_name: one for one in record.receipts_after}
    after = tuple(
        were[one.entry_name]
        if one.entry_name in were and brought.get(one.entry_name) == one
        else receipt_changes.with_environment(one, before)
        for one in now
    )
    return Step(slug=slug, now=now, after=after, changed=_changed(slug, record))


def _changed(slug: str, record: HistoryRecord) -> bool:
    """Tell whether a change gave a server's entries other commands, or another place.

    What receipts don't say, such as a variable with a fixed value, the entries in files do.
    """
    before, after = (
        {
            one.entry_name: (_launch(one), one.hosts)
            for one in receipts
            if lookup.receipt_slug(one) == slug
        }
        for receipts in (record.receipts_before, record.receipts_after)
    )
    were, are = (
        {
            (chain.row_id, applied.entry.name): applied.entry
            for chain in chains
            for applied in chain.entries
            if applied.entry.name in before
        }
        for chains in (record.chains_before, record.chains_after)
    )
    return before != after or were != are


def _require_let_go(step: Step) -> None:
    """Refuse to move a server that is held, as every other command does."""
    for one in step.now:
        if one.hold is Hold.HELD:
            raise McpInstallError(
                ErrorCode.VERSION_HELD,
                f"`{one.entry_name}` is held at {one.version}",
                hint=f"`mcpi unhold {one.entry_name}` lets it go",
            )


def _require_fitting(step: Step, record: HistoryRecord, context: Context) -> None:
    """Refuse a switch under entries that were set since, for a version with other inputs."""
    brought = {one.entry_name: _launch(one) for one in record.receipts_after}
    later = [one for one in step.now if brought.get(one.entry_name) != _launch(one)]
    if step.changed or not later:
        return
    now, before = (starts.described(one, context) for one in (step.now[0], step.after[0]))
    if now and before and not starts.are_alike(before, now):
        raise ways_back.came_later(later[0], step.after)


def _launch(receipt: Receipt) -> tuple[object, ...]:
    return (receipt.argv_template, receipt.inputs, receipt.extra_arguments)


def _require_unharmed(step: Step, context: Context) -> None:
    """Refuse files that are not those that were installed: nobody started them meanwhile."""
    receipt = step.after[0]
    if receipt.is_remote:
        return
    home = environments.server_home(context.paths.servers, step.slug)
    if environments.measure(home / receipt.generation).sha256 != receipt.tree_sha256:
        raise McpInstallError(
            ErrorCode.ENVIRONMENT_DIFFERS,
            f"the files of `{receipt.entry_name}` {receipt.version} were changed meanwhile",
            hint=f"`mcpi update {receipt.entry_name} --to {receipt.version}` builds it again",
        )


def _require_allowed(
    steps: Sequence[Step], allow: Collection[str], context: Context
) -> tuple[str, ...]:
    """Refuse what was revoked, is forbidden, or known to be vulnerable by now (check 3).

    Returns:
        What has to be known of the versions that come back, as sentences.
    """
    back = tuple(receipt for step in steps for receipt in step.after)
    returning.require_not_revoked(back, context)
    policies.require_installable(back, policies.load(context), context)
    return returning.advised(back, allow, context)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
