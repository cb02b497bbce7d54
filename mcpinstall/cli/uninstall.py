"""`mcpi uninstall`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def uninstall(
    context: typer.Context,
    *,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Installed servers.")],
    hosts: options.Hosts = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Take servers out of hosts, and delete what nothing uses any more.

    With `--host`, only that host's entry goes.  To take back the last change instead, whatever
    it was, use `mcpi undo`; to go back to the version before an update, `mcpi rollback`.
    """
    from mcpinstall.cli import change, dialog, json_output, render_done, render_removal
    from mcpinstall.operations import uninstall as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    answers = change.Answers(yes=yes, dry_run=dry_run)
    prepared = operation.prepare(tuple(names), tuple(hosts or ()), session.context)
    shown, view = change.diffs(prepared.changes), change.view(session, answers)
    entries = [receipt.entry_name for receipt in prepared.receipts]
    done = change.take_away(
        session,
        render_removal.removal(prepared, shown, view),
        dialog.Asked(
            text=render_removal.question("Uninstall", entries, len(shown)),
            diffs=change.look(shown, view),
        ),
        lambda state: operation.commit(prepared, state),
        answers,
    )
    rows = [one.file.row for one in prepared.changes]
    if done is not None:
        session.ui.say(render_done.uninstalled(entries, rows, session.ui.width))
    if session.as_json:
        session.answer(**json_output.taken_away(done, shown, prepared.notes))
    return Exit.DONE
