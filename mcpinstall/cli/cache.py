"""`mcpi cache size` and `mcpi cache prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options, words
from mcpinstall.cli.layout import line
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def size(
    context: typer.Context,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Say how much the files take that were downloaded or kept for later."""
    from mcpinstall.operations import cache

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    found = cache.size(session.context)
    path = session.context.paths.cache
    if session.as_json:
        session.answer(files=found.files, bytes=found.bytes, path=str(path))
    else:
        taken = f"{words.size(found.bytes)} in {words.count(found.files, 'file')}"
        session.ui.data([line(f"{taken}, {words.path(path, session.home)}")])
    return Exit.DONE


def prune(
    context: typer.Context,
    days: Annotated[
        int | None,
        typer.Option("--days", metavar="DAYS", min=0, help="Only what was not used that long."),
    ] = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Delete files that were downloaded or kept for later.

    Installed servers keep working, for they have their own.
    """
    from mcpinstall.operations import cache

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    freed = cache.prune(session.context, days)
    if session.as_json:
        session.answer(files=freed.files, bytes=freed.bytes)
    else:
        session.ui.note(
            f"deleted {words.count(freed.files, 'file')}, {words.size(freed.bytes)} freed"
        )
    return Exit.DONE
