"""The store of downloaded files: how large it is, and making it smaller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mcpinstall import indexes
from mcpinstall.operations.context import Context
from mcpinstall.system import files


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSize:
    """A number of files and their bytes together."""

    files: int
    bytes: int


def size(context: Context) -> CacheSize:
    """Return how many files the store holds and how many bytes they take."""
    store = indexes.Store(context.paths.artifacts)
    return CacheSize(files=store.count(), bytes=store.size())


def prune(context: Context, days: int | None = None) -> CacheSize:
    """Delete what was not used for `days` days (None: everything), and return what that freed.

    Installed servers keep working: they have their own copies.  What rules found in manifests is
    forgotten likewise.
    """
    _forget(context, days)
    freed = indexes.Store(context.paths.artifacts).prune(now=context.now, days=days)
    return CacheSize(files=freed.files, bytes=freed.size)


def _forget(context: Context, days: int | None) -> None:
    folder = context.paths.checked
    with files.disk_errors(f"delete below `{folder}`"):
        for path in folder.glob("*/*.json"):
            age = timedelta(seconds=context.now.timestamp() - path.stat().st_mtime)
            if days is None or age > timedelta(days=days):
                path.unlink(missing_ok=True)
