"""`mcpi audit`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mcpinstall.cli import options
from mcpinstall.cli.gate import chosen_format, exit_status, least_severity, show_report
from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit, McpInstallError

if TYPE_CHECKING:
    from mcpinstall.model.audit_report import AuditReport
    from mcpinstall.model.finding import Severity
    from mcpinstall.operations.audit import Wanted
    from mcpinstall.rules.audit.rule import Persona


_Paths: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Files of hosts, projects, or `-` for standard input; default all hosts here.",
    ),
]
_Host: TypeAlias = Annotated[
    str, typer.Option("--host", "-H", metavar="HOST", help="Host of the files, or the only one.")
]
_Who: TypeAlias = Annotated[
    str, typer.Option("--persona", metavar="WHO", help="regular, pedantic or auditor.")
]
_NoIgnores: TypeAlias = Annotated[
    bool, typer.Option("--no-ignores", help="Don't hear `mcpi-audit.toml`.")
]
_ListHosts: TypeAlias = Annotated[
    bool, typer.Option("--list-hosts", help="List every path looked at, and what is there.")
]
_Baseline: TypeAlias = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Only findings that it lacks count."),
]
_Online: TypeAlias = Annotated[
    bool, typer.Option("--online", help="Ask OSV about packages: sends names and versions.")
]
_Fix: TypeAlias = Annotated[
    bool, typer.Option("--fix", help="Show a diff of safe fixes, ask, and write them.")
]
_UnsafeFix: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--unsafe-fix",
        metavar="NAME",
        help="Also this fix, which changes what a server may do; repeatable.",
    ),
]
_SaveBaseline: TypeAlias = Annotated[
    Path | None,
    typer.Option("--save-baseline", metavar="FILE", help="Write what is found to this file."),
]
_Diff: TypeAlias = Annotated[
    str | None,
    typer.Option("--diff", metavar="REF", help="Only what is new since a commit counts."),
]
_IgnoresFrom: TypeAlias = Annotated[
    str | None,
    typer.Option("--ignores-from", metavar="REF", help="Hear that file as it is at a commit."),
]


def audit(
    context: typer.Context,
    *,
    paths: _Paths = None,
    host: _Host = "",
    form: options.Form = "text",
    fail_on: options.FailOn = "medium",
    persona: _Who = "regular",
    no_ignores: _NoIgnores = False,
    ignores_from: _IgnoresFrom = None,
    online: _Online = False,
    diff: _Diff = None,
    baseline: _Baseline = None,
    save_baseline: _SaveBaseline = None,
    list_hosts: _ListHosts = False,
    fix: _Fix = False,
    unsafe_fix: _UnsafeFix = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Say what is unsafe in the files of MCP hosts, whoever wrote them.

    Nothing is started but git for --diff; nothing is looked up on the network but with --online,
    nor written but by --save-baseline and --fix.  Ends with 1 when a finding is at least as bad as
    --fail-on, with 5 when something could not be read or asked.
    """
    from mcpinstall.operations import audit as operation
    from mcpinstall.operations import audit_baseline

    session: Session = context.obj
    chosen = chosen_format(form, as_json=as_json)
    session.begin(as_json=chosen == "json", quiet=quiet, verbose=verbose)
    least = least_severity(fail_on)
    others = {"save_baseline": save_baseline is not None, "list_hosts": list_hosts}
    fixing = None
    if fix or unsafe_fix or yes or dry_run:
        from mcpinstall.cli.fix import asked, require_usable

        fixing = asked(unsafe_fix, fix=fix, yes=yes, dry_run=dry_run)
        require_usable(fixing, chosen, paths or [], **others)
    wanted = operation.Wanted(
        paths=tuple(paths or ()),
        host=host,
        persona=_persona(persona),
        ignores=not no_ignores,
        ignores_from=ignores_from,
        standard_input=_standard_input(paths or []),
        online=online,
        baseline=audit_baseline.read_baseline(baseline) if baseline else None,
        since=diff,
        approvals=save_baseline is not None,
    )
    if list_hosts:
        return _list(session, wanted, chosen)
    if fixing is not None:
        return fixing.run(session, wanted, least)
    return _shown(session, operation.audit(wanted, session.looking), chosen, least, save_baseline)


def _persona(text: str) -> Persona:
    from mcpinstall.rules.audit.rule import Persona

    try:
        return Persona(text)
    except ValueError:
        known = ", ".join(f"`{one}`" for one in Persona)
        raise McpInstallError(ErrorCode.USAGE, f"`--persona` is none of {known}") from None


def _standard_input(paths: list[str]) -> bytes:
    """Return what stands on standard input, if it was asked for."""
    from mcpinstall.operations.audit import STDIN
    from mcpinstall.system import limits

    if paths.count(STDIN) > 1:
        raise McpInstallError(ErrorCode.USAGE, "`-` stands there twice")
    if STDIN not in paths:
        return b""
    data = sys.stdin.buffer.read(limits.HOST_FILE_BYTES + 1)
    if len(data) > limits.HOST_FILE_BYTES:
        raise McpInstallError(
            ErrorCode.FILE_UNREADABLE,
            f"standard input is larger than {limits.HOST_FILE_BYTES} bytes",
        )
    return data


def _list(session: Session, wanted: Wanted, form: str) -> int:
    from mcpinstall.cli.layout import Segment, Tone, cells
    from mcpinstall.hosts.audit_places import State
    from mcpinstall.operations import audit as operation

    if form not in ("text", "json"):
        raise McpInstallError(
            ErrorCode.USAGE, f"`--list-hosts` writes no report as `{form}`", hint="take `--json`"
        )
    found = operation.places(wanted, session.looking)
    if session.as_json:
        session.answer(
            places=[
                {
                    "path": name,
                    "host": place.row.id if place.row else "",
                    "scope": str(place.scope),
                    "state": str(state),
                    "target": place.target,
                    "problem": place.problem,
                }
                for name, place, state in found
            ]
        )
        return Exit.DONE
    room = max((cells(str(state)) for _, _, state in found), default=0) + 2
    rows = []
    for name, place, state in found:
        host = place.row.id if place.row else ""
        more = f" -> {place.target}" if place.target else f": {place.problem}" * bool(place.problem)
        tone = Tone.FAINT if state is State.ABSENT else Tone.PLAIN
        rows.append((Segment(f"{state:{room}}{name}{more}  ({host})", tone),))
    session.ui.data(rows)
    return Exit.DONE


def _shown(
    session: Session,
    report: AuditReport,
    form: str,
    least: Severity | None,
    save_baseline: Path | None,
) -> Exit:
    if save_baseline is not None:
        from mcpinstall.operations import audit_baseline

        audit_baseline.write_baseline(save_baseline, report)
    if form == "json":
        from mcpinstall.cli.reports import audit_fields

        session.answer(**audit_fields.write(report, least))
        return exit_status(report, least)
    show_report(session, report, form)
    if form == "text" and not report.files and not report.unchecked:
        session.ui.note("no file of a known host is here; `--list-hosts` shows where one would be")
    return exit_status(report, least)
