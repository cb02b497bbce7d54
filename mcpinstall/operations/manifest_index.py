"""`mcpi manifest index`: `index.toml` and `registry.toml` for the manifests that are there.

After a person edited a manifest, removed a draft, or a run died between the two files.  A manifest
that was edited is printed again, in the one way that is canonical.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text, registry_text
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.operations import authoring, authoring_folders, registry_folder
from mcpinstall.operations.context import Context
from mcpinstall.registries import MANIFEST_SIGNATURES
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
    printed: tuple[Path, ...]
    """Manifests that were edited and are not written as they are printed."""


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
    before = _rows(there)
    printed = tuple(path for path, _ in _edited(folder, before))
    why = [f"`{path}` is not written as mcpinstall prints it" for path in printed]
    if there != index:
        why.append("`index.toml` is not what the manifests make")
    if pinned != registry:
        why.append("`registry.toml` pins other files than those that are there")
    if registry.expires - context.now < SOON:
        why.append(f"it expires on {registry.expires:%Y-%m-%d}")
    return Listing(
        folder=folder,
        registry=registry,
        before=before,
        after=authoring.index_rows(folder),
        why=tuple(why),
        printed=printed,
    )


def _edited(folder: Path, before: Sequence[IndexRow]) -> Iterator[tuple[Path, bytes]]:
    """Yield manifests that no index has as they are, and what they are when they are printed.

    One that somebody signed stays: a signature is over its bytes.
    """
    listed = {row.sha256 for row in before}
    for row in authoring.index_rows(folder):
        path = folder.joinpath(*row.name.split("/"), row.version, "manifest.toml")
        signed = files.exists(path.with_name(MANIFEST_SIGNATURES))
        if row.sha256 in listed or signed or path.is_symlink() or not files.is_file(path):
            continue
        data = files.read_bounded(path, limits.MANIFEST_BYTES)
        text = manifest_text.dump(manifest_text.parse(data, str(path)))
        if text != data:
            yield path, text


def _rows(index: bytes | None) -> tuple[IndexRow, ...]:
    try:
        return registry_text.parse_index(index or b"", "index.toml")
    except McpInstallError:
        return ()


def commit(listing: Listing, context: Context) -> tuple[Path, ...]:
    """Write both files, and edited manifests, for what is there now; return what was written.

    Raises:
        McpInstallError: as `prepare`; `disk-failed`.
    """
    if not listing.why:
        return ()
    with registry_folder.alone(listing.folder, context):
        authoring_folders.settle_all(listing.folder)
        edited = tuple(_edited(listing.folder, listing.before))
        for path, text in edited:
            files.write_atomic(path, text, mode=0o644)
        renewed = registry_folder.renew(listing.folder, context.now)
        return (*(path for path, _ in edited), *renewed)
