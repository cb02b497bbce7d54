"""Packages whose name is that of a reviewed server's package, or nearly so (threat T07)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from mcpinstall import registries
from mcpinstall.errors import McpInstallError
from mcpinstall.model.names import normalized_package
from mcpinstall.model.near_names import are_near
from mcpinstall.operations.context import Context


def warning(package: str, context: Context) -> str:
    """Return what to tell of a package that nobody reviewed; empty where no name is near.

    Compared with the servers that are shipped with the program, whose packages are known.
    """
    for reviewed, server in _reviewed(context):
        if reviewed == package:
            return f"a version of this package was reviewed: `mcpi install {server}`"
        if are_near(reviewed, package):
            return (
                f"its name is nearly that of `{reviewed}`, which was reviewed: "
                f"`mcpi install {server}`"
            )
    return ""


def _reviewed(context: Context) -> Iterator[tuple[str, str]]:
    """Yield package and server of every version that was reviewed and not revoked."""
    bundled = registries.open_bundled(context.paths, context.now)
    for row in bundled.index():
        with contextlib.suppress(McpInstallError):
            package = bundled.find(row.name, row.version).manifest.package
            if package is not None:
                server = bundled.alias_of(row.name) or row.name
                yield normalized_package(package.identifier), server
