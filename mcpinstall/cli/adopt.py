"""`mcpi adopt`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import ErrorCode, Exit, McpInstallError

if TYPE_CHECKING:
    from mcpinstall.cli.change import Answers
    from mcpinstall.model.plan import Request
    from mcpinstall.operations.adoption import Offer, Survey
    from mcpinstall.operations.audit import Wanted

_Names: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Servers as hosts name them; else a list."),
]
_Hosts: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--host", "-H", metavar="HOST", help="Only entries of this; repeatable."),
]
_Every: TypeAlias = Annotated[bool, typer.Option("--all", help="Every server that can be adopted.")]


def adopt(
    context: typer.Context,
    *,
    names: _Names = None,
    hosts: _Hosts = None,
    every: _Every = False,
    values: options.Settings = None,
    secret: options.SecretNames = None,
    secret_from_env: options.SecretsFromEnvironment = None,
    python: options.Python = None,
    allow: options.Allow = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    expect_digest: options.Digest = None,
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Let servers that hosts fetch at each start be started from verified files instead.

    Without names, lists what every host starts, and asks.  An entry keeps its name, its place,
    its arguments and its variables; only what starts it changes, after a plan and a question.
    """
    from mcpinstall.cli import change, render_adopt
    from mcpinstall.model.plan import Request
    from mcpinstall.operations import adoption

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    answers = change.Answers(yes=yes, dry_run=dry_run, expected_digest=expect_digest)
    _require_names(names or [], answers, every=every)
    only_looks = not (names or every) and (as_json or not change.may_ask(session, answers))
    state = session.looking if only_looks else session.context
    found = adoption.survey(tuple(hosts or ()), state)
    base = Request(
        names=(),
        settings=(*options.settings(values), *options.secrets(secret, secret_from_env)),
        python=python,
        allow=options.allowances(allow),
        offline=offline,
        unattended=change.unattended(session, answers),
    )
    if not names and not every:
        if session.as_json:
            return _listed(session, found)
        session.ui.data(render_adopt.listing(found, session.ui.data_width))
        if not change.may_ask(session, answers):
            session.ui.say(render_adopt.how(found, session.ui.width))
            return Exit.COULD_NOT if found.unread else Exit.DONE
        chosen = _asked(session, found)
    else:
        chosen = found.offered if every else tuple(_named(one, found) for one in names or [])
        session.ui.say(render_adopt.left(found if every else None, session.ui.width))
    if not chosen:
        session.ui.note("nothing to adopt")
        return Exit.DONE
    return _each(session, chosen, base, answers)


def of_audit(session: Session, wanted: Wanted, answers: Answers) -> int:
    """Adopt what an audit finds to be fetched anew at each start, as far as that can be.

    Returns:
        The exit status of the first that was refused, of several.

    Raises:
        McpInstallError: as the adoption of a single server; of several, nothing.
    """
    from mcpinstall.cli import change, render_adopt
    from mcpinstall.model.plan import Request
    from mcpinstall.operations import adoption

    found = adoption.unpinned(wanted, session.context)
    session.ui.say(render_adopt.left(found, session.ui.width))
    base = Request(names=(), unattended=change.unattended(session, answers))
    return _each(session, found.offered, base, answers) if found.offered else Exit.DONE


def _require_names(names: Sequence[str], answers: Answers, *, every: bool) -> None:
    if names and every:
        raise McpInstallError(ErrorCode.USAGE, "`--all` stands without names")
    if not names and not every and (answers.yes or answers.dry_run or answers.expected_digest):
        raise McpInstallError(
            ErrorCode.USAGE,
            "which servers are meant is not said",
            hint="name them, or add `--all`; `mcpi adopt` alone lists them",
        )
    if answers.expected_digest and len(names) != 1:
        raise McpInstallError(ErrorCode.USAGE, "`--expect-digest` is for one plan: name one server")


def _listed(session: Session, found: Survey) -> int:
    from mcpinstall.cli import json_adopt

    session.answer(**json_adopt.survey(found))
    return Exit.COULD_NOT if found.unread else Exit.DONE


def _named(name: str, found: Survey) -> Offer:
    """Return the one offer of a name.

    Raises:
        McpInstallError: `not-found`, `not-adoptable`, `name-ambiguous`.
    """
    from mcpinstall.cli import render_adopt
    from mcpinstall.operations.adoption import Standing

    there = [one for one in found.offers if one.name == name]
    offered = [one for one in there if one.standing is Standing.OFFERED]
    if len(offered) == 1:
        return offered[0]
    if offered:
        raise McpInstallError(
            ErrorCode.NAME_AMBIGUOUS,
            f"`{name}` starts different things in {render_adopt.hosts_of(offered)}",
            hint="say which is meant: `--host HOST`",
        )
    if not there:
        raise McpInstallError(
            ErrorCode.NOT_FOUND,
            f"no host's file has a server named `{name[:100]}`",
            hint="`mcpi adopt` lists what hosts start",
        )
    if there[0].standing is Standing.MANAGED:
        raise McpInstallError(
            ErrorCode.NOT_ADOPTABLE,
            f"`{name}` is managed by mcpi already",
            hint=f"`mcpi why {name}` says where it comes from",
        )
    raise McpInstallError(
        ErrorCode.NOT_ADOPTABLE, f"`{name[:100]}` can't be adopted: {there[0].why_not}"
    )


def _asked(session: Session, found: Survey) -> tuple[Offer, ...]:
    """Return what the person chooses of the list; nothing after an empty answer."""
    from mcpinstall.cli.layout import wrapped

    offered = found.offered
    if not offered:
        return ()
    while True:
        answer = session.ui.ask("Adopt which? Numbers such as `1 3`, `all`, or Enter for none:")
        words = answer.lower().replace(",", " ").split()
        if not words or words in (["n"], ["no"], ["none"]):
            return ()
        if words == ["all"]:
            return offered
        numbers = [int(word) for word in words if word.isdecimal() and len(word) < 6]
        if len(numbers) == len(words) and all(1 <= one <= len(offered) for one in numbers):
            return tuple(offered[one - 1] for one in dict.fromkeys(numbers))
        text = f"type numbers from 1 to {len(offered)}"
        session.ui.insist(wrapped(f"  {text}", session.ui.width, "  "))


def _each(session: Session, chosen: Sequence[Offer], base: Request, answers: Answers) -> int:
    """Carry out one plan after the other; a refusal of one stops none of the others."""
    if len(chosen) == 1:
        return _one(session, chosen[0], base, answers)
    if base.settings:
        raise McpInstallError(
            ErrorCode.USAGE,
            "inputs are those of one server, but several are to be adopted",
            hint="name one server at a time",
        )
    if session.as_json:
        raise McpInstallError(
            ErrorCode.USAGE, "`--json` answers for one plan", hint="name one server at a time"
        )
    status: int = Exit.DONE
    for offer in chosen:
        try:
            _one(session, offer, base, answers)
        except McpInstallError as error:
            from mcpinstall.cli import render_error

            width = session.ui.error_width
            session.ui.insist(render_error.error(error, session.command, width, changed=False))
            session.ui.note(f"`{offer.name}` stays as it is")
            status = status or error.code.exit_status
    return status


def _one(session: Session, offer: Offer, base: Request, answers: Answers) -> int:
    from mcpinstall.cli import change, dialog
    from mcpinstall.operations import adoption
    from mcpinstall.operations import install as operation

    request = adoption.request(offer, base)
    if change.may_ask(session, answers):
        state = session.context
        request = dialog.completed(session.ui, request, lambda one: operation.draft(one, state))
    may_act = change.may_act(session, answers)
    return change.install_asking_again(
        session, lambda state: adoption.prepare(request, state, stage=may_act), answers
    )
