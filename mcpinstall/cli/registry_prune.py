"""`mcpi registry prune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def prune(
    context: typer.Context,
    *,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The registry.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Delete what only expired snapshots name: no client can ask for it any more.

    Every root stays, so does what waits for signatures.
    """
    from mcpinstall.cli import words
    from mcpinstall.operations import registry_owner

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    found = registry_owner.prune(folder, session.context, dry_run=dry_run)
    count = words.count(len(found.paths), "file")
    said = "would go" if dry_run else "deleted"
    session.ui.note(f"{count} {said}: {words.size(found.size)}")
    if session.as_json:
        session.answer(
            outcome="planned" if dry_run else "done", files=len(found.paths), bytes=found.size
        )
    return Exit.DONE
