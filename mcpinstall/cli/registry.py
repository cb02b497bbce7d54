"""`mcpi registry add`, `remove`, `list`, `refresh`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session

if TYPE_CHECKING:
    from mcpinstall.model.registry import RegistryState
    from mcpinstall.operations.registry_sources import Candidate, Listed

_Name = Annotated[str, typer.Argument(metavar="NAME", help="Your name for it.")]


def add(
    context: typer.Context,
    *,
    name: _Name,
    where: Annotated[
        str, typer.Argument(metavar="WHERE", help="Its https address, or an absolute folder.")
    ],
    root: Annotated[Path, typer.Option("--root", metavar="FILE", help="Its root, from its owner.")],
    expect_root: Annotated[
        str | None,
        typer.Option("--expect-root", metavar="SHA256", help="Refuse a root with another digest."),
    ] = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Trust a TUF registry; its servers are then named `NAME:SERVER`.

    Its root is shown with its digest, which its owner must have told you in another way.
    Without a person the digest is given: `--yes --expect-root SHA256`.
    """
    from mcpinstall.operations import registry_sources

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    found = registry_sources.candidate(name, where, root, session.context)
    _agree(session, found, expect_root, yes=yes)
    with session.working(acting=True):
        state = registry_sources.add(found, session.context)
    session.ui.note(f"`{name}` is trusted: {state.check.evidence}")
    if session.as_json:
        session.answer(outcome="done", registry=_state(state))
    return 0


def _agree(session: Session, found: Candidate, expected: str | None, *, yes: bool) -> None:
    """Have the root's digest confirmed: typed in advance, or read and answered."""
    from mcpinstall.cli import change, dialog
    from mcpinstall.cli.layout import line, wrapped
    from mcpinstall.errors import ErrorCode, McpInstallError

    facts = found.facts
    if expected is not None and change.bare(expected) != facts.sha256:
        raise McpInstallError(
            ErrorCode.DIGEST_MISMATCH,
            "the root is not the one that was expected",
            hint=f"expected sha256 `{change.bare(expected)}`, got `{facts.sha256}`",
        )
    width = session.ui.width
    lines = [
        line(f"Registry {found.source.name}"),
        *wrapped(f"at      {found.source.base}", width, "  "),
        *wrapped(f"root    sha256:{facts.sha256}", width, "  "),
        *wrapped(f"        version {facts.version}, expires {facts.expires:%Y-%m-%d}", width, "  "),
        *wrapped(f"signed  by {facts.threshold} of {len(facts.keys)} keys", width, "  "),
        *wrapped(
            "Whoever holds these keys decides what is reviewed. Compare the digest with what the "
            "owner published elsewhere.", width,
        ),
    ]  # fmt: skip
    if yes and expected is None:
        raise McpInstallError(
            ErrorCode.CONSENT_UNAVAILABLE,
            "`--yes` alone does not answer for a root",
            hint=f"add `--expect-root {facts.sha256}` once you know that it is the right one",
        )
    if yes:
        session.ui.say(lines)
        return
    change.require_person(session)
    session.ui.insist(lines)
    dialog.consent(session.ui, dialog.Asked(text=f"Trust `{found.source.name}` with this root?"))


def remove(
    context: typer.Context,
    *,
    name: _Name,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Trust a registry no more; its installed servers stay and keep running.

    What was seen of it stays remembered, so that adding it again can't roll it back.
    """
    from mcpinstall.operations import registry_sources

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    registry_sources.remove(name, session.context)
    session.ui.note(f"`{name}` is not a registry any more")
    if session.as_json:
        session.answer(outcome="done", name=name)
    return 0


def listed(
    context: typer.Context,
    *,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """List the registries and what was saved of each; none is asked."""
    from mcpinstall.cli.layout import table
    from mcpinstall.operations import registry_sources

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    rows = registry_sources.listed(session.context)
    if session.as_json:
        session.answer(registries=[_row(row) for row in rows])
        return 0
    session.ui.data(
        table(
            ("name", "kind", "where", "state"),
            [(row.name, row.kind, row.where, _words(row)) for row in rows],
            session.ui.data_width,
        )
    )
    return 0


def refresh(
    context: typer.Context,
    *,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Registries; all without any.")
    ] = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Read the registries of your configuration now, and what they revoke.

    TUF registries are asked; one that can't be reached or has expired is an error.
    """
    from mcpinstall.operations import registry_sources

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    with session.working():
        states = registry_sources.refresh(tuple(names or ()), session.context)
    for state in states:
        session.ui.note(f"`{state.name}`: {state.check.evidence}")
    if not states:
        session.ui.note("no registry is configured")
    if session.as_json:
        session.answer(registries=[_state(state) for state in states])
    return 0


def _words(row: Listed) -> str:
    if row.state is not None:
        return row.state.check.evidence
    return row.problem or "describes servers and vouches for none; asked for `mcp:NAME`"


def _row(row: Listed) -> dict[str, object]:
    return {
        "name": row.name,
        "kind": row.kind,
        "where": row.where or None,
        "root": row.root or None,
        "problem": row.problem or None,
        "state": None if row.state is None else _state(row.state),
    }


def _state(state: RegistryState) -> dict[str, object]:
    return {
        "name": state.name,
        "root": state.root_digest,
        "serial": state.serial,
        "issued": state.issued.isoformat(),
        "expires": state.expires.isoformat(),
        "stale": state.stale,
        "check": str(state.check.outcome),
        "evidence": state.check.evidence,
    }
