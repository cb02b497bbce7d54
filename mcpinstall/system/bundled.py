"""The registry that is shipped inside the program: where it lies, and what it revokes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import mcpinstall
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import files, limits

ROOT = hashlib.sha256(b"mcpinstall bundled registry").hexdigest()
"""The bundled registry is trusted as the program is: its root is a fixed name."""


def folder() -> Path:
    """Return the folder of the bundled registry: in the wheel, else in the source checkout.

    Raises:
        McpInstallError: `registry-invalid` when there is none.
    """
    package = Path(mcpinstall.__file__).resolve().parent
    if (package / "_manifests").is_dir():
        return package / "_manifests"
    checkout = package.parent
    if (checkout / "manifests").is_dir() and _is_our_checkout(checkout):
        return checkout / "manifests"
    raise McpInstallError(
        ErrorCode.REGISTRY_INVALID,
        "the registry that belongs to this program is missing",
        hint="install mcpinstall again",
    )


def _is_our_checkout(path: Path) -> bool:
    import tomllib

    data = files.read_optional(path / "pyproject.toml", limits.MANIFEST_BYTES)
    try:
        project = tomllib.loads((data or b"").decode()).get("project", {})
    except ValueError:
        return False
    return isinstance(project, dict) and project.get("name") == "mcpinstall"
