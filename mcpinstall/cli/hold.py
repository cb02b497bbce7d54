"""`mcpi hold` and `mcpi unhold`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit

if TYPE_CHECKING:
    from mcpinstall.model.receipt import Receipt


def hold(
    context: typer.Context,
    *,
    names: options.Some,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Keep servers in their version: `update` passes them over, until `mcpi unhold`."""
    from mcpinstall.operations import holds

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    with session.working(acting=True) as state:
        found = holds.hold(names, state)
    return _told(session, found, holding=True)


def unhold(
    context: typer.Context,
    *,
    names: options.Some,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Let servers be updated again that are held, or that were installed by an exact version."""
    from mcpinstall.operations import holds

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    with session.working(acting=True) as state:
        found = holds.unhold(names, state)
    return _told(session, found, holding=False)


def _told(session: Session, found: tuple[Receipt, ...], *, holding: bool) -> int:
    if session.as_json:
        from mcpinstall.cli import json_update

        session.answer(entries=json_update.held(found))
    else:
        from mcpinstall.cli import render_update

        session.ui.say(render_update.held(found, session.ui.width, holding=holding))
    return Exit.DONE
