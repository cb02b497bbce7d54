"""The lock of a server that nobody reviewed: what mcpinstall itself decided and pinned.

One JSON file, which `--lock` reads again: source, name and version, how the server starts, its
`server.json` where a registry has one, and the whole closure as `pylock.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, lock_text, names, server_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.lock import NO_LOCK, Lock
from mcpinstall.model.manifest import PackageChoice
from mcpinstall.model.platforms import PLATFORMS
from mcpinstall.model.server_json import STDIO, Package, ServerJson
from mcpinstall.model.server_packages import identifier_fault, version_fault
from mcpinstall.model.specifiers import checked_specifiers

_SCHEMA = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCRIPT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LOCK_CHARACTERS = 4 * 1024 * 1024  # as `limits.LOCK_BYTES`
_PYPI = "pypi"


class SourceKind(StrEnum):
    """Where a server comes from that nobody reviewed; also the prefix of its name."""

    PYPI = "pypi"
    MCP = "mcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreviewedLock:
    """Everything that is decided about such a server; equal decisions have equal digests."""

    source: SourceKind
    name: str
    """Normalised name of the package, or full name in the registry."""
    version: str
    """Version of the package (`pypi`), or of the registry's entry (`mcp`)."""
    origin: str
    """sha256 of the index or registry that the name is bound to; its address is the user's."""
    package: PackageChoice | None
    """None for a server that is only used where it runs."""
    entry: bytes = b""
    """The registry's `server.json` as canonical JSON of the newest schema; empty for `pypi`."""
    entry_sha256: str = ""
    """Content hash of the `server` object as the registry sent it."""
    lock: Lock = NO_LOCK

    @property
    def full_name(self) -> str:
        """`pypi:NAME` or `mcp:NAME`: what the user types, and what consent names."""
        return f"{self.source}:{self.name}"

    @property
    def root(self) -> str:
        """What stands for the registry's root in receipts and folder names."""
        return json_text.digest({"source": self.source, "origin": self.origin})

    @property
    def sha256(self) -> str:
        """Digest of all of it, the closure by its own digest: it stands for the manifest's."""
        return json_text.digest({**self._head(), "lock": self.lock.sha256})

    @property
    def text(self) -> bytes:
        """The bytes of the file."""
        return json_text.canonical({**self._head(), "lock": self.lock.text.decode()}) + b"\n"

    @property
    def server(self) -> ServerJson:
        """What its registry says of it; for a bare package, the little that is known."""
        if self.entry:
            return server_text.parse(self.entry, "server.json")
        choice = self.package
        found = () if choice is None else (_bare(choice),)
        return ServerJson(
            name=self.full_name,
            description=self.full_name,
            version=self.version,
            packages=found,
        )

    def _head(self) -> dict[str, object]:
        choice = self.package
        package = choice and {
            "identifier": choice.identifier,
            "version": choice.version,
            "script": choice.script,
            "requires-python": choice.requires_python,
            "platforms": list(choice.platforms),
        }
        entry = json_text.parse(self.entry, "server.json") if self.entry else None
        return {
            "schema": _SCHEMA,
            "source": self.source.value,
            "name": self.name,
            "version": self.version,
            "origin": self.origin,
            "package": package,
            "server": entry,
            "server-sha256": self.entry_sha256,
        }


def parse(data: bytes, where: str) -> UnreviewedLock:
    """Parse and check such a file: it may come from anybody.

    Raises:
        McpInstallError: `lock-invalid`, `json-invalid`, `server-json-invalid`, `text-hostile`.
    """
    top = Fields.of(json_text.parse(data, where), ErrorCode.LOCK_INVALID)
    top.only(
        "schema", "source", "name", "version", "origin", "package", "server", "server-sha256",
        "lock",
    )  # fmt: skip
    top.integer("schema", low=_SCHEMA, high=_SCHEMA)
    source = top.parsed("source", SourceKind)
    choice = None if top.table.get("package") is None else _package(top.fields("package"))
    text = top.table.get("lock")
    if not isinstance(text, str) or len(text) > _LOCK_CHARACTERS:
        raise top.error("lock", "is not a text of at most 4 MiB")
    found = UnreviewedLock(
        source=source,
        name=top.text("name", limit=200),
        version=top.text("version", limit=255),
        origin=top.parsed("origin", _digest),
        package=choice,
        entry=_entry(top),
        entry_sha256=top.text("server-sha256", limit=64),
        # What is no UTF-8 is left to its reader, which refuses it.
        lock=lock_text.parse(text.encode("utf-8", "surrogatepass"), "lock") if choice else NO_LOCK,
    )
    _require_meaning(top, found)
    return found


def package_name(text: str) -> str:
    """Return the normalised name of a package that a user typed.

    Raises:
        McpInstallError: `name-invalid`: an option, an address, a path, an extra.
    """
    if fault := identifier_fault(_PYPI, text):
        raise McpInstallError(
            ErrorCode.NAME_INVALID,
            f"`{text[:200]}` {fault}",
            hint="for example `pypi:mcp-server-time` or `pypi:mcp-server-time==2026.10.19`",
        )
    return names.normalized_package(text)


def exact_version(text: str) -> str:
    """Return an exact version of a package in its normal form.

    Raises:
        McpInstallError: `name-invalid` for a range, `latest`, or what is no version.
    """
    from packaging.version import Version

    if fault := version_fault(_PYPI, text):
        raise McpInstallError(
            ErrorCode.NAME_INVALID, f"the version `{text[:200]}` {fault}",
            hint="name one exact version, such as `==2026.10.19`",
        )  # fmt: skip
    return str(Version(text))


def _require_meaning(top: Fields, found: UnreviewedLock) -> None:
    choice, is_package = found.package, found.source is SourceKind.PYPI
    name = top.parsed("name", package_name if is_package else names.server_name)
    if is_package:
        if name != found.name or choice is None:
            raise top.error("name", "is not the normalised name of a package")
        if (choice.identifier, choice.version) != (found.name, found.version) or found.entry:
            raise top.error("package", "is another package than the name says")
    elif not found.entry or found.server.name != name:
        raise top.error("server", "is the entry of another server")
    elif found.server.version != found.version:
        raise top.error("server", "is the entry of another version")
    else:
        top.parsed("server-sha256", _digest)
        _require_described(top, found)
    if choice is not None:
        pinned = {(package.name, package.version) for package in found.lock.packages}
        if (names.normalized_package(choice.identifier), choice.version) not in pinned:
            raise top.error("lock", f"does not pin `{choice.identifier}` {choice.version}")


def _require_described(top: Fields, found: UnreviewedLock) -> None:
    """Refuse a lock that pins something else than its own entry offers."""
    choice, server = found.package, found.server
    if choice is None:
        if not server.remotes:
            raise top.error("package", "is missing, and the entry names no remote server")
        return
    from packaging.version import Version

    offered = {
        (one.identifier, Version(one.version or ""))  # 2.0 is 2.0.0
        for one in server.packages
        if (one.registry_type, one.transport) == (_PYPI, STDIO)
    }
    if (choice.identifier, Version(choice.version)) not in offered:
        raise top.error("package", "is none that the registry's entry offers")


def _package(fields: Fields) -> PackageChoice:
    fields.only("identifier", "version", "script", "requires-python", "platforms")
    platforms = fields.texts("platforms", limit=50)
    if not platforms or set(platforms) - PLATFORMS.keys():
        raise fields.error("platforms", "names no known platform, or one that is not known")
    script = fields.text("script", limit=128)
    if not _SCRIPT.fullmatch(script):
        raise fields.error("script", "is not the name of a script")
    identifier = fields.text("identifier", limit=200)
    if fault := identifier_fault(_PYPI, identifier):
        raise fields.error("identifier", fault)
    return PackageChoice(
        registry_type=_PYPI,
        identifier=identifier,
        version=fields.parsed("version", exact_version),
        script=script,
        requires_python=fields.parsed("requires-python", checked_specifiers),
        platforms=platforms,
    )


def _entry(top: Fields) -> bytes:
    value = top.table.get("server")
    if value is None:
        return b""
    if not isinstance(value, Mapping):
        raise top.error("server", "is not an object")
    return json_text.canonical(value)


def _bare(choice: PackageChoice) -> Package:
    return Package(
        registry_type=_PYPI,
        identifier=choice.identifier,
        version=choice.version,
        transport=STDIO,
    )


def _digest(text: str) -> str:
    if not _SHA256.fullmatch(text):
        message = "is not 64 lowercase hexadecimal characters"
        raise ValueError(message)
    return text
