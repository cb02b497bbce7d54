"""`mcpi manifest verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.gate import chosen_format, exit_status, least_severity, show_report
from mcpinstall.cli.session import Session

if TYPE_CHECKING:
    from mcpinstall.model.finding import Report
    from mcpinstall.operations.manifest_verify import Wanted


def verify(
    context: typer.Context,
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...", help="Registries, or anything below one; default `manifests`."
        ),
    ] = None,
    base: Annotated[
        str, typer.Option("--base", metavar="REF", help="What was published at that commit stays.")
    ] = "",
    changed_since: Annotated[
        str, typer.Option("--changed-since", metavar="REF", help="Only what changed since then.")
    ] = "",
    files_only: Annotated[
        bool, typer.Option("--files-only", help="Leave the wheels alone; needs no network.")
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="Start every server; asks first, for code runs.")
    ] = False,
    form: options.Form = "text",
    fail_on: options.FailOn = "medium",
    offline: options.Offline = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Check manifests as their registry's CI does: every rule, every file, every wheel.

    Ends with 1 when a finding is at least as bad as --fail-on, with 5 when something could not be
    looked at.  No code of a package runs without --probe.
    """
    from mcpinstall.operations import manifest_verify as operation

    session: Session = context.obj
    chosen = chosen_format(form, as_json=as_json)
    session.begin(as_json=chosen == "json", quiet=quiet, verbose=verbose)
    least = least_severity(fail_on)
    options.exclusive(files_only=files_only, probe=probe)
    wanted = operation.Wanted(
        paths=tuple(paths or ()),
        base=base,
        changed_since=changed_since,
        offline=offline,
        files_only=files_only,
        probe=probe,
    )
    if probe:
        _consent(session, wanted, yes=yes)
    with session.working() as state:
        report = operation.verify(wanted, state)
    _show(session, report, chosen)
    return exit_status(report, least)


def _consent(session: Session, wanted: Wanted, *, yes: bool) -> None:
    """Ask before code of packages runs, which nobody has vouched for yet."""
    from mcpinstall.cli import change, dialog
    from mcpinstall.cli.layout import wrapped

    where = ", ".join(str(path) for path in wanted.paths) or "manifests"
    text = f"`--probe` starts every server of `{where}` with all your rights, before any review."
    if yes:
        session.ui.say(wrapped(text, session.ui.width))
        return
    change.require_person(session)
    session.ui.insist(wrapped(text, session.ui.width))
    dialog.consent(session.ui, dialog.Asked(text="Start them?"))


def _show(session: Session, report: Report, form: str) -> None:
    if form == "json":
        from mcpinstall.cli.reports import fields

        session.answer(**fields.write(report))
    else:
        show_report(session, report, form)
