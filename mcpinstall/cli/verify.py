"""`mcpi verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def verify(
    context: typer.Context,
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Installed servers; all when none is named."),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch again what is not in the store any more.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Compile every source again and compare.")
    ] = False,
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Check installed servers from the registry down to every file and host entry.

    Ends with status 1 when something is not as it was verified, with 5 when something could
    not be checked; `mcpi reinstall` builds an environment again.
    """
    from mcpinstall.cli import json_output, render_show
    from mcpinstall.operations import verify as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    options.exclusive(fetch=fetch, offline=offline)
    with session.working() as state:
        entries = operation.verify(
            tuple(names or ()), state, fetch=fetch, strict=strict, offline=offline
        )
    if session.as_json:
        session.answer(servers=[json_output.verified(entry) for entry in entries])
    elif entries:
        session.ui.data(render_show.verified(entries, session.ui.data_width))
    else:
        session.ui.note("nothing is installed")
    if any(entry.findings for entry in entries):
        return Exit.FINDINGS
    for entry in entries:
        if entry.problem is not None:
            raise entry.problem
    return Exit.DONE
