"""A Sigstore trust root that a registry delivers: for the packages of its own servers."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.registries import TRUSTED_ROOT
from mcpinstall.signatures import TrustRoot, parse_trust
from mcpinstall.system import files, limits


def of_server(server: ReviewedServer) -> TrustRoot | None:
    """Return the trust root of a server's registry; None where that delivers none.

    Raises:
        McpInstallError: `digest-mismatch`, `registry-invalid`, `registry-unavailable` or
            `offline-missing`: an instance that is pinned and can't be had is no instance left out.
    """
    data = None if server.trusted_root is None else server.trusted_root()
    return None if data is None else read(data, server.registry.name)


def of_folder(folder: Path) -> TrustRoot | None:
    """Return the trust root that lies in a registry's folder, as `registry.toml` pins it.

    Raises:
        McpInstallError: `registry-invalid`, or `digest-mismatch` for another file than is pinned.
    """
    path = folder / "registry.toml"
    described = files.read_optional(path, limits.REGISTRY_BYTES)
    if described is None:
        return None
    registry = registry_text.parse(described, str(path))
    data = files.read_optional(folder / TRUSTED_ROOT, limits.SIGNATURE_BYTES)
    return of_files(registry, data, str(folder / TRUSTED_ROOT))


def of_files(registry: RegistryFile, data: bytes | None, where: str) -> TrustRoot | None:
    """Return the trust root `data` that a registry pins; None where it pins none.

    Raises:
        McpInstallError: `registry-invalid`, or `digest-mismatch`.
    """
    if not registry.trusted_root:
        return None
    if data is None or hashlib.sha256(data).hexdigest() != registry.trusted_root:
        raise McpInstallError(
            ErrorCode.DIGEST_MISMATCH, f"`{where}` is not the file that `registry.toml` pins"
        )
    return read(data, registry.name)


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
