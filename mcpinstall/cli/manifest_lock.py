"""`mcpi manifest lock`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit, McpInstallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpinstall.operations.manifest_diff import Diff
    from mcpinstall.operations.manifest_relock import Relock

_LEAST = 7  # days
_Paths: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", help="Folders of versions, or of a whole registry."),
]
_Upgrade: TypeAlias = Annotated[
    bool, typer.Option("--upgrade", help="Take the newest version of the package, too.")
]


def lock(
    context: typer.Context,
    *,
    paths: _Paths,
    upgrade: _Upgrade = False,
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="Take this one of the package.")
    ] = None,
    age: Annotated[
        int, typer.Option("--min-age", metavar="DAYS", help="Least age of a file; 7 or more.")
    ] = _LEAST,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="It was never published: change it where it is.")
    ] = False,
    pythons: options.Pythons = None,
    accept: options.Accept = None,
    drop_holds: Annotated[
        list[str] | None,
        typer.Option("--drop-hold", metavar="PACKAGE", help="Hold it back no longer; repeatable."),
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Start it, which runs its code, and take its tools.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write the differences there, as Markdown."),
    ] = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Lock servers again, to newer packages; show what changed, and write it after your yes.

    What a person decided is kept: permissions, holds, reasons for the very same bytes.  Reviews
    are not, for they were of other files.  Unattended, `--accept` gives reasons.
    """
    from mcpinstall.cli import change
    from mcpinstall.operations import manifest_paths, manifest_relock

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    wanted = manifest_relock.Options(
        version=_version(version, upgrade=upgrade),
        upgrade=upgrade,
        age=_age(age),
        in_place=in_place,
        pythons=tuple(pythons or ()),
        accept=options.accepted(accept),
        drop_holds=tuple(drop_holds or ()),
    )
    if not yes:
        change.require_person(session)
    with session.working() as world:
        prepared = manifest_relock.prepare_all(manifest_paths.versions(paths, world), wanted, world)
    done = [_accepted(session, one, yes=yes) for one in prepared]
    if probe:
        done = _probed(session, done, yes=yes)
    return _written(session, done, _diffs(session, done), report=report, yes=yes)


def _diffs(session: Session, done: Sequence[Relock]) -> list[Diff | None]:
    from mcpinstall.operations import manifest_relock

    with session.working() as world:
        return [manifest_relock.changes(one, world) for one in done]


def _version(version: str | None, *, upgrade: bool) -> str | None:
    if version is None:
        return None
    if upgrade:
        raise McpInstallError(ErrorCode.USAGE, "`--upgrade` and `--version` exclude each other")
    from mcpinstall.model.unreviewed_lock import exact_version

    return exact_version(version)


def _age(days: int) -> timedelta:
    if not _LEAST <= days <= 3650:
        raise McpInstallError(
            ErrorCode.USAGE,
            f"`--min-age` is {days}, and no file is taken that is younger than {_LEAST} days",
            hint="most bad releases are found in days: wait",
        )
    return timedelta(days=days)


def _accepted(session: Session, one: Relock, *, yes: bool) -> Relock:
    """Ask for a reason for everything that is not the very bytes that were accepted before."""
    from mcpinstall.cli import render_manifest_new as screens

    proposal = one.proposal
    if proposal is None:
        return one
    reasons = dict(proposal.reasons)
    for member in proposal.to_accept:
        if not reasons.get(member.key):
            session.ui.insist(screens.acceptance(member, session.ui.width))
            if not yes:
                reasons[member.key] = session.ui.ask("Why is it accepted? (Enter: not yet)")
    return replace(one, proposal=replace(proposal, reasons=reasons))


def _probed(session: Session, done: list[Relock], *, yes: bool) -> list[Relock]:
    from mcpinstall.cli import dialog
    from mcpinstall.cli import render_manifest_lock as screens
    from mcpinstall.operations import manifest_relock

    count = sum(one.proposal is not None for one in done)
    if count and not yes:
        shown = screens.relocked(done, _diffs(session, done), session.ui.width)
        session.ui.insist(shown)
        text = f"Start {'it' if count == 1 else f'all {count}'} now? That runs its code."
        dialog.consent(session.ui, dialog.Asked(text=text))
    with session.working() as world:
        return manifest_relock.probe_all(done, world)


def _written(
    session: Session,
    done: Sequence[Relock],
    diffs: Sequence[Diff | None],
    *,
    report: Path | None,
    yes: bool,
) -> int:
    from mcpinstall.cli import dialog, json_manifests, markdown_changes
    from mcpinstall.cli import render_manifest_lock as screens
    from mcpinstall.operations import manifest_relock
    from mcpinstall.system import files

    ui = session.ui
    ui.insist(screens.relocked(done, diffs, ui.width))
    changed = [one for one in done if one.proposal is not None]
    if changed and not yes:
        what = f"{len(changed)} folder{'s' if len(changed) > 1 else ''}"
        dialog.consent(ui, dialog.Asked(text=f"Write {what}?"))
    with session.working(acting=True) as world:
        paths = manifest_relock.commit(changed, world)
    if report is not None:
        text = markdown_changes.report([one for one in diffs if one is not None])
        files.write_result(report, text.encode())
    ui.say(screens.written(changed, paths, ui.width))
    if session.as_json:
        outcome = "done" if changed else "nothing-to-do"
        session.answer(outcome=outcome, **json_manifests.relocked(done, diffs, paths))
    problem = next((one.problem for one in done if one.problem is not None), None)
    return Exit.DONE if problem is None else problem.code.exit_status
