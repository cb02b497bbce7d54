"""`mcpi undo`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def undo(
    context: typer.Context,
    *,
    record_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Change, from `mcpi history`.")
    ] = None,
    allow: options.AllowBack = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Take the last change back: host files, receipts, environments.

    A file that is still as mcpi left it gets its former bytes.  To go back to the version before
    an update, whatever came after it, use `mcpi rollback`; to remove a server, `mcpi uninstall`.
    """
    from mcpinstall.cli import change, dialog, json_output, render_done, render_removal, words
    from mcpinstall.operations import undo as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    answers = change.Answers(yes=yes, dry_run=dry_run)
    prepared = operation.prepare(record_id, session.context, allow=options.allowances(allow))
    shown, view = change.diffs(prepared.changes), change.view(session, answers)
    record = prepared.record
    what = render_removal.taking_back(record)
    done = change.take_away(
        session,
        render_removal.undo(prepared, shown, view),
        dialog.Asked(
            text=render_removal.question(what, words.touched(record), len(shown)),
            diffs=change.look(shown, view),
        ),
        lambda state: operation.commit(prepared, state),
        answers,
    )
    rows = [one.file.row for one in prepared.changes]
    if done is not None:
        names = words.touched(record)
        session.ui.say(render_done.undone(record.action, names, rows, session.ui.width))
    if session.as_json:
        session.answer(**json_output.taken_away(done, shown, prepared.notes))
    return Exit.DONE
