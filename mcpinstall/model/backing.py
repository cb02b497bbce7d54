"""What a reviewed server rests on: kept in its receipt, judged again at each revocation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """Publisher and reviews of one version, as its manifest names them."""

    issuer: str = ""
    """Empty, as the three after it, where the manifest names no publisher."""
    repository: str = ""
    repository_id: str = ""
    owner_id: str = ""
    reviews: tuple[tuple[str, str], ...] = ()
    """Name and date of every review that counts, or would count if it were not revoked."""
    needed: int = 0
    """How many reviewers have to be left; 0 where there was no review to begin with."""


NO_BACKING = Backing()
"""Of what no registry vouches for, and of receipts that older versions wrote."""
