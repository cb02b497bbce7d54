"""The store of downloaded files: how large it is, and making it smaller."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall import indexes
from mcpinstall.operations.context import Context


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

    Installed servers keep working: they have their own copies.
    """
    freed = indexes.Store(context.paths.artifacts).prune(now=context.now, days=days)
    return CacheSize(files=freed.files, bytes=freed.size)
