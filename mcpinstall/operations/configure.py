"""Configure: give an installed server other inputs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import install, lookup
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Draft, Prepared


def draft(name: str, request: Request, context: Context) -> Draft:
    """Return the draft with the new inputs laid over those that the receipt keeps.

    Raises:
        McpInstallError: `not-installed`, `input-unknown` …
    """
    return install.draft(_merged(lookup.installed(name, context), request), context)


def prepare(name: str, request: Request, context: Context, *, stage: bool = True) -> Prepared:
    """Decide and check as `install.prepare` does; every host that has the entry gets the new one.

    Raises:
        McpInstallError: `not-installed`, `input-missing` …
    """
    merged = _merged(lookup.installed(name, context), request)
    return install.prepare(merged, context, stage=stage, action="configure")


def _merged(receipt: Receipt, request: Request) -> Request:
    given = {_input_name(key, receipt) for key, _ in request.settings}
    _require_secrets(receipt, given)
    kept = tuple(
        (value.name, f"env:{value.reference}" if value.reference else value.value or "")
        for value in receipt.inputs
        if value.source == "user" and value.name not in given and (value.reference or value.value)
    )
    return replace(
        request,
        names=(lookup.spec_of(receipt),),
        hosts=(*receipt.hosts, *request.hosts),
        settings=(*kept, *request.settings),
        entry_name=receipt.entry_name,
        extra_arguments=request.extra_arguments or receipt.extra_arguments,
        print_only=request.print_only or not receipt.hosts,
    )


def _input_name(key: str, receipt: Receipt) -> str:
    """Return the input that `KEY` or `SERVER.KEY` means; an input's own name may hold a dot."""
    if key in {value.name for value in receipt.inputs}:
        return key
    return key.removeprefix(f"{receipt.entry_name}.")


def _require_secrets(receipt: Receipt, given: Collection[str]) -> None:
    """Refuse to go on without a secret in clear text: receipts don't keep it.

    Raises:
        McpInstallError: `input-missing`, naming the flag.
    """
    for value in receipt.inputs:
        if value.secret and not value.reference and value.name not in given:
            raise McpInstallError(
                ErrorCode.INPUT_MISSING,
                f"`{value.name}` was given in clear text, which is kept in the hosts' files only",
                hint=f"give it again: `--set {value.name}=…` with `--plaintext-secrets`, or "
                f"`--set {value.name}=env:{value.name}` to refer to a variable of yours",
            )
