"""`mcpi list`."""

from __future__ import annotations

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def installed(
    context: typer.Context,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """List what is installed, and whether it can start."""
    from mcpinstall.operations import installed as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    rows = operation.installed(session.context)
    if session.as_json:
        from mcpinstall.cli import json_output

        session.answer(servers=[json_output.installed(row) for row in rows])
    elif rows:
        from mcpinstall.cli import render_lists

        session.ui.data(render_lists.installed(rows, session.ui.data_width))
    else:
        session.ui.note("nothing is installed; `mcpi search TEXT` finds servers")
    return Exit.DONE
