"""`mcpi run`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from mcpinstall.cli import callers_umask
from mcpinstall.cli.session import Session


def run(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="ENTRY", help="Entry, as `mcpi list` shows it.")],
) -> int:
    """Start an installed server with its secrets from the keyring, in the place of this process.

    Arguments after `--` take the place of those that it was installed with.  Standard input and
    output are the server's.  Hosts start the same without `mcpi`: see docs/secrets.md.
    """
    from mcpinstall.operations import running

    session: Session = context.obj
    session.begin(quiet=True)
    state = session.context
    os.umask(callers_umask())  # the server is its host's, not ours
    running.run(name, session.extra_arguments or None, state)
