"""The screens of `uninstall` and `undo`.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.cli import render_diff, render_done, words
from mcpinstall.cli.layout import BLANK, Line, Screen, Segment, Tone, broken, fields, line, wrapped
from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.cli.render_plan import View
from mcpinstall.model.receipt import HistoryRecord
from mcpinstall.operations.prepared import PreparedRemoval, PreparedUndo


def removal(prepared: PreparedRemoval, diffs: Sequence[FileDiff], view: View) -> Screen:
    """Return what an uninstallation takes away."""
    rows: list[Line] = []
    for receipt in prepared.receipts:
        title = f"{receipt.entry_name} {receipt.version}"
        rows += broken(title, view.width, "", Tone.STRONG)
        rows += broken(receipt.name, view.width, "  ", Tone.NAME)
    for name in prepared.servers_removed:
        rows += wrapped(f"  The environment of {name} will be deleted", view.width, "    ")
    rows += render_done.notes(prepared.notes, view.width)
    return _with_files(rows, diffs, view)


def with_files(rows: Screen, notes: Sequence[str], diffs: Sequence[FileDiff], view: View) -> Screen:
    """Return a screen with notes and the diff of every file below it."""
    return _with_files([*rows, *render_done.notes(notes, view.width)], diffs, view)


def undo(prepared: PreparedUndo, diffs: Sequence[FileDiff], view: View) -> Screen:
    """Return what taking a change back does."""
    record = prepared.record
    title = words.sentence(
        f"{words.action_noun(record.action)} of {words.listed(words.touched(record))}"
    )
    when = Segment(words.record_time(record.id))
    rows: list[Line] = [
        *fields((Segment(title, Tone.STRONG), when), view.width, "  "),
        *broken(record.id, view.width, "  "),
    ]
    rows += render_done.notes(prepared.notes, view.width)
    return _with_files(rows, diffs, view)


def _with_files(rows: list[Line], diffs: Sequence[FileDiff], view: View) -> Screen:
    """Return the screen; taller than the terminal, each diff becomes one line."""
    end = (BLANK, line("Nothing has been changed yet.")) if view.asking else ()
    if not diffs:
        return (*rows, *end)

    def screen(*, whole: bool) -> Screen:
        shown = render_diff.files(diffs, view.home, view.width, whole=whole)
        return (*rows, BLANK, *shown, *end)

    full = screen(whole=True)
    return full if view.height is None or len(full) < view.height else screen(whole=False)


def taking_back(record: HistoryRecord) -> str:
    """Return the verb of the question about an undo."""
    return f"Take back the {words.action_noun(record.action)} of"


def question(action: str, names: Sequence[str], files: int) -> str:
    """Return `Uninstall time and change 1 file?`."""
    comma = "," if len(names) > 1 else ""
    and_files = f"{comma} and change {words.count(files, 'file')}" if files else ""
    return f"{action} {words.listed(names)}{and_files}?"
