"""A secret on its way to the keyring: never shown, compared or written by accident."""

from __future__ import annotations

from dataclasses import dataclass


class Secret:
    """The text of a secret; only `reveal` gives it out.

    Its representation is a mark, so that no log, error or snapshot of a plan holds it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the keyring alone."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce__(self) -> str:
        message = "a secret is not written anywhere"
        raise TypeError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSecret:
    """A secret that a change puts into the keyring."""

    account: str
    label: str
    """What the keyring's own program shows: `TOKEN of github`."""
    secret: Secret
