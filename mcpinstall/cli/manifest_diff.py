"""`mcpi manifest diff`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


class Format(StrEnum):
    """How the changes are written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def diff(
    context: typer.Context,
    *,
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="Folder of a manifest, NAME@VERSION, `installed:NAME`, or `-` for none.",
        ),
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The same, of the newer version.")],
    form: Annotated[
        Format, typer.Option("--format", help="Markdown is for a pull request's comment.")
    ] = Format.TEXT,
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Show what changed between two versions of a server, the gravest first.

    Dependencies, publishers, entry points, start-up hooks, native code, tools, permissions, inputs,
    sizes.  The wheels of packages that changed are fetched and inspected; none of them runs.
    """
    from mcpinstall.cli import json_changes, markdown_changes, render_changes
    from mcpinstall.operations import manifest_diff

    session: Session = context.obj
    session.begin(as_json=as_json or form is Format.JSON, quiet=quiet, verbose=verbose)
    with session.working() as world:
        found = manifest_diff.diff(before, after, world, offline=offline)
    if session.as_json:
        session.answer(**json_changes.diff(found))
    elif form is Format.MARKDOWN:
        session.ui.raw(markdown_changes.diff(found))
    else:
        session.ui.data(render_changes.diff(found, session.ui.data_width))
    return Exit.DONE
