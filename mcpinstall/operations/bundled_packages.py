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

_TABLE = "\n[package]\n"


def choice_of(row: IndexRow) -> tuple[str, str]:
    """Return kind and name of the package that a row is made of, such as `pypi`; empty for none.

    An installation compares the manifest's digest; this is only for finding the row, and reads
    one table of a file in canonical form.
    """
    file = registries.bundled_folder() / row.name / row.version / "manifest.toml"
    with contextlib.suppress(McpInstallError, ValueError):
        text = (read_optional(file, limits.MANIFEST_BYTES) or b"").decode("utf-8")
        choice = tomllib.loads(text.partition(_TABLE)[2].partition("\n[")[0])
        return str(choice.get("registryType", "")), str(choice.get("identifier", ""))
    return "", ""


def package_of(row: IndexRow) -> str:
    """Return the package of the Python index that a row is made of; empty where there is none."""
    kind, name = choice_of(row)
    return normalized_package(name) if kind == "pypi" else ""


def named_by(package: str, bundled: registries.Registry) -> str | None:
    """Return what `mcpi install` takes for the server that is made of a package."""
    wanted = normalized_package(package)
    for row in bundled.index():
        if wanted and package_of(row) == wanted:
            return bundled.alias_of(row.name) or row.name
    return None
