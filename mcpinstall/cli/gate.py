"""What commands share that find things wrong: formats, the threshold, and showing a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit, McpInstallError

if TYPE_CHECKING:
    from mcpinstall.model.finding import Report, Severity

_NEVER = "never"


def chosen_format(form: str, *, as_json: bool) -> str:
    """Return the format that `--format` and `--json` ask for.

    Raises:
        McpInstallError: `usage`.
    """
    from mcpinstall.cli.reports import FORMATS

    if form not in FORMATS:
        known = ", ".join(f"`{name}`" for name in FORMATS)
        raise McpInstallError(ErrorCode.USAGE, f"`--format` is none of {known}")
    if as_json and form not in ("text", "json"):
        raise McpInstallError(ErrorCode.USAGE, f"`--json` and `--format {form}` exclude each other")
    return "json" if as_json else form


def least_severity(text: str) -> Severity | None:
    """Return the severity of `--fail-on`; None for never.

    Raises:
        McpInstallError: `usage`.
    """
    from mcpinstall.model.finding import Severity

    if text == _NEVER:
        return None
    try:
        return Severity(text)
    except ValueError:
        known = ", ".join(f"`{one}`" for one in (*Severity, _NEVER))
        raise McpInstallError(ErrorCode.USAGE, f"`--fail-on` is none of {known}") from None


def exit_status(report: Report, least: Severity | None) -> Exit:
    """Return how a command ends: findings count more than what could not be looked at."""
    if report.at_or_above(least):
        return Exit.FINDINGS
    return Exit.COULD_NOT if report.unchecked else Exit.DONE


def show_report(session: Session, report: Report, form: str) -> None:
    """Write a report in any format but JSON, which each command answers itself."""
    if form == "text":
        from mcpinstall.cli.reports import text

        width, verbose = session.ui.data_width, session.ui.verbose
        session.ui.data(text.write(report, width, verbose=verbose))
        return
    from mcpinstall.cli import reports

    if written := reports.document(form)(report):  # no annotation is no line
        session.ui.raw(written)
