"""Folders of manifests: which versions are in them, and their files, read once and bounded.

Links are never followed: who proposes a manifest could point one at any file of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import advisory_text
from mcpinstall.model.document import Document
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.manifest_text import FILES
from mcpinstall.registries import MANIFEST_SIGNATURES, REGISTRY_SIGNATURES, TRUSTED_ROOT
from mcpinstall.system import files, limits

_LIMITS = {
    "attestations.json": limits.ATTESTATIONS_BYTES,
    "manifest.toml": limits.MANIFEST_BYTES,
    "package-lock.json": limits.LOCK_BYTES,
    "pylock.toml": limits.LOCK_BYTES,
    "server.json": limits.SERVER_JSON_BYTES,
    "tools.json": limits.TOOLS_BYTES,
    MANIFEST_SIGNATURES: limits.SIGNATURE_BYTES,
}
_OWN = {
    "registry.toml": limits.REGISTRY_BYTES,
    "index.toml": limits.INDEX_BYTES,
    REGISTRY_SIGNATURES: limits.SIGNATURE_BYTES,
    advisory_text.NAME: limits.ADVISORIES_BYTES,
    TRUSTED_ROOT: limits.SIGNATURE_BYTES,
}
_DEPTH = 3  # namespace, server, version


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """One folder `<namespace>/<server>/<version>` as it lies on the disk."""

    where: str
    """Its path in the registry, with `/`."""
    path: str
    """The same as findings name it."""
    documents: dict[str, Document]
    strangers: tuple[str, ...]
    """Paths, as findings name them, of what does not belong there."""
    unread: tuple[str, ...] = ()
    """Names of files that are there and could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFiles:
    """A registry as it lies on the disk."""

    root: Path
    path: str
    documents: dict[str, Document]
    folders: tuple[FolderFiles, ...]
    strangers: tuple[str, ...]
    """Paths, as findings name them, of what lies beside the versions and belongs to none."""
    unread: tuple[Unchecked, ...]


def roots(paths: Sequence[Path], cwd: Path) -> dict[Path, frozenset[str] | None]:
    """Return the registries that `paths` are or lie in, with the folders that are meant.

    None stands for all of them.  A path that is gone means the version that it was in, one of
    the registry's own files all of it.

    Raises:
        McpInstallError: `not-found` for a path that is in no registry.
    """
    found: dict[Path, frozenset[str] | None] = {}
    for path in paths or (_default(cwd),):
        root, where = _root_of(Path(os.path.normpath(cwd / path)))
        before = found.get(root, frozenset())
        whole = before is None or not where
        found[root] = None if whole else (before or frozenset()) | {where}
    return found


def is_chosen(where: str, chosen: frozenset[str] | None) -> bool:
    """Tell whether a version is one of those that `roots` returned, or lies below one."""
    return chosen is None or any(f"{where}/".startswith(f"{one}/") for one in chosen)


def read(root: Path, cwd: Path) -> RegistryFiles:
    """Read every file of a registry."""
    shown = _shown(root, cwd)
    unread: list[Unchecked] = []
    own = {
        name: document
        for name, limit in _OWN.items()
        if (document := _document(root / name, shown, limit, unread)) is not None
    }
    versions = tuple(_versions(root))
    return RegistryFiles(
        root=root,
        path=shown,
        documents=own,
        folders=tuple(_folder(root, where, shown, unread) for where in versions),
        strangers=tuple(f"{shown}/{one}".removeprefix("./") for one in _strangers(root, versions)),
        unread=tuple(unread),
    )


def _default(cwd: Path) -> Path:
    """Return where a repository keeps its manifests: the folder itself, or `manifests/`."""
    return Path() if files.is_file(cwd / "registry.toml") else Path("manifests")


def _root_of(path: Path) -> tuple[Path, str]:
    for root in (path, *path.parents):
        if files.is_file(root / "registry.toml"):
            parts = path.relative_to(root).parts
            is_named = len(parts) >= _DEPTH or files.is_folder(path)
            return root, "/".join(parts[:_DEPTH]) if is_named else ""
    raise McpInstallError(
        ErrorCode.NOT_FOUND,
        f"`{path}` is no registry and lies in none: there is no `registry.toml`",
        hint="name the folder that has `registry.toml`, or a manifest below it; "
        "docs/own-registry.md says how to begin one",
    )


def _shown(path: Path, cwd: Path) -> str:
    """Return a path as findings name it: relative below the working folder, else whole."""
    return (path.relative_to(cwd) if path.is_relative_to(cwd) else path).as_posix()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with files.disk_errors(f"read `{folder}`"), os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _folders(folder: Path) -> Iterator[str]:
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield entry.name


def _versions(root: Path) -> Iterator[str]:
    """Yield every folder three levels down in which a manifest, or what it pins, could be."""
    for namespace in _folders(root):
        for server in _folders(root / namespace):
            for version in _folders(root / namespace / server):
                folder = root / namespace / server / version
                if any(files.exists(folder / name) for name in ("manifest.toml", *FILES)):
                    yield f"{namespace}/{server}/{version}"


def _strangers(root: Path, versions: Sequence[str]) -> Iterator[str]:
    """Yield what lies in the folders of versions and is none, and links to folders in the root.

    The root may be that of a repository, which has other files, too.
    """
    known = {"/".join(one.split("/")[:depth]) for one in versions for depth in range(1, _DEPTH + 1)}
    for entry in _entries(root):
        if entry.is_symlink() and entry.is_dir():
            yield entry.name
    for place in sorted(one for one in known if one.count("/") < _DEPTH - 1):
        inside = (f"{place}/{entry.name}" for entry in _entries(root / place))
        yield from (one for one in inside if one not in known)


def _folder(root: Path, where: str, shown: str, unread: list[Unchecked]) -> FolderFiles:
    path = f"{shown}/{where}".removeprefix("./")
    documents: dict[str, Document] = {}
    strangers: list[str] = []
    before = len(unread)
    for entry in _entries(root / where):
        if entry.name not in _LIMITS or not entry.is_file(follow_symlinks=False):
            strangers.append(f"{path}/{entry.name}")
            continue
        document = _document(Path(entry.path), path, _LIMITS[entry.name], unread)
        if document is not None:
            documents[entry.name] = document
    return FolderFiles(
        where=where,
        path=path,
        documents=documents,
        strangers=tuple(strangers),
        unread=tuple(gap.subject.rpartition("/")[2] for gap in unread[before:]),
    )


def _document(path: Path, folder: str, limit: int, unread: list[Unchecked]) -> Document | None:
    shown = f"{folder}/{path.name}".removeprefix("./")
    try:
        if path.is_symlink() or not path.exists():
            return None
        return Document(path=shown, data=files.read_bounded(path, limit))
    except McpInstallError as error:
        unread.append(
            Unchecked(subject=shown, code=str(error.code), message=error.message, hint=error.hint)
        )
        return None
