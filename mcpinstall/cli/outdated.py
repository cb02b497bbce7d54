"""`mcpi outdated`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def outdated(
    context: typer.Context,
    *,
    names: options.Installed = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 when something is outdated or revoked.")
    ] = False,
    allow: options.Allow = None,
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Say what `mcpi update` would move, and why not to the newest version.

    Each server is asked for where it came from, and nowhere else.  Nothing changes.
    """
    from mcpinstall.model.plan import Request
    from mcpinstall.operations import outdated as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    request = Request(names=(), allow=options.allowances(allow), offline=offline)
    with session.working() as state:
        found = operation.outdated(names or (), request, state)
    if session.as_json:
        from mcpinstall.cli import json_update

        session.answer(servers=[json_update.outdated(one) for one in found])
    elif found:
        from mcpinstall.cli import render_update

        session.ui.data(render_update.outdated(found, session.ui.data_width))
    else:
        session.ui.note("nothing is installed; `mcpi search TEXT` finds servers")
    if check and any(one.is_finding for one in found):
        return Exit.FINDINGS
    failed = [one for one in found if one.problem is not None]
    return Exit.COULD_NOT if failed and (check or len(failed) == len(found)) else Exit.DONE
