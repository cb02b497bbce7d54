"""`mcpi run`: become an installed server, with its secrets in the environment."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from typing import NoReturn

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import ServerEntry
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.server_inputs import PLACEHOLDER
from mcpinstall.operations import lookup
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import launcher
from mcpinstall.system.session_bus import LaunchError


def run(name: str, arguments: Sequence[str] | None, context: Context) -> NoReturn:
    """Start the server of an entry in the place of this process.

    `arguments` take the place of those that it was installed with; None leaves these.

    Raises:
        McpInstallError: `not-installed`, `not-supported-yet` for a remote server,
            `keyring-unavailable`, `keyring-locked`, `secret-missing`, `state-invalid`.
    """
    receipt = lookup.installed(name, context)
    if receipt.is_remote:
        raise McpInstallError(
            ErrorCode.NOT_SUPPORTED_YET,
            f"`{receipt.entry_name}` runs at `{receipt.url}`; there is nothing to start here",
            hint="hosts connect to it themselves",
        )
    home = environments.server_home(context.paths.servers, lookup.receipt_slug(receipt))
    entry = _entry(receipt, context)
    words = _own_arguments(receipt, entry) if arguments is None else list(arguments)
    os.environ.update(_variables(entry))
    try:
        launcher.launch(str(home), receipt.entry_name, words)
    except LaunchError as error:
        raise McpInstallError(ErrorCode(error.code), error.message, hint=error.hint) from None
    message = "a launched server does not return"
    raise AssertionError(message)


def _entry(receipt: Receipt, context: Context) -> ServerEntry | None:
    """Return the entry as the first of its hosts has it; None where it was only printed."""
    store = ReceiptStore(context.paths)
    return next(
        (
            applied.entry
            for row_id in receipt.hosts
            for applied in store.chain(row_id).entries
            if applied.entry.name == receipt.entry_name
        ),
        None,
    )


def _variables(entry: ServerEntry | None) -> dict[str, str]:
    """Return what a host would set: the values of the entry, and those of the user's variables.

    What a host asks for by itself is taken from the environment as it is.
    """
    found = {
        item: os.environ.get(item.reference) if item.reference else item.value
        for item in (entry.env if entry else ())
    }
    return {
        item.name: f"{item.prefix}{text}{item.suffix}"
        for item, text in found.items()
        if text is not None
    }


def _own_arguments(receipt: Receipt, entry: ServerEntry | None) -> list[str]:
    """Return the arguments that the entry was installed with: the user's values in their places."""
    start = environments.command_template("{home}", ()).argv
    words = list(receipt.argv_template[len(start) :])
    if entry is not None:
        return list(entry.args[len(entry.args) - len(words) :])
    own = len(words) - len(receipt.extra_arguments)
    return [*_filled(words[:own], receipt.inputs), *words[own:]]


def _filled(words: Sequence[str], inputs: Sequence[InputValue]) -> Iterator[str]:
    """Put the user's paths into their places, each in its turn where an input has several."""
    texts: dict[str, list[str]] = {}
    for one in inputs:
        if one.value is not None and not one.secret:
            texts.setdefault(one.name, []).append(one.value)
    turns = {name: itertools.cycle(several) for name, several in texts.items()}
    for word in words:
        yield PLACEHOLDER.sub(
            lambda place: next(turns[place[1]]) if place[1] in turns else place[0], word
        )
