"""Patterns of a policy: plain text in which `*` stands for any text.  No regular expressions."""

from __future__ import annotations

_FRESH = "\0"
"""A character that neither patterns nor names hold: what `*` may stand for."""


def matches(pattern: str, text: str) -> bool:
    """Tell whether `pattern` matches the whole of `text`; linear in both, whatever they are.

    Each piece between two stars is taken where it first occurs, so nothing is ever tried again.
    """
    first, *pieces = pattern.split("*")
    if not pieces:
        return pattern == text
    last = pieces.pop()
    end = len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last) or end < len(first):
        return False
    place = len(first)
    for piece in pieces:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def covers(wide: str, narrow: str) -> bool:
    """Tell whether `wide` matches all that `narrow` matches.

    Exact, also for several wide patterns tried one by one: one of them must match `narrow` with
    a character in each star's place that stands in none of them.
    """
    return matches(wide, narrow.replace("*", _FRESH))
