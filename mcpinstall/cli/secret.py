"""`mcpi secret set`, `list`, `remove`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session

_Entry = Annotated[str, typer.Argument(metavar="ENTRY", help="Entry, as `mcpi list` shows it.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the secret, such as `TOKEN`.")]


def store(
    context: typer.Context,
    *,
    entry: _Entry,
    name: _Name,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the secret from standard input.")
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Keep a secret of an installed server in the keyring, in the place of the old one.

    It is asked for unseen, or read from standard input; it is never an argument.
    """
    from mcpinstall.cli import dialog
    from mcpinstall.errors import ErrorCode, McpInstallError
    from mcpinstall.model.secret import Secret
    from mcpinstall.operations import secret_store

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    secret_store.account(entry, name, session.context)
    if stdin:
        text = from_standard_input()
    elif session.ui.interactive:
        text = dialog.hidden(session.ui, f"{name} of {entry}:")
    else:
        raise McpInstallError(
            ErrorCode.INPUT_MISSING,
            "there is no terminal to ask for the secret at",
            hint="give it on standard input: `--stdin`",
        )
    if not text or (fault := dialog.secret_fault(text)):
        why = fault if text else "it is empty"
        raise McpInstallError(ErrorCode.INPUT_INVALID, f"the secret can't be kept: {why}")
    found = secret_store.store(entry, name, Secret(text), session.context)
    session.ui.note(f"`{name}` of `{found}` is in the keyring")
    if session.as_json:
        session.answer(outcome="done", entry=found, name=name)
    return 0


def from_standard_input() -> str:
    """Return standard input as text, without the line end that `echo` puts behind it."""
    from mcpinstall.cli import dialog
    from mcpinstall.errors import ErrorCode, McpInstallError

    try:
        data = sys.stdin.buffer.read(4 * dialog.MOST_SECRET)
        return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError):
        raise McpInstallError(
            ErrorCode.INPUT_INVALID, "standard input can't be read as UTF-8"
        ) from None


def listed(
    context: typer.Context,
    *,
    entries: Annotated[
        list[str] | None, typer.Argument(metavar="[ENTRY]...", help="Entries; all without any.")
    ] = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """List the secrets of installed servers and where each one is, never a secret itself."""
    from mcpinstall.cli import json_output, render_lists
    from mcpinstall.operations import secret_store

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    states = secret_store.states(tuple(entries or ()), session.context)
    if session.as_json:
        session.answer(secrets=[json_output.secret(state) for state in states])
    elif states:
        session.ui.data(render_lists.secrets(states, session.ui.data_width))
    else:
        session.ui.note("no installed server has a secret")
    return 0


def remove(
    context: typer.Context,
    *,
    entry: _Entry,
    name: _Name,
    yes: options.Yes = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Take a secret out of the keyring; the server does not start without it.

    `mcpi uninstall` does that by itself.
    """
    from mcpinstall.cli import change, dialog
    from mcpinstall.operations import secret_store

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    found, _ = secret_store.account(entry, name, session.context)
    if not yes:
        change.require_person(session)
        dialog.consent(
            session.ui, dialog.Asked(text=f"Take `{name}` of `{found}` out of the keyring?")
        )
    gone = secret_store.remove(entry, name, session.context)
    fact = "is out of the keyring" if gone else "was not in the keyring"
    session.ui.note(f"`{name}` of `{found}` {fact}")
    if session.as_json:
        session.answer(outcome="done" if gone else "nothing-to-do", entry=found, name=name)
    return 0
