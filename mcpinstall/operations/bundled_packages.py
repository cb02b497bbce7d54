"""Which package each server of the bundled registry is made of, as its manifest says."""

from __future__ import annotations

import contextlib
import tomllib

from mcpinstall import registries
from mcpinstall.errors import McpInstallError
from mcpinstall.model.names import normalized_package
from mcpinstall.model.registry import IndexRow
from mcpinstall.system import limits
from mcpinstall.system.files import read_optional


def package_of(row: IndexRow) -> str:
    """Return the package of the Python index that a row is made of; empty where there is none.

    The installation compares the manifest's digest; this is only for finding the row.
    """
    file = registries.bundled_folder() / row.name / row.version / "manifest.toml"
    with contextlib.suppress(McpInstallError, ValueError):
        data = read_optional(file, limits.MANIFEST_BYTES) or b""
        choice = tomllib.loads(data.decode("utf-8")).get("package", {})
        if choice.get("registryType") == "pypi":
            return normalized_package(str(choice.get("identifier")))
    return ""


def named_by(package: str, bundled: registries.Registry) -> str | None:
    """Return what `mcpi install` takes for the server that is made of a package."""
    wanted = normalized_package(package)
    for row in bundled.index():
        if wanted and package_of(row) == wanted:
            return bundled.alias_of(row.name) or row.name
    return None
