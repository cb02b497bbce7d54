"""From a prepared change over its screen and question to what comes after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcpinstall.cli import dialog, json_output, render_diff, render_done, render_plan
from mcpinstall.cli.layout import BLANK, Screen
from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.cli.render_plan import View
from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit, McpInstallError
from mcpinstall.model.host import HostChange
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.registry import ReviewState
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Done, Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the command line already answers."""

    yes: bool = False
    dry_run: bool = False
    expected_digest: str | None = None


def may_ask(session: Session, answers: Answers) -> bool:
    """Tell whether there is a person who answers questions."""
    return session.ui.interactive and not answers.yes


def unattended(session: Session, answers: Answers) -> bool:
    """Tell whether the yes would come from nobody who reads the screen."""
    return not answers.dry_run and not may_ask(session, answers)


def may_act(session: Session, answers: Answers) -> bool:
    """Tell whether a change can follow, so that its environments are worth building."""
    return not answers.dry_run and (answers.yes or session.ui.interactive)


def diffs(changes: Sequence[HostChange]) -> tuple[FileDiff, ...]:
    """Return each change with its redacted diff."""
    return tuple(diff(change) for change in changes)


def diff(change: HostChange, plain: frozenset[str] = frozenset()) -> FileDiff:
    """Return a change with its redacted diff, which shows the texts in `plain`.

    Names are shown; where somebody pasted a secret in the place of one, it is masked.
    """
    from mcpinstall import hosts
    from mcpinstall.model.secret_forms import masked

    return FileDiff(change=change, lines=tuple(map(masked, hosts.diff(change, plain))))


def view(session: Session, answers: Answers) -> View:
    """Return how this session's screen looks."""
    return View(
        asking=not (answers.yes or answers.dry_run),
        width=session.ui.width,
        height=session.ui.height,
        home=session.home,
        verbose=session.ui.verbose,
    )


def look(shown: Sequence[FileDiff], seen: View) -> Callable[[], Screen] | None:
    """Return what the answer `d` shows; None when no file changes."""
    return (lambda: render_plan.all_diffs(shown, seen)) if shown else None


def carry_out(session: Session, prepared: Prepared, answers: Answers) -> int:
    """Show a plan, ask, and commit; or show it only.  What was staged never stays behind."""
    from mcpinstall.operations import commit

    try:
        require_expected(prepared.plan.digest, answers.expected_digest)
        if prepared.nothing_to_do and not prepared.print_rows:
            return _in_place(session, prepared, answers)
        shown = diffs(prepared.plan.changes)
        if answers.dry_run:
            return _planned(session, prepared, shown, view(session, answers))
        _consent(session, prepared, shown, answers)
        with session.working(acting=True) as context:
            done = commit.commit(prepared, context)
    finally:
        _discard(session, prepared)
    _finish(session, prepared, done)
    return Exit.DONE


def install_asking_again(
    session: Session, prepare: Callable[[Context], Prepared], answers: Answers
) -> int:
    """Show, ask and commit; once more where tools differ that nobody could tell before.

    What takes the place of another version is told beside the plan in JSON.
    """
    from mcpinstall.cli import json_update, render_update
    from mcpinstall.operations import seen_tools

    while True:
        with session.working() as state:
            prepared = prepare(state)
        if prepared.replacements:
            found = [json_update.replacement(one) for one in prepared.replacements]
            session.also["replaced"] = found
        try:
            return carry_out(session, prepared, answers)
        except McpInstallError as error:
            is_new = error.code is ErrorCode.TOOLS_CHANGED and may_ask(session, answers)
            if not (is_new and seen_tools.came_since(prepared, session.context)):
                raise
            session.ui.insist(render_update.other_tools(error, session.ui.width))


def _discard(session: Session, prepared: Prepared) -> None:
    """Take away what was staged; a build that is under way takes a moment."""
    from mcpinstall.operations import install

    with session.ui.progress.shown():
        if any(not future.done() for _, future in prepared.staged):
            session.ui.progress.step("taking away what was staged")
        install.discard(prepared)


def _in_place(session: Session, prepared: Prepared, answers: Answers) -> int:
    from mcpinstall.operations import holds

    session.ui.say(render_done.in_place(prepared, session.ui.width))
    session.ui.say(render_diff.skipped(prepared.skipped, session.ui.width))
    pinned = () if answers.dry_run or not prepared.holds else holds.pin(prepared, session.context)
    session.ui.say(render_done.pinned(pinned, session.ui.width))
    if session.as_json:
        names = [one.entry_name for one in pinned]
        session.answer(outcome="nothing-to-do", plan=json_output.plan(prepared, ()), pinned=names)
    elif answers.dry_run:
        session.ui.raw(f"sha256:{bare(prepared.plan.digest)}")
    return Exit.DONE


def _planned(session: Session, prepared: Prepared, shown: Sequence[FileDiff], seen: View) -> int:
    """Show the plan of a dry run; its digest is the data."""
    session.ui.say(render_plan.plan(prepared, shown, seen))
    session.ui.say(render_done.planned(session.ui.width, prepared.locks))
    if session.as_json:
        session.answer(outcome="planned", plan=json_output.plan(prepared, shown))
    else:
        session.ui.raw(f"sha256:{bare(prepared.plan.digest)}")
    return Exit.DONE


def _consent(
    session: Session, prepared: Prepared, shown: Sequence[FileDiff], answers: Answers
) -> None:
    """Return after a yes: typed, or given by `--yes` where that is enough.

    Raises:
        McpInstallError: `declined`, `consent-unavailable`, `registry-stale`.
    """
    seen = view(session, answers)
    screen = render_plan.plan(prepared, shown, seen)
    if answers.yes:
        session.ui.say(screen)
        require_unattended(prepared, answers)
        return
    require_person(session, _PLAN_FIRST)
    session.ui.insist(screen)
    unreviewed = [server.name for server in prepared.plan.servers if not _certified(server)]
    asked = dialog.Asked(
        text=render_plan.question(prepared, len(shown)),
        typed=tuple(dict.fromkeys(unreviewed)),
        diffs=look(shown, seen),
        checks=lambda: render_plan.all_checks(prepared.plan.checks, seen),
    )
    dialog.consent(session.ui, asked)


_PLAN_FIRST = "look at the plan with `--dry-run`, then answer it with `--yes`"


def require_person(session: Session, hint: str = "`--yes` answers it") -> None:
    """Refuse when there is nobody to ask.

    Raises:
        McpInstallError: `consent-unavailable`.
    """
    if not session.ui.interactive:
        raise McpInstallError(
            ErrorCode.CONSENT_UNAVAILABLE,
            "there is no terminal to ask the question at",
            hint=hint,
        )


def require_unattended(prepared: Prepared, answers: Answers) -> None:
    """Refuse a `--yes` that is not enough: an unreviewed server, a stale registry.

    Raises:
        McpInstallError: `consent-unavailable`, `registry-stale`.
    """
    allow, digest = prepared.request.allow, bare(prepared.plan.digest)
    for server in prepared.plan.servers:
        registry = server.reviewed.registry
        if not _certified(server) and not ("unreviewed" in allow and answers.expected_digest):
            raise McpInstallError(
                ErrorCode.CONSENT_UNAVAILABLE,
                f"`{server.name}` is not reviewed, and `--yes` alone does not answer for that",
                hint=f"add `--allow unreviewed --expect-digest sha256:{digest}`",
            )
        if registry.stale and "stale" not in allow:
            raise McpInstallError(
                ErrorCode.REGISTRY_STALE,
                render_plan.stale(registry),
                hint="update mcpinstall, or add `--allow stale`",
            )


def require_expected(digest: str, expected: str | None) -> None:
    """Refuse another plan than the one that was agreed to.

    Raises:
        McpInstallError: `plan-changed`, showing both digests.
    """
    if expected is not None and bare(expected) != bare(digest):
        raise McpInstallError(
            ErrorCode.PLAN_CHANGED,
            "the plan is not the one that was agreed to",
            hint=f"expected `sha256:{bare(expected)}`, got `sha256:{bare(digest)}`; "
            "look at the plan again with `--dry-run`",
        )


def bare(digest: str) -> str:
    """Return a digest's hexadecimal characters, without `sha256:`."""
    return digest.strip().lower().removeprefix("sha256:")


def _finish(session: Session, prepared: Prepared, done: Done) -> None:
    ui = session.ui
    ui.say(render_done.headline(prepared, done, ui.width))
    if session.as_json:
        session.answer(outcome="done", **json_output.done(done))
    for title, text in () if session.as_json else done.printed:
        ui.say((BLANK, *render_done.paste(title, prepared.print_rows, ui.width)))
        ui.raw(text)
    ui.say(render_done.following(prepared, done, ui.width))


# Removals --------------------------------------------------------------------------------------


def take_away(
    session: Session,
    screen: Screen,
    asked: dialog.Asked,
    commit: Callable[[Context], Done],
    answers: Answers,
) -> Done | None:
    """Show what uninstall or undo does, ask, and act; None for a dry run."""
    if answers.yes or answers.dry_run:
        session.ui.say(screen)
        if answers.dry_run:
            session.ui.say([BLANK, render_done.dry()])
            return None
    else:
        require_person(session, _PLAN_FIRST)
        session.ui.insist(screen)
        dialog.consent(session.ui, asked)
    with session.working(acting=True) as context:
        return commit(context)


def _certified(server: ServerPlan) -> bool:
    return server.reviewed.registry.review is ReviewState.CERTIFIED
