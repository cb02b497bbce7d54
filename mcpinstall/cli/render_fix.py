"""The screens of `mcpi audit --fix`.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mcpinstall.cli import render_diff, render_done, words
from mcpinstall.cli.layout import BLANK, Line, Screen, Segment, Tone, broken, line, wrapped
from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.cli.render_plan import View
from mcpinstall.operations import fix_modes
from mcpinstall.operations.fix_commit import FixDone
from mcpinstall.operations.fixing import FileFix, Left, PreparedFixes


def plan(prepared: PreparedFixes, diffs: Mapping[str, FileDiff], view: View) -> Screen:
    """Return what goes, with diffs, and what stays; taller than the terminal, without diffs."""
    end = (BLANK, line("Nothing has been written yet.")) if view.asking else ()
    rest = left(prepared.left, view.width)

    def screen(*, whole: bool) -> Screen:
        rows: list[Line] = []
        for one in prepared.files:
            rows += [*_file(one, diffs.get(one.name), view, whole=whole), BLANK]
        return (*rows[:-1], *((BLANK, *rest) if rest else ()), *end)

    full = screen(whole=True)
    return full if view.height is None or len(full) < view.height else screen(whole=False)


def _file(one: FileFix, diff: FileDiff | None, view: View, *, whole: bool) -> Screen:
    rows: list[Line] = []
    if diff is not None:
        rows += render_diff.files((diff,), view.home, view.width, whole=whole)
    else:
        rows += broken(one.name, view.width, "", Tone.STRONG)
    for mode in one.modes:
        rights = f"{fix_modes.words(mode.before)} becomes {fix_modes.words(mode.after)}"
        rows += wrapped(f"  {mode.shown}: {rights}", view.width, "    ")
    for each in one.fixed:
        rule, server = each.finding.rule.id, each.finding.server
        about = f"{rule} {server}: " if server else f"{rule} "
        unsafe = "" if each.is_safe else f" (unsafe: {each.fixer})"
        rows += wrapped(f"  {about}{each.what}{unsafe}", view.width, "    ")
    notes = dict.fromkeys(note for each in one.fixed for note in each.notes)
    return (*rows, *render_done.notes(tuple(notes), view.width))


def left(found: Sequence[Left], width: int) -> Screen:
    """Return the findings that have a remedy and stay, each with the reason."""
    rows: list[Line] = []
    for one in found:
        if one.reason:
            place = one.finding.location
            where = f"{place.file}:{place.line}" if place.line else place.file
            hint = f" ({one.hint})" if one.hint else ""
            rows += wrapped(
                f"not fixed: {one.finding.rule.id} {where}: {one.reason}{hint}", width, "  "
            )
    named = Counter(one.fixer for one in found if not one.reason)
    for name, count in sorted(named.items()):
        rows += wrapped(
            f"{words.count(count, 'finding')} by name only: `--unsafe-fix {name}`", width, "  "
        )
    return tuple(rows)


def question(prepared: PreparedFixes) -> str:
    """Return `Fix 3 findings in 1 file?`."""
    count = sum(len(one.fixed) for one in prepared.files)
    return f"Fix {words.count(count, 'finding')} in {words.count(len(prepared.files), 'file')}?"


def dry() -> Screen:
    """Return the end of a dry run."""
    return (BLANK, render_done.dry())


def done(files: Sequence[FixDone], width: int) -> Screen:
    """Return what was fixed, and how hosts see it."""
    count = sum(len(one.file.fixed) for one in files)
    title = f"Fixed {words.count(count, 'finding')} in {words.count(len(files), 'file')}"
    rows = [one.file.change.file.row for one in files if one.file.change]
    back: Screen = ()
    if any(one.record for one in files):
        back = wrapped("  `mcpi undo` takes the last file's change back", width, "    ")
    return (
        BLANK, line(Segment(title, Tone.GOOD)), *render_done.reloads(rows, width), *back, BLANK,
    )  # fmt: skip
