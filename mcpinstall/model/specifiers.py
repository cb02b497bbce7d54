"""Ranges of versions."""

from __future__ import annotations


def checked_specifiers(text: str) -> str:
    """Return `text` if it is a set of version specifiers (PEP 440), such as `>=3.11,<4`.

    Raises:
        ValueError: It is none.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        message = "is not a version specifier (PEP 440)"
        raise ValueError(message) from None
    return text
