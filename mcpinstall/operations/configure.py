"""Configure: give an installed server other inputs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import SecretPlace
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.secret import Secret
from mcpinstall.operations import direct, host_files, install, lookup
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Draft, Prepared
from mcpinstall.planning.inputs import KEEPING

_KEPT = {place: text for text, place in KEEPING.items()}
_IN_KEYRING = _KEPT[SecretPlace.KEYRING]


def draft(name: str, request: Request, context: Context) -> Draft:
    """Return the draft with the new inputs laid over those that the receipt keeps.

    Raises:
        McpInstallError: `not-installed`, `input-unknown` …
    """
    return install.draft(_merged(lookup.installed(name, context), request, context), context)


def prepare(name: str, request: Request, context: Context, *, stage: bool = True) -> Prepared:
    """Decide and check as `install.prepare` does; every host that has the entry gets the new one.

    Raises:
        McpInstallError: `not-installed`, `input-missing` …
    """
    merged = _merged(lookup.installed(name, context), request, context)
    return install.prepare(merged, context, stage=stage, action="configure")


def _merged(receipt: Receipt, request: Request, context: Context) -> Request:
    given = {_input_name(key, receipt) for key, _ in request.settings}
    require_secrets(receipt, given)
    moved = _moved(receipt, request, context)
    return replace(
        request,
        names=(lookup.spec_of(receipt),),
        hosts=(*receipt.hosts, *request.hosts),
        settings=(*settings_kept(receipt, given), *request.settings),
        entry_name=receipt.entry_name,
        secrets=(*moved, *request.secrets),
        transport=request.transport or receipt.transport,
        headers=request.headers or direct.own_headers(receipt),
        extra_arguments=request.extra_arguments or receipt.extra_arguments,
        print_only=request.print_only or not receipt.hosts,
    )


def settings_kept(receipt: Receipt, given: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return what `--set` would have to say so that the other inputs stay as they are."""
    return tuple(
        (value.name, text)
        for value in receipt.inputs
        if value.source == "user" and value.name not in given and (text := _as_setting(value))
    )


def _as_setting(value: InputValue) -> str:
    """Return what `--set` would have to say for an input that stays as it is."""
    if value.place in _KEPT:
        return _KEPT[value.place]
    return f"env:{value.reference}" if value.reference else value.value or ""


def _moved(receipt: Receipt, request: Request, context: Context) -> tuple[tuple[str, Secret], ...]:
    """Return the secrets in clear text that are to move into the keyring: nobody types them again.

    What counts is what stands in the hosts' files now.  Where hosts differ, nobody but the
    person knows which one is right, and is asked.
    """
    wanted = {_input_name(key, receipt) for key, text in request.settings if text == _IN_KEYRING}
    clear = {value.name for value in receipt.inputs if value.place is SecretPlace.CLEAR}
    typed = {_input_name(key, receipt) for key, _ in request.secrets}
    names = wanted & clear - typed
    files = [host_files.read(hosts.find_rows(row), context) for row in receipt.hosts if names]
    found = {
        name: {hosts.clear_text(file, receipt.entry_name, name) for file in files}
        for name in sorted(names)
    }
    return tuple(
        (name, Secret(text))
        for name, texts in found.items()
        if len(texts) == 1 and (text := texts.pop())
    )


def _input_name(key: str, receipt: Receipt) -> str:
    """Return the input that `KEY` or `SERVER.KEY` means; an input's own name may hold a dot."""
    if key in {value.name for value in receipt.inputs}:
        return key
    return key.removeprefix(f"{receipt.entry_name}.")


def require_secrets(receipt: Receipt, given: Collection[str]) -> None:
    """Refuse to go on without a secret in clear text: receipts don't keep it.

    Raises:
        McpInstallError: `input-missing`, naming the flag.
    """
    for value in receipt.inputs:
        unknown = value.place in (None, SecretPlace.CLEAR) and not value.reference
        if value.secret and unknown and value.name not in given:
            raise McpInstallError(
                ErrorCode.INPUT_MISSING,
                f"`{value.name}` was given in clear text, which is kept in the hosts' files only",
                hint=f"`--secret {value.name}` moves it into the keyring, `--secret-from-env "
                f"{value.name}=VARIABLE` refers to a variable of yours; or give it again: "
                f"`--set {value.name}=…` with `--plaintext-secrets`",
            )
