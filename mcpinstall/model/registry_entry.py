"""What an MCP registry (API v0.1) answers about one version of one server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, server_schemas, server_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.server_json import ServerJson

_OFFICIAL = "io.modelcontextprotocol.registry/official"
_MESSAGE = 500  # characters of `statusMessage`, as the API says


class Status(StrEnum):
    """Lifecycle of an entry."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryEntry:
    """One entry: the server in the newest form, and what the registry itself says of it."""

    server: ServerJson
    document: bytes
    """The `server` object as canonical JSON of the newest schema."""
    sha256: str
    """Content hash of the `server` object as it was sent: entries can be overwritten."""
    status: Status
    message: str = ""


def parse(data: bytes, where: str) -> RegistryEntry:
    """Parse the answer about one version.

    Raises:
        McpInstallError: `registry-invalid` for the answer's own form, `server-json-invalid`,
            `json-invalid` or `text-hostile` for what the publisher wrote.
    """
    return entry_of(json_text.parse(data, where))


def entry_of(answer: object) -> RegistryEntry:
    """Return one item of an answer as an entry.

    Raises:
        McpInstallError: as `parse`.
    """
    top = Fields.of(answer, ErrorCode.REGISTRY_INVALID, "answer")
    sent = top.table.get("server")
    if not isinstance(sent, Mapping):
        raise top.error("server", "is not an object")
    official = top.fields("_meta").fields(_OFFICIAL)
    document = json_text.canonical(server_schemas.newest(sent))
    claimed = {official.text("status", Status.ACTIVE, limit=50)}
    if "status" in sent:  # where the schema of 2025-07-09 has it
        claimed.add(Fields.of(sent, ErrorCode.REGISTRY_INVALID, "server").text("status"))
    return RegistryEntry(
        server=server_text.parse(document, "server"),
        document=document,
        sha256=json_text.digest(sent),
        status=_worst(claimed),
        message=_message(official),
    )


def _message(official: Fields) -> str:
    if official.table.get("statusMessage") is None:  # some registries write null for nothing
        return ""
    return official.text("statusMessage", limit=_MESSAGE)


def _worst(claimed: set[str]) -> Status:
    """Return the worst of what is said; an unknown word is not taken for `active`."""
    try:
        found = {Status(word) for word in claimed}
    except ValueError:
        raise McpInstallError(
            ErrorCode.REGISTRY_INVALID, "the registry gives the entry a status that is not known"
        ) from None
    return max(found, key=list(Status).index)
