"""Older dated schemas of `server.json`, brought to the newest one's keys.

Six are published, from 2025-07-09 to 2025-12-11; old entries are still served.  Only the form is
changed here: `server_text` decides what is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.json_text import Json
from mcpinstall.model.server_text import SCHEMAS

OLDEST = "2025-07-09"
"""The only published schema with keys such as `registry_type`, and with `status`."""

_BASE = "https://static.modelcontextprotocol.io/schemas/"
_SCHEMA = re.compile(rf"{re.escape(_BASE)}([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})/server\.schema\.json")
_PUBLISHER = "io.modelcontextprotocol.registry/publisher-provided"
_CAMEL = {
    "environment_variables": "environmentVariables", "file_sha256": "fileSha256",
    "is_repeated": "isRepeated", "is_required": "isRequired", "is_secret": "isSecret",
    "package_arguments": "packageArguments", "registry_base_url": "registryBaseUrl",
    "registry_type": "registryType", "runtime_arguments": "runtimeArguments",
    "runtime_hint": "runtimeHint", "value_hint": "valueHint", "website_url": "websiteUrl",
}  # fmt: skip
_NAMED = "variables"
"""Under this key the keys are names that the publisher chose: they stay as they are."""


def newest(document: Mapping[str, Json]) -> dict[str, Json]:
    """Return a `server.json` of any dated schema in the newest one's form.

    What a registry itself adds (`status`, its own `_meta`) is left out: it is not the
    publisher's, and a registry says it beside the entry.

    Raises:
        McpInstallError: `server-json-invalid` for an unknown schema, or a key in two spellings.
    """
    schema = document.get("$schema")
    found = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if found is None or found[1] not in (*SCHEMAS, OLDEST):
        raise McpInstallError(
            ErrorCode.SERVER_JSON_INVALID,
            "`$schema` names no published schema",
            hint=f"known are {', '.join((*SCHEMAS, OLDEST))}",
        )
    renamed = _renamed(document, "") if found[1] == OLDEST else dict(document)
    if found[1] in (OLDEST, "2025-09-16"):
        renamed.pop("status", None)
    meta = renamed.pop("_meta", None)
    if isinstance(meta, Mapping) and _PUBLISHER in meta:
        renamed["_meta"] = {_PUBLISHER: meta[_PUBLISHER]}
    return {**renamed, "$schema": f"{_BASE}{SCHEMAS[0]}/server.schema.json"}


def _renamed(table: Mapping[str, Json], where: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in table.items():
        name = key if where == _NAMED else _CAMEL.get(key, key)
        if name in found:
            raise McpInstallError(
                ErrorCode.SERVER_JSON_INVALID, f"`{name}` is there in two spellings"
            )
        found[name] = _value(value, "" if where == _NAMED else name)
    return found


def _value(value: Json, where: str) -> Json:
    if isinstance(value, Mapping):
        return _renamed(value, where)
    if isinstance(value, list):
        return [_value(item, where) for item in value]
    return value
