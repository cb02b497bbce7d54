"""`mcpi run`: become an installed server, with its secrets in the environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import lookup
from mcpinstall.operations.context import Context
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
    words = _own_arguments(receipt) if arguments is None else list(arguments)
    try:
        launcher.launch(str(home), receipt.entry_name, words)
    except LaunchError as error:
        raise McpInstallError(ErrorCode(error.code), error.message, hint=error.hint) from None
    message = "a launched server does not return"
    raise AssertionError(message)


def _own_arguments(receipt: Receipt) -> list[str]:
    """Return the arguments that the entry was installed with: the user's values in their places."""
    start = environments.command_template("{home}", ()).argv
    values = {
        f"{{{value.name}}}": value.value
        for value in receipt.inputs
        if value.value is not None and not value.secret
    }
    words = receipt.argv_template[len(start) :]
    own = len(words) - len(receipt.extra_arguments)
    return [_filled(word, values) if number < own else word for number, word in enumerate(words)]


def _filled(word: str, values: dict[str, str]) -> str:
    for place, text in values.items():
        word = word.replace(place, text)
    return word
