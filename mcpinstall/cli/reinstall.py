"""`mcpi reinstall`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session


def reinstall(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Installed server.")],
    python: options.Python = None,
    allow: options.Allow = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    expect_digest: options.Digest = None,
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Build an installed server's environment again, from files that are checked again.

    No host file changes: its entries keep their command.
    """
    from mcpinstall.cli import change
    from mcpinstall.model.plan import Request
    from mcpinstall.operations import reinstall as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    answers = change.Answers(yes=yes, dry_run=dry_run, expected_digest=expect_digest)
    request = Request(
        names=(),
        python=python,
        allow=options.allowances(allow),
        offline=offline,
        unattended=change.unattended(session, answers),
    )
    with session.working() as state:
        prepared = operation.prepare(
            name, state, request=request, stage=change.may_act(session, answers)
        )
    return change.carry_out(session, prepared, answers)
