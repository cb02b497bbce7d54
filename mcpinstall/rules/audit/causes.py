"""One cause, one finding: which rule says more than another about the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpinstall.rules.audit.rule import Hit

SAME_PLACE = (
    ("MA105", "MA101"), ("MA105", "MA102"), ("MA105", "MA103"), ("MA105", "MA104"),
    ("MA105", "MA106"), ("MA105", "MA107"),
    ("MA103", "MA101"), ("MA103", "MA102"),
    ("MA702", "MA107"), ("MA701", "MA709"), ("MA702", "MA709"),
    ("MA304", "MA301"), ("MA304", "MA302"), ("MA304", "MA303"),
    ("MA403", "MA401"), ("MA602", "MA603"),
)  # fmt: skip
"""The first hides the second where both name the same value."""

SAME_SERVER = (
    ("MA405", "MA401"), ("MA405", "MA303"),
    ("MA201", "MA202"), ("MA203", "MA202"),
)  # fmt: skip
"""The first hides the second in the whole entry."""


def without_general(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits of one server without those that a more specific one explains."""
    rules = {hit.rule.id for hit in hits}
    places = {(hit.rule.id, hit.pointer) for hit in hits}
    hidden = {general for special, general in SAME_SERVER if special in rules}
    kept: dict[tuple[str, str, str], Hit] = {}
    for hit in hits:
        explained = _explained(hit, places)
        if hit.rule.id not in hidden and not explained:
            kept.setdefault((hit.rule.id, hit.pointer, hit.message), hit)
    return tuple(kept.values())


def _explained(hit: Hit, places: Iterable[tuple[str, str]]) -> bool:
    found = set(places)
    return any(
        general == hit.rule.id and (special, hit.pointer) in found
        for special, general in SAME_PLACE
    )
