"""One cause, one finding: which rule says more than another about the same thing."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.rules.audit import values
from mcpinstall.rules.audit.rule import Hit, Persona

_LAUNCHING = (
    ("MA105", "MA101", False), ("MA105", "MA102", False), ("MA105", "MA103", False),
    ("MA105", "MA104", False), ("MA105", "MA106", False), ("MA105", "MA107", False),
    ("MA103", "MA101", False), ("MA103", "MA102", False),
    ("MA201", "MA202", True), ("MA203", "MA202", True),
    ("MA602", "MA603", False),
)  # fmt: skip

HIDES: tuple[tuple[str, str, bool], ...] = (*_LAUNCHING, *values.HIDES)
"""The first rule hides the second: True in the whole server, False where both name one value."""


def without_general(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits of one server without those that a more specific one explains.

    What only pedants hear of explains nothing to others.
    """
    ids: set[tuple[Persona, str]] = set()
    places: set[tuple[Persona, str, str]] = set()
    for one in hits:
        heard = _HEARD[_HEARD.index(_persona(one)) :]
        ids |= {(each, one.rule.id) for each in heard}
        places |= {(each, one.rule.id, one.pointer) for each in heard}
    kept: dict[tuple[str, str, str], Hit] = {}
    for hit in hits:
        who = _persona(hit)
        hidden = any(
            general == hit.rule.id
            and ((who, special) in ids if everywhere else (who, special, hit.pointer) in places)
            for special, general, everywhere in HIDES
        )
        if not hidden:
            kept.setdefault((hit.rule.id, hit.pointer, hit.message), hit)
    return tuple(kept.values())


_HEARD = tuple(Persona)


def _persona(hit: Hit) -> Persona:
    return hit.persona or hit.rule.persona
