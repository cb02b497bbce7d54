"""The root that a user is asked to trust: what it says of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from mcpinstall.errors import ErrorCode, McpInstallError


@dataclass(frozen=True, slots=True, kw_only=True)
class RootFacts:
    """A root that its own keys signed; that says nothing yet about who they belong to."""

    sha256: str
    version: int
    threshold: int
    keys: tuple[str, ...]
    """Ids of the keys that may sign the next root."""
    expires: datetime


def read(data: bytes, where: str) -> RootFacts:
    """Return what a root says of itself.

    Raises:
        McpInstallError: `registry-invalid` unless it is a root that its own keys signed.
    """
    try:
        found: Metadata[Root] = Metadata.from_bytes(data)
        if not isinstance(found.signed, Root):
            raise RepositoryError("it is another role")
        found.signed.verify_delegate("root", found.signed_bytes, found.signatures)
    except RepositoryError as error:
        raise McpInstallError(
            ErrorCode.REGISTRY_INVALID,
            f"`{where}` is no root of a TUF registry: {error}",
            hint="ask the registry's owner for its `1.root.json`, and for its sha256",
        ) from None
    role = found.signed.roles["root"]
    return RootFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        version=found.signed.version,
        threshold=role.threshold,
        keys=tuple(sorted(role.keyids)),
        expires=found.signed.expires,
    )
