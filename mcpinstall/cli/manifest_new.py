"""`mcpi manifest new`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit, McpInstallError

if TYPE_CHECKING:
    from mcpinstall.operations.manifest_proposal import Proposal

_DEFAULT = Path("manifests")


def new(
    context: typer.Context,
    *,
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC", help="`pypi:NAME[==V]`, `mcp:NAME[@V]`, or the path of a `server.json`."
        ),
    ],
    into: Annotated[
        Path, typer.Option("--into", metavar="FOLDER", help="The registry's folder.")
    ] = _DEFAULT,
    platforms: Annotated[
        list[str] | None,
        typer.Option("--platform", metavar="P", help="Platform to lock for; repeatable."),
    ] = None,
    pythons: options.Pythons = None,
    accept: options.Accept = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Full name, where the package has none."),
    ] = None,
    script: Annotated[
        str | None,
        typer.Option("--script", metavar="NAME", help="Script that starts it, of several."),
    ] = None,
    probe: Annotated[
        bool | None,
        typer.Option("--probe/--no-probe", help="Start it, which runs its code; or don't."),
    ] = None,
    yes: options.Yes = False,
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Make a manifest: resolve, lock for all platforms, inspect, and start the server if you agree.

    Nothing is written before your yes.  What a person still has to decide is said, with a
    proposal for each.
    """
    from mcpinstall.operations import manifest_new

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    require_answers(session, yes=yes, probe=probe)
    wanted = manifest_new.Options(
        into=into,
        platforms=tuple(platforms or ()),
        pythons=tuple(pythons or ()),
        name=name,
        script=script,
        accept=options.accepted(accept),
        offline=offline,
    )
    with session.working() as world:
        proposal = manifest_new.prepare(spec, wanted, world)
    proposal = _accepted(session, proposal, yes=yes)
    proposal = _probed(session, proposal, yes=yes, probe=probe)
    return _written(session, proposal, yes=yes)


def require_answers(session: Session, *, yes: bool, probe: bool | None) -> None:
    """Refuse what nobody could answer, before any work.

    Raises:
        McpInstallError: `consent-unavailable`, or `usage` for a `--yes` that says too little.
    """
    from mcpinstall.cli import change

    if not yes:
        change.require_person(session)
    elif probe is None:
        raise McpInstallError(
            ErrorCode.USAGE,
            "`--yes` does not say whether code of the package may run",
            hint="add `--probe` (it is started, which runs its code) or `--no-probe`",
        )


def _accepted(session: Session, proposal: Proposal, *, yes: bool) -> Proposal:
    """Show what was found; ask for a reason for everything that has to be accepted."""
    from mcpinstall.cli import render_manifest_new as screens

    ui = session.ui
    ui.insist(screens.found(proposal, ui.width))
    reasons = dict(proposal.reasons)
    for one in proposal.to_accept:
        ui.insist(screens.acceptance(one, ui.width))
        if not yes and not reasons.get(one.key):
            reasons[one.key] = ui.ask("Why is it accepted? (Enter: not yet)")
    from mcpinstall.operations.manifest_proposal import checked

    return checked(replace(proposal, reasons=reasons))


def _probed(session: Session, proposal: Proposal, *, yes: bool, probe: bool | None) -> Proposal:
    from mcpinstall.cli import render_manifest_new as screens
    from mcpinstall.operations import manifest_new

    ui = session.ui
    if proposal.closure is not None and not proposal.pythons:
        ui.note(f"it can't be started: no Python here is {proposal.lock.requires_python}")
        return proposal
    if probe is None and not yes:
        where = ", ".join(proposal.pythons)
        what = (
            f"Start it now under Python {where}? That runs its code"
            if proposal.closure is not None
            else "Ask its remotes now?"
        )
        probe = ui.ask(f"{what}.", "[y/N]").lower() in {"y", "yes"}
    if not probe:
        return proposal
    with session.working() as world:
        proposal = manifest_new.probe(proposal, world)
    tools = len(proposal.tools.tools)
    ui.note(f"it answers with {tools} tools" if proposal.tools.known else "its tools are unknown")
    ui.say(screens.varying(proposal.draft.manifest.varies, ui.width))
    return proposal


def _written(session: Session, proposal: Proposal, *, yes: bool) -> int:
    from mcpinstall.cli import dialog, json_manifests
    from mcpinstall.cli import render_manifest_new as screens
    from mcpinstall.operations import manifest_new

    ui = session.ui
    rows = (*screens.decisions(proposal.decisions, ui.width), *screens.owed(proposal, ui.width))
    if yes:
        ui.say(rows)
    else:
        ui.insist(rows)
        dialog.consent(ui, dialog.Asked(text=f"Write `{proposal.target}`?"))
    with session.working(acting=True) as world:
        paths = manifest_new.commit(proposal, world)
    ui.say(screens.written(proposal, paths, ui.width))
    if session.as_json:
        session.answer(outcome="done", **json_manifests.new(proposal, paths))
    return Exit.DONE
