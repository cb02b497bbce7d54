"""Trust roots: whose certificates and logs are believed.

sigstore's own entry points (`Verifier.production()` and its like) trust a file in the user's
cache without any check: whoever writes it once is believed from then on.  They are not used.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.system import files, limits

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig, TrustedRoot

_HERE = Path(__file__).resolve().parent
_CONFIG_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """One Sigstore instance: None is the public one, by the file of this package."""

    private: bytes | None = None
    """A `ClientTrustConfig`, or a bare trusted root, as JSON."""

    def load(self) -> TrustedRoot:
        """Return the library's trusted root.

        Raises:
            Exception: whatever the library raises for a file that is none.
        """
        from sigstore.models import TrustedRoot as LibraryRoot
        from sigstore_models.trustroot import v1

        _quiet()
        if self.private is None:
            return LibraryRoot.from_file(str(_HERE / "trusted_root.json"))
        if _is_config(self.private):
            return self.config().trusted_root
        return LibraryRoot(v1.TrustedRoot.from_json(self.private))

    def config(self) -> ClientTrustConfig:
        """Return the library's configuration for signing.

        Raises:
            Exception: whatever the library raises for a file that is none.
        """
        from sigstore.models import ClientTrustConfig

        _quiet()
        if self.private is not None:
            return ClientTrustConfig.from_json(self.private.decode())
        parts = (
            (_HERE / name).read_text() for name in ("trusted_root.json", "signing_config.json")
        )
        root, services = parts
        return ClientTrustConfig.from_json(
            f'{{"mediaType": "{_CONFIG_TYPE}", "trustedRoot": {root}, "signingConfig": {services}}}'
        )


PUBLIC = TrustRoot()
"""The public good instance."""


def read_trust(path: Path) -> TrustRoot:
    """Return the private instance that a file describes.

    Raises:
        McpInstallError: `config-invalid`, or `file-unreadable`.
    """
    return parse_trust(files.read_bounded(path, limits.SIGNATURE_BYTES), str(path))


def parse_trust(data: bytes, where: str) -> TrustRoot:
    """Return the private instance that `data` describes.

    Raises:
        McpInstallError: `config-invalid`.
    """
    try:
        _is_config(data)
        root = TrustRoot(data)
        root.load()
    except Exception as error:  # noqa: BLE001 (whatever the library raises, it is no trust root)
        raise McpInstallError(
            ErrorCode.CONFIG_INVALID,
            f"`{where}` is no trust configuration of a Sigstore instance",
            evidence=str(error)[:1000],
        ) from None
    return root


def _quiet() -> None:
    """Keep the library's warnings, which quote what is being verified, off the screen."""
    logging.getLogger("sigstore").addHandler(logging.NullHandler())


def _is_config(data: bytes) -> bool:
    document = json_text.parse(data, "trust configuration")
    return isinstance(document, dict) and "trustedRoot" in document
