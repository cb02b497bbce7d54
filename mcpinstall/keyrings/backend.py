"""What every keyring does, and the errors of all of them."""

from __future__ import annotations

from typing import Protocol

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.system.session_bus import LOCKED, LaunchError

_INSTEAD = "use a reference to a variable of yours: `--secret-from-env NAME=VARIABLE`"


class Keyring(Protocol):
    """Secrets by account; all belong to the service `mcpinstall`."""

    title: str

    def write(self, kept: KeptSecret) -> None:
        """Store a secret, in the place of another one of its account.

        Raises:
            McpInstallError: `keyring-unavailable`, `keyring-locked`.
        """

    def read(self, account: str) -> Secret | None:
        """Return the secret of an account, or None.

        Raises:
            McpInstallError: `keyring-unavailable`, `keyring-locked`.
        """

    def holds(self, account: str) -> bool:
        """Tell whether an account has a secret; nothing is unlocked for that.

        Raises:
            McpInstallError: `keyring-unavailable`.
        """

    def delete(self, account: str) -> bool:
        """Delete the secret of an account; False when there is none.

        Raises:
            McpInstallError: `keyring-unavailable`, `keyring-locked`.
        """


def unavailable(why: str, hint: str = _INSTEAD) -> McpInstallError:
    """Return the error for a keyring that is not there or does not do its work."""
    return McpInstallError(ErrorCode.KEYRING_UNAVAILABLE, why, hint=hint)


def locked(why: str = "the keyring is locked, and was not unlocked") -> McpInstallError:
    """Return the error for a keyring that its user did not open."""
    return McpInstallError(
        ErrorCode.KEYRING_LOCKED, why, hint="unlock it, then run the command again"
    )


def of_launcher(error: LaunchError) -> McpInstallError:
    """Return an error of the quick reader as one of ours."""
    if error.code == LOCKED:
        return locked(error.message)
    return unavailable(error.message, error.hint or _INSTEAD)
