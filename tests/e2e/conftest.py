"""The world that whole operations are tried in, and the odd places of single users."""

from __future__ import annotations

from tests.builders.odd_places import place, shop
from tests.builders.vaults import session, vault
from tests.builders.world import index, world

__all__ = ["index", "place", "session", "shop", "vault", "world"]
