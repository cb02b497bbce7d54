"""`mcpi history`."""

from __future__ import annotations

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def history(
    context: typer.Context,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """List the changes of the last 30 days, newest first; `mcpi undo ID` takes one back."""
    from mcpinstall.cli import json_output, render_lists
    from mcpinstall.operations import undo as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    records = operation.history(session.context)
    undone = operation.undone(session.context)
    if session.as_json:
        changes = [{**json_output.record(r), "taken_back": r.id in undone} for r in records]
        session.answer(changes=changes)
    elif records:
        session.ui.data(render_lists.history(records, undone, session.ui.data_width))
    else:
        session.ui.note("nothing was changed in the last 30 days")
    return Exit.DONE
