"""One root cause, one finding: which rules say what another one says better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcpinstall.rules.audit.rule import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Hides:
    """What a rule makes superfluous."""

    rules: frozenset[str]
    """Ids of the hidden rules."""
    everywhere: bool = False
    """In the whole server; else only at the same JSON pointer."""


HIDES: dict[str, Hides] = {
    "MA304": Hides(rules=frozenset({"MA301", "MA302", "MA303"})),
    "MA403": Hides(rules=frozenset({"MA401"})),
    "MA405": Hides(rules=frozenset({"MA401", "MA303", "MA304"}), everywhere=True),
    "MA407": Hides(rules=frozenset({"MA401"}), everywhere=True),
    "MA702": Hides(rules=frozenset({"MA107"})),
    "MA701": Hides(rules=frozenset({"MA702", "MA709"})),
}
"""Id of the more specific rule → what it hides.

MA405 hides the secret that is sent in clear text: it says so itself.
"""


def without_hidden(hits: Sequence[Hit], hides: dict[str, Hides]) -> tuple[Hit, ...]:
    """Return the hits of one server that no other one makes superfluous, in their order."""
    return tuple(hit for hit in hits if not _is_hidden(hit, hits, hides))


def _is_hidden(hit: Hit, hits: Iterable[Hit], hides: dict[str, Hides]) -> bool:
    for other in hits:
        table = hides.get(other.rule.id)
        if table is None or hit.rule.id not in table.rules:
            continue
        if table.everywhere or other.pointer == hit.pointer:
            return True
    return False
