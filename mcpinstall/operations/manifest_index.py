"""`mcpi manifest index`: `index.toml` and `registry.toml` for the manifests that are there.

After a person edited a manifest, removed a draft, or a run died between the two files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.operations import authoring, authoring_folders, registry_folder
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits

SOON = timedelta(days=30)
"""Before `expires`, from which on the dates alone are a reason to write it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What an index says, and what it has to say."""

    folder: Path
    registry: RegistryFile
    before: tuple[IndexRow, ...]
    after: tuple[IndexRow, ...]
    why: tuple[str, ...]
    """Why it has to be written; empty where nothing has to."""


def prepare(folder: Path, context: Context) -> Listing:
    """Compare index and registry file with the folders of versions; nothing is written.

    Raises:
        McpInstallError: `file-unreadable` for a folder that is no registry; `registry-invalid`,
            or `manifest-invalid` naming the file.
    """
    registry = registry_folder.present(folder)
    if registry is None:
        raise McpInstallError(
            ErrorCode.FILE_UNREADABLE,
            f"`{folder}` has no `registry.toml`",
            hint="name the folder of a registry; docs/own-registry.md says how to begin one",
        )
    pinned, index = authoring.pinned(folder, registry)
    there = files.read_optional(folder / "index.toml", limits.INDEX_BYTES)
    why = []
    if there != index:
        why.append("`index.toml` is not what the manifests make")
    if pinned != registry:
        why.append("`registry.toml` pins other files than those that are there")
    if registry.expires - context.now < SOON:
        why.append(f"it expires on {registry.expires:%Y-%m-%d}")
    return Listing(
        folder=folder,
        registry=registry,
        before=_rows(there),
        after=authoring.index_rows(folder),
        why=tuple(why),
    )


def _rows(index: bytes | None) -> tuple[IndexRow, ...]:
    try:
        return registry_text.parse_index(index or b"", "index.toml")
    except McpInstallError:
        return ()


def commit(listing: Listing, context: Context) -> tuple[Path, ...]:
    """Write both files, for what is there now; return what was written.

    Raises:
        McpInstallError: as `prepare`; `disk-failed`.
    """
    if not listing.why:
        return ()
    with registry_folder.alone(listing.folder, context):
        authoring_folders.settle_all(listing.folder)
        return registry_folder.renew(listing.folder, context.now)
