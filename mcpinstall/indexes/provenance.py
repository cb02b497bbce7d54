"""What an index offers about who made a file: fetched as it is, judged by the caller (PEP 740)."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes.lookups import Found
from mcpinstall.model import json_text
from mcpinstall.model.publisher import Origin
from mcpinstall.system import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The answer of the index that lists a file."""

    origin: Origin
    document: bytes | None = field(repr=False)
    """The provenance document; None when the index offers none."""
    problem: McpInstallError | None = None
    """Why it could not be read, though it is offered."""


def fetch(found: Found) -> Offered:
    """Return what the index that lists a file offers about it.

    The document is fetched like a file: https, no credentials to another origin, at most
    `PROVENANCE_BYTES`.

    Raises:
        McpInstallError: `index-forbidden` where it leads to an address that may not be asked.
    """
    source, client = found.at.source, found.at.client
    origin = origin_of(source.url.text, source.shown)
    if found.listed.provenance_fault:
        raise McpInstallError(
            ErrorCode.INDEX_FORBIDDEN,
            f"`{source.shown}` lists attestations of `{found.artifact.filename}` at an address "
            f"that can't be used: {client.without_secrets(found.listed.provenance_fault)}",
            hint="only https is used, and plain http on this machine itself",
        )
    if found.listed.provenance is None:
        return Offered(origin=origin, document=None)
    try:
        answer = client.get_bytes(found.listed.provenance, limit=limits.PROVENANCE_BYTES)
    except McpInstallError as error:
        if error.code is not ErrorCode.INDEX_UNAVAILABLE:
            raise
        return Offered(origin=origin, document=None, problem=error)
    return Offered(origin=origin, document=answer.body if answer else None)


def origin_of(address: str, shown: str) -> Origin:
    """Return what stands for an index in what is remembered about its packages."""
    return Origin(digest=json_text.digest(address), address=shown)
