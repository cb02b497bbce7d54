"""`mcpi show`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="Server.")],
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Show who vouches for a server, its inputs, its tools, and where it is installed."""
    from mcpinstall.cli import json_output, render_show
    from mcpinstall.operations import catalog

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    shown = catalog.show(name, session.context)
    if session.as_json:
        session.answer(server=json_output.shown(shown))
    else:
        session.ui.data(render_show.server(shown, session.ui.data_width))
    return Exit.DONE
