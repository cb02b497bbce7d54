"""Package indexes: where files come from, and the store that keeps them."""

from __future__ import annotations

from mcpinstall.indexes.ages import published
from mcpinstall.indexes.configured import Index, Source, effective_index
from mcpinstall.indexes.fetching import Fetched, fetch_artifacts, look_up_packages
from mcpinstall.indexes.naming import Home, Release, home_of, newest_release, offered_wheels
from mcpinstall.indexes.provenance import Offered, origin_of
from mcpinstall.indexes.store import Held, Store

__all__ = [
    "Fetched",
    "Held",
    "Home",
    "Index",
    "Offered",
    "Release",
    "Source",
    "Store",
    "effective_index",
    "fetch_artifacts",
    "home_of",
    "look_up_packages",
    "newest_release",
    "offered_wheels",
    "origin_of",
    "published",
]
