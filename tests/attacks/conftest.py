"""The world that attacks on whole operations happen in."""

from __future__ import annotations

from tests.builders.vaults import session, vault
from tests.builders.world import index, world

__all__ = ["index", "session", "vault", "world"]
