"""`mcpi hosts`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def hosts(
    context: typer.Context,
    every: Annotated[
        bool, typer.Option("--all", "-a", help="Also hosts whose program is not found.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """List the hosts on this machine, their files, and which servers are ours.

    With `--verbose`, also what to do where a file can't be written, and after a change.
    """
    from mcpinstall.cli import json_output, render_lists
    from mcpinstall.operations import inventory

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    states = inventory.host_states(session.context)
    shown = [state for state in states if every or state.found or state.ours]
    if session.as_json:
        session.answer(hosts=[json_output.host(state) for state in shown])
    elif shown:
        session.ui.data(render_lists.hosts(shown, session.home, session.ui.data_width))
        if session.ui.verbose:
            details = render_lists.host_details(shown, session.home, session.ui.data_width)
            session.ui.data(details)
    if len(shown) < len(states):
        hidden = len(states) - len(shown)
        session.ui.note(f"{hidden} more are supported but not found; `--all` lists them")
    if any(not state.writable for state in shown) and not (session.as_json or verbose):
        session.ui.note("`--verbose` says what to do where a file is not written")
    return Exit.DONE
