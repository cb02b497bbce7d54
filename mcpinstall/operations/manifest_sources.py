"""What `mcpi manifest new` is given: a package, an entry of an MCP registry, a `server.json`."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, names, server_schemas, server_text
from mcpinstall.model.plan import Request
from mcpinstall.model.server_json import Package, ServerJson
from mcpinstall.model.server_text import SCHEMAS
from mcpinstall.model.unreviewed_lock import exact_version, package_name
from mcpinstall.operations import unreviewed_mcp
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits

_SCHEMA = f"https://static.modelcontextprotocol.io/schemas/{SCHEMAS[0]}/server.schema.json"
_DESCRIPTION = 100  # characters, as the official schema says
_MCP_NAME = re.compile(r"mcp-name:\s*([A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is known of a server before anything is resolved."""

    document: bytes
    """`server.json`; empty for a package that has none."""
    server: ServerJson | None
    package: Package | None
    """What of it would be installed; None where it is used where it runs."""
    identifier: str = ""
    version: str | None = None
    """Of the package; None for the newest that is old enough."""
    scripts: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    """What its registry says beside, for people."""
    from_registry: bool = False
    """Whether somebody else's registry says which package it is."""


def read(spec: str, context: Context, *, offline: bool) -> Source:
    """Return what `pypi:NAME[==V]`, `mcp:NAME[@V]` or the path of a `server.json` describes.

    Raises:
        McpInstallError: `usage`, `name-invalid`, `not-found`, `offline-missing`,
            `file-unreadable`, or the refusal of a parser.
    """
    prefix, colon, rest = spec.partition(":")
    if colon and prefix == "pypi":
        return _package(rest)
    if colon and prefix == "mcp":
        full, at, exact = rest.partition("@")
        version = names.version(exact) if at else None
        request = Request(names=(spec,), offline=offline)
        entry, _, fact = unreviewed_mcp.described(
            names.server_name(full), version, request, context
        )
        found = _described(entry.document, entry.server, (fact,) if fact else ())
        return replace(found, from_registry=True)
    if spec.endswith(".json"):
        return _file(Path(spec))
    raise McpInstallError(
        ErrorCode.USAGE,
        "that names nothing that a manifest can be made of",
        hint="`pypi:NAME[==VERSION]`, `mcp:NAME[@VERSION]`, or the path of a `server.json`",
    )


def _package(text: str) -> Source:
    name, equals, version = text.partition("==")
    if not equals and "@" in text:
        raise McpInstallError(
            ErrorCode.NAME_INVALID,
            "the version of a Python package stands behind `==`",
            hint="for example `pypi:mcp-server-time==2026.10.19`",
        )
    return Source(
        document=b"",
        server=None,
        package=None,
        identifier=package_name(name),
        version=exact_version(version) if equals else None,
    )


def _file(path: Path) -> Source:
    data = files.read_optional(path, limits.SERVER_JSON_BYTES)
    if data is None:
        raise McpInstallError(ErrorCode.FILE_UNREADABLE, f"there is no file `{path}`")
    found = json_text.parse(data, str(path))
    newest = isinstance(found, dict) and found.get("$schema") == _SCHEMA
    if isinstance(found, dict) and not newest:
        data = json_text.printed(server_schemas.newest(found), str(path))
    return _described(data, server_text.parse(data, str(path)), ())


def _described(document: bytes, server: ServerJson, facts: tuple[str, ...]) -> Source:
    package = unreviewed_mcp.chosen(server)
    if package is None:
        return Source(document=document, server=server, package=None, facts=facts)
    return Source(
        document=document,
        server=server,
        package=package,
        identifier=package.identifier,
        version=package.version,
        scripts=unreviewed_mcp.scripts(server),
        facts=facts,
    )


def described_by(metadata: str, identifier: str, version: str, name: str | None) -> bytes:
    """Return a `server.json` for a package that has none, from its METADATA.

    Raises:
        McpInstallError: `name-invalid` where nothing says under which name it is published.
    """
    headers = email.message_from_string(metadata)
    full = names.registered_name(name) if name else _name(headers, metadata, identifier)
    summary = " ".join(str(headers.get("Summary", "")).split())
    document: dict[str, json_text.Json] = {
        "$schema": _SCHEMA,
        "name": full,
        "description": (summary or f"The package {identifier}")[:_DESCRIPTION],
        "version": version,
        "packages": [
            {
                "registryType": "pypi",
                "identifier": identifier,
                "version": version,
                "transport": {"type": "stdio"},
            }
        ],
    }
    return json_text.printed(document, "METADATA")


def _name(headers: Message, metadata: str, identifier: str) -> str:
    """Return the name that the package gives itself, else one of its forge's account."""
    said = set(_MCP_NAME.findall(metadata))
    if len(said) == 1:
        return names.registered_name(*said)
    rows = [str(row).partition(",")[2].strip() for row in headers.get_all("Project-URL") or []]
    for address in (str(headers.get("Home-page", "")), *rows):
        if owner := _forge_owner(address):
            return names.registered_name(f"io.github.{owner.lower()}/{identifier}")
    raise McpInstallError(
        ErrorCode.NAME_INVALID,
        f"nothing says under which name `{identifier}` is published",
        hint="name it: `--name io.github.user/server`",
    )


def _forge_owner(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if (parts.scheme, parts.netloc.lower()) != ("https", "github.com"):
        return ""
    return parts.path.strip("/").partition("/")[0]
