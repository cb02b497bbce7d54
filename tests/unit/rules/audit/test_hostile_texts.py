"""Every rule on texts of five megabytes in every place: `bench_audit_rules` tells the times."""

from __future__ import annotations

from itertools import islice

import pytest

from mcpinstall.rules.audit import FACT_CHECKS, FILE_CHECKS, RULES, SERVER_CHECKS
from mcpinstall.rules.audit.asked import asked_paths
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.machine_facts import MachineFacts
from tests.builders.hostile_values import MANY, PLACES, texts
from tests.builders.watchdog import ends

SMALL = 40_000
"""Characters of a text; few shapes and places have all of five MB."""
EACH = 5
"""Of so many shapes one is tried in a place; the bench tries all."""
FACTS = FileFacts(host="cursor-project")
SHAPES = ("'a'", "' '", "'${'", "'://'", "'ghp_'", "'--a='", "'curl |'", "'\\u202e'", "'a.'", "'/'")


def judge(place: str, text: str) -> set[str]:
    """Ask every rule; return the ids of those that were asked."""
    one = {**PLACES, **MANY}[place](text)
    asked = set()
    for rules, check in SERVER_CHECKS:
        asked |= {rule.id for rule in rules}
        list(check(one, MachineFacts()))
    for rules, fact_check in FACT_CHECKS:
        asked |= {rule.id for rule in rules}
        list(fact_check(one, FACTS))
    for rules, file_check in FILE_CHECKS:
        asked |= {rule.id for rule in rules}
        list(file_check([one], FACTS))
    list(asked_paths(one))
    return asked


@pytest.mark.parametrize(("number", "place"), list(enumerate([*PLACES, *MANY])))
def test_no_shape_of_a_text_takes_time_of_its_square(number: int, place: str) -> None:
    asked = set[str]()
    for _, text in islice(texts(SMALL), number % EACH, None, EACH):
        with ends(2):
            asked = judge(place, text)
    assert asked == {rule.id for rule in RULES}


@pytest.mark.parametrize("place", ["behind ``", "behind `sh -c`", "behind `npx`", "the address",
                                   "behind `docker run -v`", "a variable's name", "a header",
                                   "the value of PATH", "the server's name"])  # fmt: skip
def test_five_megabytes_take_no_time_of_their_square(place: str) -> None:
    for name, text in texts():
        if name in SHAPES:
            with ends(5):
                judge(place, text)
