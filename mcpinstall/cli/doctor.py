"""`mcpi doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def doctor(
    context: typer.Context,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Compare installed files with the checked archives.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Say what is wrong here, and what to do about it.

    Looks at installed servers, at the files of every host, whoever wrote them, and at the
    project in the working directory.  Starts no server, fetches and changes nothing.  Ends with
    status 1 when something is wrong, with 5 when something could not be looked at.
    """
    from mcpinstall.cli import json_doctor, render_doctor
    from mcpinstall.operations import doctor as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    looking = session.looking
    with session.ui.progress.shown():
        report = operation.examine(looking, full=full)
    if session.as_json:
        session.answer(**json_doctor.report(report))
    else:
        session.ui.data(render_doctor.report(report, session.home, session.ui.data_width))
    if report.troubles:
        return Exit.FINDINGS
    return Exit.COULD_NOT if report.unseen else Exit.DONE
