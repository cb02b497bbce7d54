"""`mcpi manifest sign`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit

if TYPE_CHECKING:
    from mcpinstall.cli.layout import Line, Screen
    from mcpinstall.operations.manifest_signing import Signed, ToSign


def sign(
    context: typer.Context,
    *,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A registry's folder, or one `manifest.toml`.")
    ],
    trust_config: Annotated[
        Path | None,
        typer.Option("--trust-config", metavar="FILE", help="A private Sigstore instance instead."),
    ] = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Sign a registry, or the review in one manifest, as whoever you are to Sigstore.

    In CI it is the job's own identity; on a desktop a browser opens for you to log in.  Everything
    that is signed is checked first.  No key is kept.
    """
    from mcpinstall.cli import change, dialog
    from mcpinstall.operations import manifest_signing

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    wanted = manifest_signing.prepare(path, trust_config, session.context)
    if yes:
        session.ui.say(_screen(wanted, session.ui.width))
    else:
        change.require_person(session)
        session.ui.insist(_screen(wanted, session.ui.width))
        dialog.consent(session.ui, dialog.Asked(text="Sign it?"))
    with session.working(acting=True):
        done = manifest_signing.commit(wanted, browser=session.ui.interactive)
    session.ui.say(_done(done, session.ui.width))
    if session.as_json:
        session.answer(
            outcome="done",
            file=str(done.target),
            identity=done.signed_by.identity,
            issuer=done.signed_by.issuer,
            sha256=wanted.subject.sha256,
            signatures=done.count,
        )
    return Exit.DONE


def _screen(wanted: ToSign, width: int) -> Screen:
    from mcpinstall.cli.layout import BLANK, Tone, broken, wrapped

    rows: list[Line] = [*broken(str(wanted.path), width, "", Tone.NAME)]
    for fact in wanted.facts:
        rows += wrapped(f"  {fact}", width, "    ")
    rows += [*broken(f"sha256:{wanted.subject.sha256}", width, "  ", Tone.FAINT), BLANK]
    said = "Your signature vouches for these very bytes."
    if wanted.public:
        said += (
            " Your identity (an e-mail address, or a workflow) and the digest then stand in a "
            "public log that forgets nothing."
        )
    return (*rows, *wrapped(said, width))


def _done(done: Signed, width: int) -> Screen:
    from mcpinstall.cli import words
    from mcpinstall.cli.layout import broken, wrapped

    who = done.signed_by
    return (
        *wrapped(f"signed by {who.identity} ({who.issuer})", width, "  "),
        *broken(f"{done.target}: {words.count(done.count, 'signature')}", width, "  "),
    )
