"""What is kept to be fetched less often: how large it is, and making it smaller."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mcpinstall import indexes
from mcpinstall.operations.context import Context
from mcpinstall.system import files


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSize:
    """A number of files and their bytes together."""

    files: int
    bytes: int


def size(context: Context) -> CacheSize:
    """Return how many files are kept and how many bytes they take."""
    store = indexes.Store(context.paths.artifacts)
    others = [found.st_size for _, found in _others(context)]
    return CacheSize(files=store.count() + len(others), bytes=store.size() + sum(others))


def prune(context: Context, days: int | None = None) -> CacheSize:
    """Delete what was not used for `days` days (None: everything), and return what that freed.

    Installed servers keep working: they have their own copies.  What rules found in manifests is
    forgotten, too.
    """
    freed = indexes.Store(context.paths.artifacts).prune(now=context.now, days=days)
    count, taken = freed.files, freed.size
    for path, found in _others(context):
        age = timedelta(seconds=context.now.timestamp() - found.st_mtime)
        if days is None or age > timedelta(days=days):
            with files.disk_errors(f"delete `{path}`"):
                path.unlink(missing_ok=True)
            count, taken = count + 1, taken + found.st_size
    return CacheSize(files=count, bytes=taken)


def _others(context: Context) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what is kept beside downloads: attestations, locks, files of registries, results."""
    paths = context.paths
    for folder in (paths.attestations, paths.locks, paths.tuf, paths.checked):
        with files.disk_errors(f"read `{folder}`"):
            found = list(folder.rglob("*")) if folder.is_dir() and not folder.is_symlink() else []
            for path in found:
                with contextlib.suppress(FileNotFoundError):
                    status = path.lstat()
                    if not stat.S_ISDIR(status.st_mode):
                        yield path, status
