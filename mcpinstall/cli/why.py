"""`mcpi why`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def why(
    context: typer.Context,
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Entry of any host, or an installed server.")
    ],
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Say why a server is here: who put it where, what vouches for it, how it starts.

    Also for an entry that mcpinstall did not write: then it says where the entry stands.
    """
    from mcpinstall.cli import json_doctor, render_why
    from mcpinstall.operations import why as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    found = operation.explain(name, session.context)
    if session.as_json:
        session.answer(**json_doctor.reason(found))
    else:
        session.ui.data(render_why.reason(found, session.home, session.ui.data_width))
    return Exit.DONE
