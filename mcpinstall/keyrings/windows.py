"""The Credential Manager of Windows, by the calls of `keyring`'s own backend.

Its class is not used: that one reads `KEYRING_PROPERTY_…` variables, and gives two accounts of
one service names that the launcher could not tell.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.keyrings.backend import unavailable
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.system.secret_reader import SERVICE

_GENERIC, _LOCAL_MACHINE = 1, 2
_BLOB_BYTES = 5 * 512  # CRED_MAX_CREDENTIAL_BLOB_SIZE
_NOT_FOUND = 1168  # ERROR_NOT_FOUND


class CredentialManager:
    """Generic credentials of one user, one for each account."""

    title = "the Windows Credential Manager"

    def write(self, kept: KeptSecret) -> None:
        """Store a secret, on this machine only."""
        if len(kept.secret.reveal().encode("utf-16-le")) > _BLOB_BYTES:
            raise McpInstallError(
                ErrorCode.INPUT_INVALID,
                f"the secret is longer than the {_BLOB_BYTES // 2} characters that Windows keeps",
                hint="use a reference to a variable of yours: `--secret-from-env NAME=VARIABLE`",
            )
        with _credentials() as api:
            api.CredWrite(
                {
                    "Type": _GENERIC, "TargetName": _target(kept.account),
                    "UserName": kept.account, "CredentialBlob": kept.secret.reveal(),
                    "Comment": kept.label, "Persist": _LOCAL_MACHINE,
                },
                0,
            )  # fmt: skip

    def read(self, account: str) -> Secret | None:
        """Return the secret of an account."""
        found: Secret | None = None
        with _credentials() as api:
            blob = api.CredRead(Type=_GENERIC, TargetName=_target(account))["CredentialBlob"]
            found = Secret(blob.decode("utf-16-le"))
        return found  # noqa: RET504 (the block may end early)

    def holds(self, account: str) -> bool:
        """Tell whether an account has a secret."""
        return self.read(account) is not None

    def delete(self, account: str) -> bool:
        """Delete the secret of an account."""
        gone = False
        with _credentials() as api:
            api.CredDelete(Type=_GENERIC, TargetName=_target(account))
            gone = True
        return gone  # noqa: RET504 (the block may end early)


def _target(account: str) -> str:
    return f"{SERVICE}/{account}"


@contextlib.contextmanager
def _credentials() -> Iterator[Any]:
    """Lend the calls; the block ends where there is no such credential, other errors are ours."""
    try:
        from win32ctypes.pywin32 import pywintypes, win32cred
    except ImportError:
        raise unavailable("there is no Credential Manager here") from None
    try:
        yield win32cred
    except pywintypes.error as error:
        if error.winerror != _NOT_FOUND:
            raise unavailable(f"the Credential Manager answers {error.winerror}") from None
