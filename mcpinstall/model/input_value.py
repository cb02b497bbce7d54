"""One answered input of a server, as plans and receipts keep it."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall.model.host import SecretPlace


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
    place: SecretPlace | None = None
    """Where the user wants a secret to be; None leaves it to each host."""
    keyring: str | None = None
    """Last part of the account under which the keyring has it; not a secret itself."""
    variables: tuple[tuple[str, str, str], ...] = ()
    """Variables that the launcher sets to it, each with the text before and behind it; without
    any, the one of the input's own name."""
