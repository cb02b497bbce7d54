"""`mcpi install`."""

from __future__ import annotations

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session


def install(
    context: typer.Context,
    *,
    names: options.Servers,
    hosts: options.Hosts = None,
    values: options.Settings = None,
    entry_name: options.EntryName = None,
    python: options.Python = None,
    transport: options.Transport = None,
    headers: options.Headers = None,
    lock: options.LockFile = None,
    print_only: options.PrintOnly = False,
    replace: options.Replace = False,
    strip_bom: options.StripBom = False,
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
    """Verify servers, show one plan, ask one question, install, add them to hosts.

    Arguments after `--` go to the server; they are shown as not reviewed.
    """
    from mcpinstall.cli import change, dialog
    from mcpinstall.model.plan import Request
    from mcpinstall.operations import install as operation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    answers = change.Answers(yes=yes, dry_run=dry_run, expected_digest=expect_digest)
    request = Request(
        names=tuple(names),
        hosts=tuple(hosts or ()),
        settings=(*options.settings(values), *options.secrets(secret, secret_from_env)),
        entry_name=entry_name,
        python=python,
        transport=transport,
        headers=tuple(headers or ()),
        lock_file=lock,
        extra_arguments=session.extra_arguments,
        allow=options.allowances(allow),
        plaintext_secrets=plaintext_secrets,
        offline=offline, print_only=print_only, replace=replace, strip_bom=strip_bom,
        unattended=change.unattended(session, answers),
    )  # fmt: skip
    if change.may_ask(session, answers):
        state = session.context
        request = dialog.completed(session.ui, request, lambda one: operation.draft(one, state))
    may_act = change.may_act(session, answers)
    return change.install_asking_again(
        session, lambda state: operation.prepare(request, state, stage=may_act), answers
    )
