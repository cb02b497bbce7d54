"""The user's own configuration: `config.toml` in mcpinstall's configuration folder.

Only the user's folder counts: no file of a project can add a registry (threat T12).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import names, toml_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.registry import TufSource
from mcpinstall.model.signing import Signing
from mcpinstall.operations import configured_signers
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits, urls

OSV = "https://api.osv.dev"
"""Open Source Vulnerabilities, a database of advisories: https://google.github.io/osv.dev/api/"""

_FILE = "config.toml"
_MCP = "mcp"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
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


Configured = FolderRegistry | TufSource


def configured(context: Context) -> tuple[Configured, ...]:
    """Return all registries that the user's configuration names, in its order.

    Raises:
        McpInstallError: `config-invalid`, or `state-unsafe` when others can write to it.
    """
    data = read(context)
    if data is None:
        return ()
    files.require_own_folder(context.paths.config)
    path = file_of(context)
    try:
        return parsed(data, path)
    except McpInstallError as error:
        hint = f"correct it in `{path}`"
        raise McpInstallError(error.code, error.message, hint=hint) from None


def root_of(one: Configured) -> str:
    """Return what identifies a registry's trust: the root that was confirmed, or its folder."""
    return one.root if isinstance(one, TufSource) else names.folder_root(str(one.path))


def mcp_registry(context: Context) -> str:
    """Return the address of the MCP registry that `mcp:NAME` asks.

    There is no default: no registry's host name is written into this program.

    Raises:
        McpInstallError: `not-found` where the user named none; as `configured`.
    """
    configured(context)  # the whole file is checked, whichever part is wanted
    path, data = file_of(context), read(context) or b"schema = 1"
    for fields in toml_text.parse(data, ErrorCode.CONFIG_INVALID, str(path)).each("registries"):
        if fields.text("kind") == _MCP:
            return fields.text("url", limit=500)
    raise McpInstallError(
        ErrorCode.NOT_FOUND,
        "no MCP registry is configured, and there is no default",
        hint=f'name one in `{path}`: `schema = 1`, then `[[registries]]` with `name = "mcp"`, '
        '`kind = "mcp"` and `url = "https://…"`, which is what stands before `/v0.1/servers`',
    )


def publishers_trust(context: Context) -> Path | None:
    """Return the private Sigstore instance that attestations of packages may also be of.

    Raises:
        McpInstallError: as `configured`.
    """
    data = read(context)
    if data is None:
        return None
    configured(context)  # the whole file is checked, whichever part is wanted
    root = toml_text.parse(data, ErrorCode.CONFIG_INVALID, str(file_of(context)))
    name = _publishers(root)
    return context.paths.config / name if name else None


def osv(context: Context) -> str:
    """Return the address at which `mcpi audit --online` asks, without a slash at its end.

    Raises:
        McpInstallError: as `configured`.
    """
    data = read(context)
    if data is None:
        return OSV
    configured(context)  # the whole file is checked, whichever part is wanted
    return _osv(toml_text.parse(data, ErrorCode.CONFIG_INVALID, str(file_of(context))))


def _osv(root: Fields) -> str:
    fields = root.fields("advisories")
    fields.only("osv")
    return _address(fields, "osv").rstrip("/") if "osv" in fields.table else OSV


def _address(fields: Fields, key: str) -> str:
    """Return an address that may have a path, and nothing behind it."""
    url = fields.text(key, limit=500)
    try:
        found = urls.parse(url)
    except McpInstallError as error:
        raise fields.error(key, f"can't be used: {error.message}") from None
    if found.query or "#" in url:
        raise fields.error(key, "has more than a path behind its host")
    return url


def _publishers(root: Fields) -> str:
    fields = root.fields("publishers")
    fields.only("trust-config")
    return configured_signers.trust_config(fields)


def file_of(context: Context) -> Path:
    """Return where the user's configuration is."""
    return context.paths.config / _FILE


def read(context: Context) -> bytes | None:
    """Return the bytes of the user's configuration, or None without one."""
    return files.read_optional(file_of(context), limits.STATE_BYTES)


def parsed(data: bytes, path: Path) -> tuple[Configured, ...]:
    """Return the registries of a configuration.

    Raises:
        McpInstallError: `config-invalid`.
    """
    root = toml_text.parse(data, ErrorCode.CONFIG_INVALID, str(path))
    root.only("schema", "registries", "publishers", "advisories")
    root.integer("schema", low=1, high=1)
    _publishers(root)
    _osv(root)
    described = tuple(root.each("registries"))
    mcp = [fields for fields in described if fields.table.get("kind") == _MCP]
    for fields in mcp:
        _require_mcp(fields)
    if len(mcp) > 1:
        raise root.error("registries", "names two MCP registries; `mcp:NAME` can ask one")
    found = tuple(_registry(fields) for fields in described if fields not in mcp)
    taken = [registry.name for registry in found]
    for name in taken:
        if taken.count(name) > 1:
            raise root.error("registries", f"names `{name}` twice")
    return found


def _require_mcp(fields: Fields) -> None:
    fields.only("name", "kind", "url")
    if fields.text("name") != _MCP:
        raise fields.error("name", "is not `mcp`, as the names of its servers begin")
    _address(fields, "url")


def _registry(fields: Fields) -> Configured:
    kind = fields.text("kind")
    if kind not in ("folder", "tuf"):
        raise fields.error("kind", "is none of `folder`, `mcp`, `tuf`")
    name = fields.text("name")
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise fields.error("name", "can't name a registry: use lower-case letters and digits")
    return _tuf(fields, name) if kind == "tuf" else _folder(fields, name)


def _folder(fields: Fields, name: str) -> FolderRegistry:
    fields.only("name", "kind", "path", *configured_signers.KEYS)
    path = Path(fields.text("path"))
    if not path.is_absolute():
        raise fields.error("path", "is not an absolute path")
    return FolderRegistry(name=name, path=path, signing=configured_signers.parse(fields))


def _tuf(fields: Fields, name: str) -> TufSource:
    fields.only("name", "kind", "at", "root")
    root = fields.text("root")
    if not _SHA256.fullmatch(root):
        raise fields.error("root", "is not a sha256 of 64 lowercase hexadecimal characters")
    return TufSource(name=name, base=fields.parsed("at", base), root=root)


def base(text: str) -> str:
    """Return the address or absolute path of a TUF registry, without a slash at its end.

    Raises:
        McpInstallError: `index-forbidden` for an address that is not https.
    """
    if Path(text).is_absolute():
        return str(Path(text))
    return urls.parse(text).text.rstrip("/")
