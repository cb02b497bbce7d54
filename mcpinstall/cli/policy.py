"""`mcpi policy show` and `mcpi policy check`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def show(
    context: typer.Context,
    *,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Show every rule that holds here, and the file that it comes from.

    The files of system, user and project are read; each can only be tighter than the one before.
    """
    from mcpinstall.cli import render_policy
    from mcpinstall.operations import policies

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    looking = session.looking
    places = policies.found(looking)
    policy = policies.merged(places)
    if session.as_json:
        session.answer(policy=render_policy.as_object(policy), places=render_policy.places(places))
    else:
        ui = session.ui
        ui.data(render_policy.shown(policy, places, looking.now, ui.data_width))
    return Exit.DONE


def check(
    context: typer.Context,
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Servers of registries; else what is installed."),
    ] = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Check the policy files, and tell which servers they forbid.

    Without a name, the installed servers are judged; with names, servers that could be
    installed, apart from hosts and secrets, which only a plan knows.  Ends with status 1 when a
    server is forbidden, with 3 when the files themselves can't be used.
    """
    from mcpinstall.cli import render_policy
    from mcpinstall.operations import policies

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    looking = session.looking
    policy = policies.load(looking)
    judged = tuple(
        policies.judge(names, policy, looking)
        if names
        else policies.judge_installed(policy, looking)
    )
    if session.as_json:
        session.answer(
            policy=render_policy.as_object(policy),
            servers=[render_policy.judged_object(one) for one in judged],
        )
    else:
        session.ui.data(render_policy.judged(policy, judged, session.ui.data_width))
    if any(one.refusals for one in judged):
        return Exit.FINDINGS
    return Exit.COULD_NOT if any(one.problem for one in judged) else Exit.DONE
