"""What the codecs share: the two ways in which a file can't be edited."""

from __future__ import annotations

from typing import NoReturn


class ScanError(ValueError):
    """The document is not what its dialect allows, at byte `offset`; -1 is an unknown place.

    Then `word` is a key or name that stands near it, as far as one is known.
    """

    def __init__(self, message: str, offset: int, word: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.word = word


class FormError(ValueError):
    """The servers are written in a form in which our edit would be wrong or unclear."""


def reason(error: ValueError) -> str:
    """Return what a parser complained of; Python's own limit on digits in words for a reader."""
    text = str(error)
    return "it has a number of thousands of digits" if "int_max_str_digits" in text else text


def refuse_constant(name: str) -> NoReturn:
    """Refuse `NaN` and `Infinity`, which `json` accepts and JSON does not."""
    raise ValueError(f"{name} is not JSON")
