"""Package indexes: where files come from, and the store that keeps them."""

from __future__ import annotations

from mcpinstall.indexes.configured import Index, Source, effective_index
from mcpinstall.indexes.fetching import Fetched, fetch_artifacts
from mcpinstall.indexes.naming import Home, Release, home_of, newest_release
from mcpinstall.indexes.store import Held, Store

__all__ = [
    "Fetched",
    "Held",
    "Home",
    "Index",
    "Release",
    "Source",
    "Store",
    "effective_index",
    "fetch_artifacts",
    "home_of",
    "newest_release",
]
