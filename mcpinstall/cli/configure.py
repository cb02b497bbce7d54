"""`mcpi configure`."""

from __future__ import annotations

from typing import Annotated

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session


def configure(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Installed server.")],
    values: options.Settings = None,
    hosts: options.Hosts = None,
    allow: options.Allow = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    expect_digest: options.Digest = None,
    secret: options.SecretNames = None,
    secret_from_env: options.SecretsFromEnvironment = None,
    plaintext_secrets: options.Plaintext = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Give an installed server other inputs, in every host that has it.

    Inputs that are not named keep their values.  Arguments after `--` replace the former ones.
    """
    from mcpinstall.cli import change, dialog
    from mcpinstall.model.plan import Request
    from mcpinstall.operations import configure as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    answers = change.Answers(yes=yes, dry_run=dry_run, expected_digest=expect_digest)
    request = Request(
        names=(),
        hosts=tuple(hosts or ()),
        settings=(*options.settings(values), *options.secrets(secret, secret_from_env)),
        extra_arguments=session.extra_arguments,
        allow=options.allowances(allow),
        plaintext_secrets=plaintext_secrets,
        unattended=change.unattended(session, answers),
    )
    if change.may_ask(session, answers):
        request = dialog.completed(
            session.ui, request, lambda asked: operation.draft(name, asked, session.context)
        )
    with session.working() as state:
        prepared = operation.prepare(name, request, state, stage=change.may_act(session, answers))
    return change.carry_out(session, prepared, answers)
