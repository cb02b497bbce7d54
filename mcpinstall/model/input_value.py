"""One answered input of a server, as plans and receipts keep it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InputValue:
    """One resolved input of a server."""

    name: str
    value: str | None
    """None for a secret that is a reference."""
    reference: str | None = None
    secret: bool = False
    source: str = "user"
    """`user`, `default` or `fixed`."""
