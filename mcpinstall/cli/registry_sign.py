"""`mcpi registry sign`: one holder's signature under a change that is staged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.registry_owner import Signers
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcpinstall.cli.layout import Line, Screen
    from mcpinstall.operations.registry_signing import Signed, Waiting
    from mcpinstall.registries.tuf_changes import RoleChange

_MOST_LINES = 200
"""Of one role on the screen; `--json` has all."""


def sign(
    context: typer.Context,
    *,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The registry.")],
    keys: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE", help="Key to sign with; none: only show it."),
    ] = None,
    signers: Signers = None,
    expect_digest: Annotated[
        str | None,
        typer.Option("--expect-digest", metavar="SHA256", help="Refuse another change than this."),
    ] = None,
    yes: options.Yes = False,
    stdin: Annotated[
        bool, typer.Option("--passphrase-stdin", help="Read one passphrase from standard input.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Show what a staged change does, and sign it; the last signature makes it live.

    The digest is the same for every holder: compare it with the others.  Without a person it is
    given: `--yes --expect-digest SHA256`.
    """
    from mcpinstall.cli.registry_owner import elsewhere, passphrases
    from mcpinstall.operations import registry_signing

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    wanted = registry_signing.waiting(folder, session.context)
    held = (*(keys or ()), *elsewhere(signers))
    if not held:
        session.ui.say(_screen(wanted, session.ui.width))
        _answer(session, wanted, None)
        return Exit.DONE
    _agree(session, wanted, expect_digest, yes=yes)
    ask = passphrases(session, stdin=stdin)
    done = registry_signing.sign(wanted, held, ask, session.context)
    session.ui.say(_done(done, session.ui.width))
    _answer(session, wanted, done)
    return Exit.DONE


def _agree(session: Session, wanted: Waiting, expected: str | None, *, yes: bool) -> None:
    """Have the change confirmed: its digest given in advance, or read and answered."""
    from mcpinstall.cli import change, dialog
    from mcpinstall.errors import ErrorCode, McpInstallError

    if expected is not None and change.bare(expected) != wanted.digest:
        raise McpInstallError(
            ErrorCode.DIGEST_MISMATCH,
            "what waits is not the change that was expected",
            hint=f"expected sha256 `{change.bare(expected)}`, got `{wanted.digest}`",
        )
    if yes and expected is None:
        raise McpInstallError(
            ErrorCode.CONSENT_UNAVAILABLE,
            "`--yes` alone does not answer for a signature",
            hint=f"add `--expect-digest {wanted.digest}` once you know what it changes",
        )
    screen = _screen(wanted, session.ui.width)
    if yes:
        session.ui.say(screen)
        return
    change.require_person(session)
    session.ui.insist(screen)
    dialog.consent(session.ui, dialog.Asked(text="Sign it?"))


def _screen(wanted: Waiting, width: int) -> Screen:
    from mcpinstall.cli.layout import BLANK, Tone, broken

    rows: list[Line] = []
    for one in wanted.changes:
        rows += _role(one, width)
    rows += [*broken(f"sha256:{wanted.digest}", width, "", Tone.FAINT), BLANK]
    return (*rows, *_missing(wanted.missing, width))


def _role(one: RoleChange, width: int) -> Screen:
    from mcpinstall.cli.layout import BLANK, CONTINUED, Tone, wrapped

    rows: list[Line] = [*wrapped(f"{one.role} {one.version}", width, CONTINUED, Tone.NAME)]
    for text in one.lines[:_MOST_LINES]:
        rows += wrapped(f"  {text}", width, CONTINUED)
    if (left := len(one.lines) - _MOST_LINES) > 0:
        rows += wrapped(f"  and {left} more lines: `--json` has all", width, "    ")
    by = ", ".join(key[:16] for key in one.signed) or "nobody"
    rows += wrapped(f"  signed by {by}; needs {one.threshold} of {len(one.keys)}", width, "    ")
    return (*rows, BLANK)


def _missing(missing: Mapping[str, tuple[str, ...]], width: int) -> Screen:
    from mcpinstall.cli.layout import CONTINUED, wrapped

    rows: list[Line] = []
    for name, keys in missing.items():
        wanted = ", ".join(key[:16] for key in keys)
        rows += wrapped(f"{name} waits for: {wanted}", width, CONTINUED)
    return tuple(rows)


def _done(done: Signed, width: int) -> Screen:
    from mcpinstall.cli.layout import wrapped

    rows: list[Line] = []
    if done.roles:
        rows += wrapped(f"signed: {', '.join(done.roles)}", width, "  ")
    if done.missing:
        return (*rows, *_missing(done.missing, width))
    state = f"state {done.state}" if done.state is not None else "the first root"
    return (*rows, *wrapped(f"live: {state}", width, "  "))


def _answer(session: Session, wanted: Waiting, done: Signed | None) -> None:
    if not session.as_json:
        return
    missing = wanted.missing if done is None else done.missing
    session.answer(
        outcome="staged" if missing else "done",
        sha256=wanted.digest,
        changes=[
            {"role": one.role, "version": one.version, "lines": list(one.lines)}
            for one in wanted.changes
        ],
        signed=list(done.roles) if done is not None else [],
        missing={name: list(keys) for name, keys in missing.items()},
        state=done.state if done is not None else None,
    )
