"""`mcpi test`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit


def try_out(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Installed server.")],
    *,
    with_secrets: Annotated[
        bool,
        typer.Option("--with-secrets", help="Send a remote server the secrets you have for it."),
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Start an installed server once and compare its tools with the reviewed ones.

    It gets an empty home, fixed values, and none of your secrets.  A remote server is asked where
    it runs, without secrets too, unless you say otherwise.
    """
    from mcpinstall.cli import json_output, render_show
    from mcpinstall.operations import test_server

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    with session.working() as state:
        result = test_server.test(name, state, with_secrets=with_secrets)
    if session.as_json:
        session.answer(result=json_output.tested(result))
    else:
        session.ui.data(render_show.tested(result, session.ui.data_width))
    if result.authorization:
        return Exit.COULD_NOT
    return ErrorCode.TOOLS_CHANGED.exit_status if result.differences else Exit.DONE
