"""One cause, one finding: what hides what, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.causes import without_general
from mcpinstall.rules.audit.rule import Hit, Persona, rule

GENERAL = rule(101, "general", Severity.HIGH, "General", cwe=1)
SPECIAL = rule(105, "special", Severity.CRITICAL, "Special", cwe=1)
"""The table says: where both name one value, the second hides the first."""


def hit(number: int, pointer: str = "/a", message: str = "x", who: Persona | None = None) -> Hit:
    named = GENERAL if number == 101 else SPECIAL
    return Hit(rule=named, pointer=pointer, message=message, persona=who)


@pytest.mark.parametrize(
    ("special", "general", "is_hidden"),
    [
        (None, None, True),
        (Persona.REGULAR, Persona.REGULAR, True),
        (None, Persona.PEDANTIC, True),
        (Persona.PEDANTIC, Persona.PEDANTIC, True),
        (Persona.PEDANTIC, Persona.AUDITOR, True),
        (Persona.PEDANTIC, None, False),
        (Persona.AUDITOR, None, False),
        (Persona.AUDITOR, Persona.PEDANTIC, False),
    ],
)
def test_what_somebody_does_not_hear_explains_nothing(
    special: Persona | None, general: Persona | None, is_hidden: bool
) -> None:
    both = (hit(101, who=general), hit(105, who=special))

    assert without_general(both) == (both[1:] if is_hidden else both)
    assert without_general(both[::-1]) == (both[1:] if is_hidden else both[::-1])


def test_who_hears_of_a_rule_counts_where_a_hit_says_nothing() -> None:
    rare = replace(SPECIAL, persona=Persona.AUDITOR)
    both = (hit(101), replace(hit(105), rule=rare))

    assert without_general(both) == both
    assert without_general((both[0], replace(both[1], persona=Persona.REGULAR))) != both


def test_the_same_is_told_once() -> None:
    several = (hit(101), hit(101, pointer="/b"), hit(101, message="y"), hit(105, pointer="/c"),
               hit(101, pointer="/d"), hit(101), hit(105, pointer="/c", message="z"))  # fmt: skip

    assert without_general(several) == (*several[:5], several[6])
    other = replace(hit(101, pointer="/c"), rule=rule(999, "o", Severity.LOW, "Other", cwe=1))
    assert without_general((*several, other))[-1] == other


HERE = (
    "MA105 MA101", "MA105 MA102", "MA105 MA103", "MA105 MA104", "MA105 MA106", "MA105 MA107",
    "MA103 MA101", "MA103 MA102", "MA602 MA603", "MA304 MA301", "MA304 MA302", "MA304 MA303",
    "MA403 MA401", "MA701 MA702", "MA701 MA709", "MA702 MA709", "MA702 MA107",
)  # fmt: skip
ANYWHERE = ("MA201 MA202", "MA203 MA202", "MA405 MA401", "MA405 MA303")


@pytest.mark.parametrize("pair", [*HERE, *ANYWHERE])
def test_what_says_more_hides_what_says_less_where_it_is_about_the_same(pair: str) -> None:
    more, less = (rule(int(one[2:]), "o", Severity.LOW, "Other", cwe=1) for one in pair.split())
    special, general = (Hit(rule=one, pointer="/a", message="x") for one in (more, less))
    elsewhere = replace(general, pointer="/b")

    assert without_general((general, special)) == (special,)
    kept = (special,) if pair in ANYWHERE else (special, elsewhere)
    assert without_general((special, elsewhere)) == kept
    assert without_general((general,)) == (general,)
