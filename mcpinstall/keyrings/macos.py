"""The login keychain of macOS, by the calls of `keyring`'s own backend.

Its class is not used: that one reads `KEYCHAIN_PATH` and `KEYRING_PROPERTY_…` variables.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from mcpinstall.keyrings.backend import locked, unavailable
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.system.secret_reader import SERVICE


class Keychain:
    """Generic passwords of one user."""

    title = "the macOS keychain"

    def write(self, kept: KeptSecret) -> None:
        """Store a secret."""
        with _told():
            from keyring.backends.macOS import api

            api.set_generic_password(None, SERVICE, kept.account, kept.secret.reveal())  # type: ignore[no-untyped-call,unused-ignore]

    def read(self, account: str) -> Secret | None:
        """Return the secret of an account; macOS may ask its user."""
        with _told():
            from keyring.backends.macOS import api

            found = api.find_generic_password(None, SERVICE, account, not_found_ok=True)  # type: ignore[no-untyped-call,unused-ignore]
            return None if found is None else Secret(found)

    def holds(self, account: str) -> bool:
        """Tell whether an account has a secret."""
        return self.read(account) is not None

    def delete(self, account: str) -> bool:
        """Delete the secret of an account."""
        with _told():
            from keyring.backends.macOS import api

            try:
                api.delete_generic_password(None, SERVICE, account)  # type: ignore[no-untyped-call,unused-ignore]
            except api.NotFound:
                return False
        return True


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn errors of the keychain into ours; their arguments are numbers and fixed words."""
    try:
        from keyring.backends.macOS import api
    except (ImportError, OSError, AttributeError, TypeError):
        raise unavailable("there is no macOS keychain here") from None
    try:
        yield
    except (api.KeychainDenied, api.SecAuthFailure):
        raise locked("the keychain did not allow it") from None
    except api.Error as error:
        raise unavailable(f"the keychain answers {error.args[:1]}") from None
