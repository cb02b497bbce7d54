"""Keys that never leave a device or a service: through the signers of securesystemslib."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import Signature, Signer, SSlibKey

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.secret import Secret
from mcpinstall.registries import tuf_keys

EXTRAS = {
    "hsm": "hsm",
    "awskms": "awskms",
    "gcpkms": "gcpkms",
    "azurekms": "azurekms",
    "hv": "vault",
}
"""Kinds of places by the scheme of their URI, and which extra of securesystemslib each needs."""
_EVIDENCE = 500  # characters of what a library says


def signer(public: Path, uri: str, pin: Callable[[], Secret]) -> Signer:
    """Return what signs with the key at `uri`, whose public half is in a file.

    `pin` asks for what opens the device, if it wants that.

    Raises:
        McpInstallError: `input-invalid` for another kind of place, or without the library that
            speaks to it; `signing-failed` where it doesn't answer.
    """
    scheme, colon, _ = uri.partition(":")
    if scheme not in EXTRAS or not colon:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{uri}` names no place where keys are",
            hint="a URI that begins with " + ", ".join(f"`{one}:`" for one in EXTRAS),
        )
    key = tuf_keys.public(public)
    try:
        found = Signer.from_priv_key_uri(uri, key, lambda _: pin().reveal())
    except UnsupportedLibraryError as error:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"signing with `{scheme}:` needs a library that isn't installed",
            hint=f"install `securesystemslib[{EXTRAS[scheme]}]` beside mcpinstall, such as "
            f"`uv tool install mcpinstall --with 'securesystemslib[{EXTRAS[scheme]}]'`",
            evidence=str(error)[:_EVIDENCE],
        ) from None
    except McpInstallError:
        raise
    except Exception as error:  # noqa: BLE001 (each service has errors of its own)
        raise _failed(uri, error) from None
    return _Elsewhere(uri, key, found)


class _Elsewhere(Signer):
    """A signer that says where it failed, and whose signature is compared with its key."""

    def __init__(self, uri: str, key: SSlibKey, signer: Signer) -> None:
        self._uri, self._key, self._signer = uri, key, signer

    @property
    def public_key(self) -> SSlibKey:
        return self._key

    @classmethod
    def from_priv_key_uri(cls, priv_key_uri: str, *_: object) -> Signer:
        message = f"`{priv_key_uri}` is opened by `signer`"
        raise NotImplementedError(message)

    def sign(self, payload: bytes) -> Signature:
        try:
            signature = self._signer.sign(payload)
            self._key.verify_signature(signature, payload)
        except Exception as error:  # noqa: BLE001 (each service has errors of its own)
            raise _failed(self._uri, error) from None
        return signature


def _failed(uri: str, error: Exception) -> McpInstallError:
    if isinstance(error, McpInstallError):
        return error
    return McpInstallError(
        ErrorCode.SIGNING_FAILED,
        f"the key at `{uri}` could not sign",
        hint="is the device there, or the service logged in to, and is the `.pub` file its own?",
        evidence=f"{type(error).__name__}: {error}"[:_EVIDENCE],
    )
