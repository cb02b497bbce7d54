"""The world that whole operations are tried in."""

from __future__ import annotations

from tests.builders.world import index, world

__all__ = ["index", "world"]
