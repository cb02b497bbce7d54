"""`mcpi search`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit, McpInstallError


def search(
    context: typer.Context,
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Part of a name, title or summary.")
    ] = "",
    *,
    updated_since: Annotated[
        str,
        typer.Option("--updated-since", metavar="TIME", help="Of an MCP registry: changes since."),
    ] = "",
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Find servers in the registries; without a text, list all.

    `mcp:TEXT` asks the MCP registry of your configuration for names.  One registry that can't
    be searched is named and stops none of the others.
    """
    from mcpinstall.cli import json_output, render_lists
    from mcpinstall.operations import catalog

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    failures: list[tuple[str, McpInstallError]] = []

    def failed(name: str, error: McpInstallError) -> None:
        failures.append((name, error))
        session.ui.insist(render_lists.not_searched(name, error, session.ui.width))

    rows = catalog.search(text, session.context, updated_since=updated_since, failed=failed)
    if session.as_json:
        session.answer(
            servers=[json_output.row(row) for row in rows],
            not_searched=[json_output.not_searched(name, error) for name, error in failures],
        )
    elif rows:
        session.ui.data(render_lists.servers(rows, session.ui.data_width))
    else:
        session.ui.note(f"no server matches `{text}`")
    return Exit.DONE
