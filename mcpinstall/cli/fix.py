"""`mcpi audit --fix`: the diff, the question, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mcpinstall.cli import change, dialog, render_fix
from mcpinstall.cli.gate import exit_status, show_report
from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit, McpInstallError

if TYPE_CHECKING:
    from mcpinstall.model.audit_report import AuditReport
    from mcpinstall.model.finding import Severity
    from mcpinstall.operations.audit import Wanted
    from mcpinstall.operations.fix_commit import FixDone
    from mcpinstall.operations.fixing import FileFix, PreparedFixes


ADOPT = "adopt"
"""Name of the fix that installs a server in the place of one that is fetched at each start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixing:
    """What the command line says about fixes."""

    fix: bool = False
    unsafe: tuple[str, ...] = ()
    """Names of unsafe remedies."""
    answers: change.Answers

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be fixed; to name a remedy is enough."""
        return self.fix or bool(self.unsafe)

    def run(self, session: Session, wanted: Wanted, least: Severity | None) -> int:
        """Show what goes and what stays, ask, write, and audit again."""
        return run(session, wanted, self, least)


def asked(unsafe: list[str] | None, *, fix: bool, yes: bool, dry_run: bool) -> Fixing:
    """Return what the command line says about fixes.

    Raises:
        McpInstallError: `usage` for a name that is none.
    """
    answers = change.Answers(yes=yes, dry_run=dry_run)
    return Fixing(fix=fix, unsafe=names(unsafe), answers=answers)


def require_usable(fixing: Fixing, form: str, paths: Sequence[str], **others: bool) -> None:
    """Refuse options that say nothing together with `--fix`, or without it.

    `others` are options that exclude it, and whether they are there.

    Raises:
        McpInstallError: `usage`.
    """
    from mcpinstall.operations.audit import STDIN

    given = fixing.answers
    if not fixing.is_wanted:
        if given.yes or given.dry_run:
            raise McpInstallError(
                ErrorCode.USAGE,
                "`--yes` and `--dry-run` belong to `--fix`: an audit alone changes nothing",
                hint="add `--fix`",
            )
        return
    if ADOPT in fixing.unsafe and form == "json":
        raise McpInstallError(
            ErrorCode.USAGE,
            f"`{ADOPT}` has one plan for each server, and `--json` answers for one",
            hint="`mcpi adopt NAME --json`",
        )
    if STDIN in paths:
        raise McpInstallError(
            ErrorCode.USAGE, "standard input can't be fixed", hint="name the file itself"
        )
    if form not in ("text", "json"):
        raise McpInstallError(
            ErrorCode.USAGE,
            f"`--fix` writes no report as `{form}`",
            hint=f"run `mcpi audit --format {form}` afterwards",
        )
    for name, there in others.items():
        if there:
            raise McpInstallError(
                ErrorCode.USAGE,
                f"`--fix` and `--{name.replace('_', '-')}` exclude each other",
                hint="run one after the other",
            )


def names(texts: list[str] | None) -> tuple[str, ...]:
    """Return the names of unsafe remedies that `--unsafe-fix` asks for, by name or by rule.

    Raises:
        McpInstallError: `usage`.
    """
    if not texts:
        return ()
    from mcpinstall.rules import remedies

    asked = (name.strip() for text in texts for name in text.split(","))
    by_rule = {rule: one.name for rule, one in remedies.BY_RULE.items() if not one.is_safe}
    found = tuple(by_rule.get(name.upper(), name) for name in asked)
    unsafe = {ADOPT, *(one.name for one in remedies.FIXERS if not one.is_safe)}
    for name in found:
        if name not in unsafe:
            known = ", ".join(f"`{one}`" for one in sorted(unsafe))
            raise McpInstallError(
                ErrorCode.USAGE, f"`--unsafe-fix` does not know `{name}`", hint=f"it takes {known}"
            )
    return found


def run(session: Session, wanted: Wanted, fixing: Fixing, least: Severity | None) -> int:
    """Show what goes and what stays, ask, write, and audit again.

    Servers are adopted last, each with a plan and a question of its own: an entry that is ours
    is fixed no more.
    """
    from mcpinstall.operations import audit
    from mcpinstall.operations import fixing as operation

    named = frozenset(fixing.unsafe) - {ADOPT}
    prepared = operation.prepare(wanted, named, session.context)
    done: tuple[FixDone, ...] = ()
    if not prepared.files:
        outcome = "nothing-to-do"
        session.ui.say(render_fix.left(prepared.left, session.ui.width))
    elif fixing.answers.dry_run:
        outcome = "planned"
        seen = change.view(session, fixing.answers)
        screen = render_fix.plan(prepared, _diffs(prepared.files), seen)
        session.ui.say((*screen, *render_fix.dry()))
    else:
        outcome = "done"
        _consent(session, prepared, fixing.answers)
        done = _carried_out(session, prepared)
        session.ui.say(render_fix.done(done, session.ui.width))
    refused: int = Exit.DONE
    if ADOPT in fixing.unsafe:
        from mcpinstall.cli import adopt

        refused = adopt.of_audit(session, wanted, fixing.answers)
    elif not done:
        return _finish(session, prepared, (), prepared.report, least, outcome=outcome)
    report = audit.audit(wanted, session.context)
    found = _finish(session, prepared, done, report, least, outcome=outcome)
    return refused or found


def _consent(session: Session, prepared: PreparedFixes, answers: change.Answers) -> None:
    """Return after a yes: typed, or given by `--yes`.

    Raises:
        McpInstallError: `declined`, `consent-unavailable`.
    """
    shown = _diffs(prepared.files)
    seen = change.view(session, answers)
    screen = render_fix.plan(prepared, shown, seen)
    if answers.yes:
        session.ui.say(screen)
        return
    change.require_person(session, "look at the diff with `--dry-run`, then answer it with `--yes`")
    session.ui.insist(screen)
    asked = dialog.Asked(
        text=render_fix.question(prepared),
        diffs=lambda: render_fix.plan(prepared, shown, replace(seen, height=None)),
    )
    dialog.consent(session.ui, asked)


def _carried_out(session: Session, prepared: PreparedFixes) -> tuple[FixDone, ...]:
    from mcpinstall.operations import fix_commit

    done: list[FixDone] = []
    with session.working(acting=True):
        try:
            for one in fix_commit.commit(prepared):
                done.append(one)  # noqa: PERF402 (what is done when the next one fails)
        except McpInstallError as error:
            before = (
                f"`{one.file.name}` was fixed before that; `mcpi undo` takes it back"
                for one in done
            )
            error.evidence = "\n".join(filter(None, (error.evidence, *before)))
            raise
    return tuple(done)


def _diffs(files: Sequence[FileFix]) -> dict[str, FileDiff]:
    """Return the diff of each file whose bytes change, by the file's name."""
    return {one.name: change.diff(one.change, one.plain) for one in files if one.change is not None}


def _finish(
    session: Session,
    prepared: PreparedFixes,
    done: Sequence[FixDone],
    report: AuditReport,
    least: Severity | None,
    *,
    outcome: str = "done",
) -> Exit:
    if session.as_json:
        from mcpinstall.cli import json_fix
        from mcpinstall.cli.reports import audit_fields

        session.answer(
            outcome=outcome,
            **json_fix.write(prepared, _diffs(prepared.files), done),
            audit=audit_fields.write(report, least),
        )
    elif outcome != "planned":
        show_report(session, report, "text")
    return exit_status(report, least)
