"""The screens of `mcpi manifest lock`.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.cli import render_changes, render_manifest_new
from mcpinstall.cli.layout import BLANK, CONTINUED, Line, Screen, Tone, broken, wrapped

if TYPE_CHECKING:
    from mcpinstall.operations.manifest_diff import Diff
    from mcpinstall.operations.manifest_relock import Relock


def relocked(done: Sequence[Relock], diffs: Sequence[Diff | None], width: int) -> Screen:
    """Return for each server what its new lock changes, the gravest first."""
    rows: list[Line] = []
    for one, found in zip(done, diffs, strict=True):
        manifest = one.before.manifest
        rows += broken(f"{manifest.name} {manifest.version}", width, "", Tone.STRONG)
        if one.proposal is not None and found is not None:
            rows += wrapped(f"  becomes {one.proposal.draft.manifest.version}", width, CONTINUED)
            rows += [BLANK, *render_changes.changes(found.comparison.changes, width)]
            notes = (*one.notes, *found.comparison.notes)
        else:
            notes = one.notes
        rows += [row for note in notes for row in wrapped(f"  ! {note}", width, CONTINUED)]
        if one.proposal is not None:
            rows += render_manifest_new.owed(one.proposal, width)
        rows.append(BLANK)
    return tuple(rows)


def written(changed: Sequence[Relock], paths: Sequence[Path], width: int) -> Screen:
    """Return what was written, and what comes next."""
    rows: list[Line] = [row for path in paths for row in broken(str(path), width, "wrote ")]
    if not changed:
        return (*rows, *wrapped("Nothing is newer: nothing was written.", width))
    if any(one.proposal is not None and one.proposal.owed for one in changed):
        rows += wrapped("What is owed keeps a draft out of `index.toml`.", width)
    rows += wrapped("Next: review it, and add your `[[reviews]]`; then sign again.", width)
    return tuple(rows)
