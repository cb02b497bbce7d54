"""Which versions are meant where somebody names folders, as a person sees them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import authoring, authoring_folders, registry_folder
from mcpinstall.operations.context import Context
from mcpinstall.system import files


def versions(paths: Sequence[Path], context: Context) -> tuple[Path, ...]:
    """Return the folders of versions that are meant: of a registry, the newest of each server.

    What a run that died left of them is settled first.

    Raises:
        McpInstallError: `file-unreadable` for a path that is neither.
    """
    found: list[Path] = []
    for path in map(_upwards, paths):
        _settle(path, context)
        if files.is_file(path / "manifest.toml"):
            found.append(path)
        elif files.is_file(path / "registry.toml"):
            rows = authoring.index_rows(path)
            for name in dict.fromkeys(row.name for row in rows):
                row = registries.newest([row for row in rows if row.name == name])
                found.append(path.joinpath(*name.split("/"), row.version))
        else:
            raise McpInstallError(
                ErrorCode.FILE_UNREADABLE,
                f"`{path}` has neither a `manifest.toml` nor a `registry.toml`",
                hint="name the folder of one version, or that of a registry",
            )
    return tuple(dict.fromkeys(found))


def _upwards(path: Path) -> Path:
    """Return a path whose parents are the folders above it: those of `.` and `..` are not."""
    short = len(path.parts) < 3 and not files.is_file(path / "registry.toml")
    return Path(os.path.abspath(path)) if short or ".." in path.parts else path  # noqa: PTH100


def _settle(path: Path, context: Context) -> None:
    if files.is_file(path / "registry.toml"):
        with registry_folder.alone(path, context):
            authoring_folders.settle_all(path)
    elif path.name and authoring_folders.unsettled(path):  # (`/` has no name)
        with registry_folder.alone(path.parent.parent.parent, context):
            authoring_folders.settle(path)
