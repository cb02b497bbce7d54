"""The files of one version of a manifest as they are on the disk: whole, a draft, or edited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_text, manifest_text, server_text, tool_text
from mcpinstall.model.lock import NO_LOCK, Lock
from mcpinstall.model.manifest import Manifest
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.operations import authoring
from mcpinstall.system import files, limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The files of one version as they are; it may be a draft."""

    folder: Path
    manifest: Manifest
    server: bytes
    lock: Lock
    tools: ToolList
    edited: bool = False
    """Whether `server.json` is not the one that the manifest names."""

    @property
    def is_draft(self) -> bool:
        """Whether a person still owes something."""
        return not self.tools.known or not all(hook.reason for hook in self.manifest.hooks)


def same_files(one: Lock, other: Lock) -> bool:
    """Tell whether two locks pin the same files under the same conditions.

    Where an index has them, and since when, is no difference.
    """
    return _meaning(one) == _meaning(other)


def _meaning(lock: Lock) -> object:
    return lock.requires_python, sorted(
        (
            one.name,
            one.version,
            one.marker or "",
            sorted((wheel.filename, wheel.sha256) for wheel in one.wheels),
        )
        for one in lock.packages
    )


def present(folder: Path, *, editable: bool = False) -> Present:
    """Return the files of a version, each compared with its digest; a draft may lack some.

    With `editable`, a person may have changed `server.json`.

    Raises:
        McpInstallError: `digest-mismatch`, `file-unreadable`, or the refusal of a parser.
    """
    path = folder / "manifest.toml"
    manifest = manifest_text.parse(
        files.read_bounded(path, limits.MANIFEST_BYTES), str(path), draft=True
    )
    own = files.read_bounded(folder / "server.json", limits.SERVER_JSON_BYTES)
    edited = hashlib.sha256(own).hexdigest() != dict(manifest.files)["server.json"]
    found = {
        name: own if editable and name == "server.json" else _compared(folder / name, digest)
        for name, digest in manifest.files
    }
    server_text.parse(found["server.json"], str(folder / "server.json"))
    lock, tools = found.get("pylock.toml"), found.get("tools.json")
    return Present(
        folder=folder,
        manifest=manifest,
        server=found["server.json"],
        lock=NO_LOCK if lock is None else lock_text.parse(lock, str(folder / "pylock.toml")),
        tools=UNKNOWN_TOOLS
        if tools is None
        else tool_text.parse_tools(tools, str(folder / "tools.json")),
        edited=edited,
    )


def _compared(path: Path, sha256: str) -> bytes:
    data = files.read_bounded(path, authoring.LIMITS.get(path.name, limits.MANIFEST_BYTES))
    if hashlib.sha256(data).hexdigest() != sha256:
        raise McpInstallError(
            ErrorCode.DIGEST_MISMATCH, f"`{path}` is not the file that its manifest names"
        )
    return data
