"""The keyring of the operating system: a closed list of backends, each made by its class.

Nothing chooses a backend but the system that we run on: the environment, the rc file, plug-ins
and the chainer of the `keyring` library are never asked, for whoever writes one of them would
get every secret.
"""

from __future__ import annotations

from mcpinstall.errors import McpInstallError
from mcpinstall.keyrings.backend import Keyring, unavailable
from mcpinstall.system.launcher import account
from mcpinstall.system.secret_reader import SERVICE

__all__ = ["SERVICE", "Keyring", "account", "is_available", "open_keyring"]


def open_keyring(platform: str) -> Keyring:
    """Return the keyring of the system named by `platform`; nobody is asked anything yet.

    Raises:
        McpInstallError: `keyring-unavailable`, with what to do instead.
    """
    if platform == "win32":
        from mcpinstall.keyrings.windows import CredentialManager

        return CredentialManager()
    if platform == "darwin":
        from mcpinstall.keyrings.macos import Keychain

        return Keychain()
    if platform != "linux":
        raise unavailable(f"no keyring is known on `{platform}`")
    from mcpinstall.keyrings.secret_service import SecretService

    return SecretService()


def is_available(platform: str) -> bool:
    """Tell whether there is a keyring; it may be locked."""
    try:
        open_keyring(platform)
    except McpInstallError:
        return False
    return True
