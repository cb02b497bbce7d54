"""Registries: which servers are there, who vouches for them, and how fresh the answer is."""

from __future__ import annotations

from mcpinstall.registries.mcp_api import McpRegistry
from mcpinstall.registries.memory import latest, note_revocations, remember
from mcpinstall.registries.names import is_newer, newest, order, resolve
from mcpinstall.registries.single import one_version
from mcpinstall.registries.sources import (
    bundled_folder,
    clock_words,
    open_bundled,
    open_folder,
    open_tuf,
    require_unexpired,
    root_path,
)
from mcpinstall.registries.tree import TRUSTED_ROOT, Registry
from mcpinstall.registries.vouching import (
    MANIFEST_SIGNATURES,
    REGISTRY_SIGNATURES,
    Vouched,
    Voucher,
)

__all__ = [
    "MANIFEST_SIGNATURES",
    "REGISTRY_SIGNATURES",
    "TRUSTED_ROOT",
    "McpRegistry",
    "Registry",
    "Vouched",
    "Voucher",
    "bundled_folder",
    "clock_words",
    "is_newer",
    "latest",
    "newest",
    "note_revocations",
    "one_version",
    "open_bundled",
    "open_folder",
    "open_tuf",
    "order",
    "remember",
    "require_unexpired",
    "resolve",
    "root_path",
]
