"""`mcpi rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def rollback(
    context: typer.Context,
    *,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Installed server.")] = None,
    allow: options.AllowBack = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Go back to the version before the last update; nothing is fetched or built.

    Without a name, all that the last update brought goes back.  To take back the last change,
    whatever it was, use `mcpi undo`; to remove a server, `mcpi uninstall`.
    """
    from mcpinstall.cli import (
        change,
        dialog,
        json_output,
        json_update,
        render_removal,
        render_update,
    )
    from mcpinstall.operations import rollback as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    answers = change.Answers(yes=yes, dry_run=dry_run)
    prepared = operation.prepare(name, session.context, allow=options.allowances(allow))
    undone = prepared.undone
    shown = change.diffs(undone.changes if undone else ())
    view = change.view(session, answers)
    entries = [entry for step in prepared.steps for entry in step.entries]
    done = change.take_away(
        session,
        render_removal.with_files(
            render_update.rollback(prepared, view), prepared.notes, shown, view
        ),
        dialog.Asked(
            text=render_removal.question("Roll back", entries, len(shown)),
            diffs=change.look(shown, view),
        ),
        lambda state: operation.commit(prepared, state),
        answers,
    )
    if done is not None:
        session.ui.say(render_update.rolled_back(prepared, session.ui.width))
    if session.as_json:
        taken = json_output.taken_away(done, shown, prepared.notes)
        session.answer(**taken, replaced=json_update.rollback(prepared))
    return Exit.DONE
