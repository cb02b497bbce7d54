"""A Sigstore trust root that a registry delivers: for the packages of its own servers."""

from __future__ import annotations

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.signatures import TrustRoot, parse_trust


def of_server(server: ReviewedServer) -> TrustRoot | None:
    """Return the trust root of a server's registry; None where that delivers none.

    Raises:
        McpInstallError: `digest-mismatch`, `registry-invalid`, `registry-unavailable` or
            `offline-missing`: an instance that is pinned and can't be had is no instance left out.
    """
    data = None if server.trusted_root is None else server.trusted_root()
    return None if data is None else read(data, server.registry.name)


def read(data: bytes, registry: str) -> TrustRoot:
    """Return the trust root that a registry's file describes.

    Raises:
        McpInstallError: `registry-invalid`.
    """
    try:
        return parse_trust(data, f"{registry}: trusted_root.json")
    except McpInstallError as error:
        raise McpInstallError(
            ErrorCode.REGISTRY_INVALID,
            error.message,
            hint="the owner of the registry has to publish another one",
            evidence=error.evidence,
        ) from None
