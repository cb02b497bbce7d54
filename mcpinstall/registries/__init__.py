"""Registries: which servers are there, who vouches for them, and how fresh the answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpinstall.registries.sources import (
    bundled_folder,
    clock_words,
    open_bundled,
    open_folder,
    open_tuf,
    require_unexpired,
    root_path,
)

if TYPE_CHECKING:
    from mcpinstall.registries.mcp_api import McpRegistry
    from mcpinstall.registries.memory import latest, note_revocations, remember
    from mcpinstall.registries.names import is_newer, newest, order, resolve
    from mcpinstall.registries.single import one_version
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


def __getattr__(name: str) -> object:
    """Return what is offered here and was not loaded yet: the commands that only look need none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mcpinstall.registries import mcp_api, memory, names, single, tree, vouching

    homes = (
        (mcp_api, "McpRegistry"),
        (memory, "latest note_revocations remember"),
        (names, "is_newer newest order resolve"),
        (single, "one_version"),
        (tree, "TRUSTED_ROOT Registry"),
        (vouching, "MANIFEST_SIGNATURES REGISTRY_SIGNATURES Vouched Voucher"),
    )
    found: object
    for module, offered in homes:
        if name in offered.split():
            found = globals()[name] = vars(module)[name]
    return found
