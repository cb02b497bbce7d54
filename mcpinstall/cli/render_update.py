"""The screens of `update`, `outdated`, `rollback` and `hold`.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mcpinstall.cli import render_changes, words
from mcpinstall.cli.change_words import label
from mcpinstall.cli.layout import (
    BLANK,
    CONTINUED,
    Line,
    Screen,
    Segment,
    Tone,
    broken,
    table,
    wrapped,
)
from mcpinstall.model.receipt import Hold
from mcpinstall.operations.prepared import Prepared, Replacement
from mcpinstall.planning.changes import Band, ChangeKind

if TYPE_CHECKING:
    from mcpinstall.cli.render_plan import View
    from mcpinstall.errors import McpInstallError
    from mcpinstall.model.receipt import Receipt
    from mcpinstall.operations.outdated import Outdated
    from mcpinstall.operations.rollback import PreparedRollback
    from mcpinstall.operations.update import Kept

APPROVAL = (
    "An approval that a host keeps by the text of an entry does not see this change: the text "
    "stays."
)
_RUNNING = "Servers that run now keep the former version until they end."


def changes(prepared: Prepared, width: int) -> Screen:
    """Return what changes in each server, the gravest first: the head of an update's plan."""
    return tuple(row for one in prepared.replacements for row in _changes(one, width))


def _changes(one: Replacement, width: int) -> Screen:
    title = f"{words.listed(one.entries)} {one.old_version} → {one.server.manifest.version}"
    rows: list[Line] = [*broken(title, width, "", Tone.STRONG)]
    for text in one.notes:
        rows += wrapped(f"! {text}", width, CONTINUED, Tone.WARN)
    if one.comparison is None:
        return (*rows, BLANK)
    rows += render_changes.changes(one.comparison.changes, width)
    for text in one.comparison.notes:
        rows += wrapped(f"! {text}", width, CONTINUED)
    return tuple(rows)


def bottom(prepared: Prepared, width: int) -> Screen:
    """Return, for the last lines of the plan, what weighs most and what hosts don't see."""
    rows: list[Line] = []
    for one in prepared.replacements:
        rows += wrapped(_weighty(one), width, "  ", Tone.WARN)
    if any(not _in_files(one, prepared) for one in prepared.replacements):
        rows += wrapped(APPROVAL, width, "  ")
    return (*rows, *_running(prepared, width, "  "))


def _running(prepared: Prepared, width: int, indent: str) -> Screen:
    """Return what becomes of servers that run; of what runs elsewhere nothing runs here."""
    slugs = {one.slug for one in prepared.replacements}
    local = [one for one in prepared.plan.servers if one.slug in slugs and one.remote is None]
    return wrapped(f"{indent[2:]}{_RUNNING}", width, indent) if local else ()


def _weighty(one: Replacement) -> str:
    names = f"{words.listed(one.entries)} {one.old_version} → {one.server.manifest.version}"
    if one.comparison is None:
        return f"{names}: NOT COMPARED."
    kinds = Counter(
        label(change)
        for change in one.comparison.changes
        if (change.band is Band.FIRST and change.kind is not ChangeKind.NOT_COMPARED)
        or change.kind is ChangeKind.DEPENDENCY_ADDED
    )
    left_out = [
        change.subject
        for change in one.comparison.changes
        if change.kind is ChangeKind.NOT_COMPARED
    ]
    told = [f"NOT COMPARED: {words.listed(left_out)}"] if left_out else []
    told += [f"{name} ({count})" if count > 1 else name for name, count in kinds.items()]
    return f"{names}: {', '.join(told) if told else 'no change of the gravest kinds'}."


def _in_files(one: Replacement, prepared: Prepared) -> bool:
    """Tell whether an entry of this server changes in a host's file."""
    names = set(one.entries)
    return any(
        applied.entry.name in names and applied not in change.chain_before.entries
        for change in prepared.plan.changes
        for applied in change.chain_after.entries
    )


def kept(stays: Sequence[Kept], width: int) -> Screen:
    """Return which servers stay as they are, and why."""
    rows: list[Line] = []
    for one in stays:
        if one.why:
            hint = f"; {one.hint}" if one.hint else ""
            rows += wrapped(f"! {one.why}{hint}", width, CONTINUED, Tone.WARN)
    return tuple(rows)


def nothing(stays: Sequence[Kept], width: int) -> Screen:
    """Return the sentence when no server has anything newer to take."""
    newest = [one.receipt.entry_name for one in stays if not one.why]
    if not newest:
        return wrapped("Nothing is updated.", width)
    verb = "is" if len(newest) == 1 else "are"
    return wrapped(f"{words.listed(newest)} {verb} up to date", width, CONTINUED)


# outdated --------------------------------------------------------------------------------------


def outdated(found: Sequence[Outdated], width: int) -> Screen:
    """Return installed, offered and newest version of each server, and why they differ."""
    return table(
        ("name", "installed", "update to", "newest", "why"),
        [
            (
                Segment(words.listed([one.entry_name for one in row.receipts]), Tone.STRONG),
                row.receipts[0].version,
                row.offer.version or "-" if row.offer else "?",
                row.offer.newest if row.offer else "?",
                _why(row),
            )
            for row in found
        ],
        width,
    )


def _why(row: Outdated) -> Segment:
    said = list(reasons(row))
    if not said:
        return Segment("up to date" if row.offer and not row.offer.version else "", Tone.GOOD)
    bad = row.withdrawal is not None or row.problem is not None
    return Segment("; ".join(said), Tone.BAD if bad else Tone.WARN)


def reasons(row: Outdated) -> Iterable[str]:
    """Yield what there is to know about a server beside its versions, as facts."""
    if row.withdrawal is not None:
        yield f"REVOKED: {row.withdrawal.reason} ({row.withdrawal.date})"
    if row.hold is not Hold.NONE:
        yield row.hold.value
    if row.problem is not None:
        yield f"could not be told: {row.problem.message} ({row.problem.code})"
    if row.offer is None:
        return
    if row.offer.version and row.offer.version == row.receipts[0].version:
        yield "the same version, of which its registry describes other files now"
    for refusal in row.offer.refusals:
        yield f"{refusal.version} is not offered: {refusal.why} ({refusal.code})"
    yield from row.offer.notes


# rollback --------------------------------------------------------------------------------------


def rollback(prepared: PreparedRollback, view: View) -> Screen:
    """Return what goes back."""
    rows: list[Line] = []
    for step in prepared.steps:
        now, back = step.versions
        title = f"{words.listed(step.entries)} {now} → {back}"
        rows += broken(title, view.width, "", Tone.STRONG)
        rows += broken(step.now[0].name, view.width, "  ", Tone.NAME)
    what = words.action_noun(prepared.record.action)
    when = words.record_time(prepared.record.id)
    local = [step for step in prepared.steps if not step.now[0].is_remote]
    subject = prepared.steps[0].versions[1] if len(prepared.steps) == 1 else "What comes back"
    fact = f"  {subject} was replaced by the {what} of {when}"
    rows += wrapped(
        f"{fact}; its files are on this disk." if local else f"{fact}.", view.width, "    "
    )
    if prepared.undone is None:
        rows += wrapped(f"  No host file changes. {APPROVAL}", view.width, "    ")
    if local:
        rows += wrapped(f"  {_RUNNING}", view.width, "    ")
    return tuple(rows)


def rolled_back(prepared: PreparedRollback, width: int) -> Screen:
    """Return what went back, and what keeps it there."""
    names = [f"{words.listed(one.entries)} to {one.versions[1]}" for one in prepared.steps]
    first = prepared.steps[0].entries[0]
    return (
        *wrapped(f"Rolled back {words.listed(names)}", width, "    ", Tone.GOOD),
        *wrapped(
            f"  `mcpi hold {first}` keeps it there; `mcpi undo` goes forward again", width, "    "
        ),
    )


# hold ------------------------------------------------------------------------------------------


def held(receipts: Sequence[Receipt], width: int, *, holding: bool) -> Screen:
    """Return which servers are held, or let go."""
    names = words.listed([f"{one.entry_name} {one.version}" for one in receipts])
    what = f"Held {names}: no update moves it" if holding else f"`mcpi update` moves {names} again"
    return wrapped(what, width, "    ", Tone.GOOD)


def updated(prepared: Prepared, width: int) -> Screen:
    """Return the way back after an update."""
    name = prepared.replacements[0].entries[0]
    return (
        *_running(prepared, width, "    "),
        *wrapped(f"  `mcpi rollback {name}` goes back to the former version", width, "    "),
    )


def other_tools(error: McpInstallError, width: int) -> Screen:
    """Return why the same update is asked about once more."""
    fact = f"{error.message}; nothing was switched. This is the plan with what it showed:"
    return (BLANK, *wrapped(f"! {fact}", width, CONTINUED, Tone.WARN), BLANK)


def unfinished(stays: Sequence[Kept], width: int) -> Screen:
    """Return the last line of an update for which some source could not be asked."""
    failed = [one.receipt.entry_name for one in stays if one.error is not None]
    if not failed:
        return ()
    text = f"Not complete: nobody could say whether {words.listed(failed)} is up to date"
    return wrapped(text, width, CONTINUED, Tone.WARN)
