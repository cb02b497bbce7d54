"""Rollback: back to the generation that was current before, which is still on the disk.

Nothing is fetched or built.  Where hosts keep their entries it is one switch; where the update
changed them, its change is taken back as `undo` does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import HistoryRecord, Receipt, Switch
from mcpinstall.operations import (
    lookup,
    policies,
    receipt_changes,
    server_plans,
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
    whole: bool = True
    """Everything that the change brought goes back."""


def prepare(name: str | None, context: Context) -> PreparedRollback:
    """Say what goes back; without a name, all that the last update brought.

    Raises:
        McpInstallError: `not-installed`; `nothing-to-undo` where nothing came before, or its
            files are gone; `version-revoked` and its like, `policy-refused`.
    """
    record, slugs = _chosen(name, context)
    steps = tuple(_step(slug, record, context) for slug in slugs)
    whole = {one.slug for one in record.switches} == set(slugs)
    undone = None
    if any(_entries_changed(slug, record) for slug in slugs):
        if whole and not undo.has_later(record, context):
            undone = undo.prepare(record.id, context)
        else:
            entries = [name for step in steps for name in step.entries]
            undone = undo.prepare_part(record, entries, context)
    else:
        _require_allowed(steps, context)
    return PreparedRollback(record=record, steps=steps, undone=undone, whole=whole)


def commit(prepared: PreparedRollback, context: Context) -> Done:
    """Switch back, or take the whole change back.

    Raises:
        McpInstallError: what stopped it; everything is as before then.
    """
    if prepared.undone is not None:
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
        _require_allowed(prepared.steps, context)
        record = transaction.run(_transaction(prepared), context)
    return Done(record=record, receipts=record.receipts_after)


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
        if not ways:
            raise _nothing("there is no update to roll back")
        record = max(ways.values(), key=lambda one: one.id)
        return record, [slug for slug, one in ways.items() if one.id == record.id]
    receipt = lookup.installed(name, context)
    slug = lookup.receipt_slug(receipt)
    if slug not in ways:
        raise _nothing(f"`{receipt.entry_name}` has no earlier version to go back to")
    return ways[slug], [slug]


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
    generation = ways_back.before(slug, record)
    before = next((one for one in record.receipts_before if one.generation == generation), None)
    now = server_plans.receipts_of(slug, context)
    home = environments.server_home(context.paths.servers, slug)
    if before is None or not now or not environments.is_startable(home / before.generation):
        raise _nothing(
            f"the files that {_listed(record.entries)} had before are not there any more"
        )
    # What nobody touched since is as it was, to the last word; the rest gets the environment.
    brought = {one.entry_name: one for one in record.receipts_after}
    were = {one.entry_name: one for one in record.receipts_before}
    after = tuple(
        were[one.entry_name]
        if one.entry_name in were and brought.get(one.entry_name) == one
        else receipt_changes.with_environment(one, before)
        for one in now
    )
    return Step(slug=slug, now=now, after=after)


def _require_unharmed(step: Step, context: Context) -> None:
    """Refuse files that are not those that were installed: nobody started them meanwhile."""
    receipt = step.after[0]
    home = environments.server_home(context.paths.servers, step.slug)
    if environments.measure(home / receipt.generation).sha256 != receipt.tree_sha256:
        raise McpInstallError(
            ErrorCode.ENVIRONMENT_DIFFERS,
            f"the files of `{receipt.entry_name}` {receipt.version} were changed meanwhile",
            hint=f"`mcpi update {receipt.entry_name} --to {receipt.version}` builds it again",
        )


def _require_allowed(steps: Sequence[Step], context: Context) -> None:
    """Refuse what was revoked, or is forbidden by now (check 3)."""
    back = tuple(receipt for step in steps for receipt in step.after)
    undo.require_not_revoked(back, context)
    policies.require_installable(back, policies.load(context), context)


def _entries_changed(slug: str, record: HistoryRecord) -> bool:
    """Tell whether a change gave a server's entries other commands, or another place."""
    before, after = (
        {
            one.entry_name: (one.argv_template, one.inputs, one.extra_arguments, one.hosts)
            for one in receipts
            if lookup.receipt_slug(one) == slug
        }
        for receipts in (record.receipts_before, record.receipts_after)
    )
    return before != after


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
