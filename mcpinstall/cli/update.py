"""`mcpi update`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit, McpInstallError

if TYPE_CHECKING:
    from mcpinstall.cli import change
    from mcpinstall.model.plan import Request
    from mcpinstall.operations.update import Selection


def update(
    context: typer.Context,
    *,
    names: options.Installed = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="VERSION", help="Exactly this version; it is pinned then."),
    ] = None,
    values: options.Settings = None,
    python: options.Python = None,
    allow: options.Allow = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    expect_digest: options.Digest = None,
    offline: options.Offline = False,
    secret: options.SecretNames = None,
    secret_from_env: options.SecretsFromEnvironment = None,
    plaintext_secrets: options.Plaintext = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Put newer versions in the place of installed ones; show what changed, ask once.

    Each server is asked for where it came from, and nowhere else.  Without names: all but those
    that are held or pinned.  `mcpi rollback` goes back.
    """
    from mcpinstall.cli import change, dialog, json_update, render_update
    from mcpinstall.model.plan import Request
    from mcpinstall.operations import update as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    answers = change.Answers(yes=yes, dry_run=dry_run, expected_digest=expect_digest)
    request = Request(
        names=(),
        settings=(*options.settings(values), *options.secrets(secret, secret_from_env)),
        python=python,
        allow=options.allowances(allow),
        offline=offline,
        plaintext_secrets=plaintext_secrets,
        unattended=change.unattended(session, answers),
    )
    with session.working() as state:
        selection = operation.select(names or (), to, request, state)
    session.ui.insist(render_update.kept(selection.kept, session.ui.width))
    session.also = {"replaced": [], "kept": json_update.kept(selection.kept)}
    if not selection.targets:
        return _nothing(session, selection, request, answers)
    if change.may_ask(session, answers):
        request = dialog.completed(
            session.ui, request, lambda asked: operation.draft(selection, asked, session.context)
        )
    status = _carried_out(session, selection, request, answers)
    session.ui.insist(render_update.unfinished(selection.kept, session.ui.width))
    return status if selection.is_complete else Exit.COULD_NOT


def _carried_out(
    session: Session, selection: Selection, request: Request, answers: change.Answers
) -> int:
    """Show, ask and commit; once more where tools differ that nobody could tell before."""
    from mcpinstall.cli import change, json_update, render_update
    from mcpinstall.operations import update as operation

    while True:
        try:
            with session.working() as state:
                prepared = operation.prepare(
                    selection, request, state, stage=change.may_act(session, answers)
                )
            replaced = [json_update.replacement(one) for one in prepared.replacements]
            session.also["replaced"] = replaced
            return change.carry_out(session, prepared, answers)
        except McpInstallError as error:
            found = None
            if error.code is ErrorCode.TOOLS_CHANGED and change.may_ask(session, answers):
                found = operation.with_seen_tools(selection, session.context)
            if found is None:
                _tell_of_others(error, selection)
                raise
            selection = found
            session.ui.insist(render_update.other_tools(error, session.ui.width))


def _tell_of_others(error: McpInstallError, selection: Selection) -> None:
    """Say that one server stopped all, and how the others are moved."""
    count = len(selection.targets)
    if count > 1 and error.code.exit_status in (Exit.REFUSED, Exit.COULD_NOT):
        others = f"none of {count} servers was moved: `mcpi update NAME` moves one of them"
        error.hint = "; ".join(filter(None, (error.hint, others)))


def _nothing(
    session: Session, selection: Selection, request: Request, answers: change.Answers
) -> int:
    """Say that no server has anything newer to take, or that nobody could tell."""
    from mcpinstall.cli import render_done, render_update
    from mcpinstall.operations import update as operation

    session.ui.say(render_update.nothing(selection.kept, session.ui.width))
    pinned = () if answers.dry_run else operation.pin_kept(selection, session.context)
    session.ui.say(render_done.pinned(pinned, session.ui.width))
    if request.settings:
        session.ui.note("`--set` was not used; `mcpi configure NAME --set KEY=VALUE` sets inputs")
    session.ui.insist(render_update.unfinished(selection.kept, session.ui.width))
    if session.as_json:
        names = [one.entry_name for one in pinned]
        session.answer(outcome="nothing-to-do", pinned=names)
    return Exit.DONE if selection.is_complete else Exit.COULD_NOT
