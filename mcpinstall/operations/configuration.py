"""The user's own configuration: `config.toml` in mcpinstall's configuration folder.

Only the user's folder counts: no file of a project can add a registry (threat T12).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import toml_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.signing import Signing
from mcpinstall.operations import configured_signers
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits

_FILE = "config.toml"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TAKEN = frozenset(
    {"bundled", "mcp", "pypi", "npm", "mcpb", "remote", "oci", "docker", "http", "https", "file"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRegistry:
    """A registry in a folder of the user's choice; its servers are named `NAME:SERVER`."""

    name: str
    path: Path
    signing: Signing | None = None
    """Who may sign it; None where the configuration names nobody."""


def folder_registries(context: Context) -> tuple[FolderRegistry, ...]:
    """Return the folders that the user's configuration names as registries.

    Raises:
        McpInstallError: `config-invalid`, or `state-unsafe` when others can write to it.
    """
    path = context.paths.config / _FILE
    data = files.read_optional(path, limits.STATE_BYTES)
    if data is None:
        return ()
    files.require_own_folder(context.paths.config)
    try:
        return _registries(toml_text.parse(data, ErrorCode.CONFIG_INVALID, str(path)))
    except McpInstallError as error:
        hint = f"correct it in `{path}`"
        raise McpInstallError(error.code, error.message, hint=hint) from None


def _registries(root: Fields) -> tuple[FolderRegistry, ...]:
    root.only("schema", "registries")
    root.integer("schema", low=1, high=1)
    found = tuple(_registry(fields) for fields in root.each("registries"))
    names = [registry.name for registry in found]
    for name in names:
        if names.count(name) > 1:
            raise root.error("registries", f"names `{name}` twice")
    return found


def _registry(fields: Fields) -> FolderRegistry:
    fields.only("name", "kind", "path", *configured_signers.KEYS)
    if fields.text("kind") != "folder":
        raise fields.error("kind", "is not `folder`, the only kind that can be added yet")
    name = fields.text("name")
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise fields.error("name", "can't name a registry: use lower-case letters and digits")
    path = Path(fields.text("path"))
    if not path.is_absolute():
        raise fields.error("path", "is not an absolute path")
    return FolderRegistry(name=name, path=path, signing=configured_signers.parse(fields))
