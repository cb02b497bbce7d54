"""Outcomes of several servers become one line each: the worst one, and what it rests on."""

from __future__ import annotations

import itertools

import pytest

from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.planning.checks import combined, with_results

WORST_FIRST = (
    Outcome.FAILED,
    Outcome.UNSUPPORTED,
    Outcome.ABSENT,
    Outcome.NOT_CHECKED,
    Outcome.NOT_YET,
    Outcome.VERIFIED,
)


def result(check: Check, outcome: Outcome, evidence: str = "a fact") -> CheckResult:
    return CheckResult(check=check, outcome=outcome, evidence=evidence)


@pytest.mark.parametrize(("worse", "better"), list(itertools.combinations(WORST_FIRST, 2)))
def test_the_worst_outcome_is_the_one_shown(worse: Outcome, better: Outcome) -> None:
    found = combined([result(Check.POLICY, better, "good"), result(Check.POLICY, worse, "bad")])[
        Check.POLICY - 1
    ]

    assert (found.outcome, found.evidence) == (worse, "bad")


def test_what_no_server_was_asked_is_not_yet_run() -> None:
    found = combined([result(Check.REGISTRY, Outcome.VERIFIED)])

    assert [one.check for one in found] == list(Check)
    assert found[0] == result(Check.REGISTRY, Outcome.VERIFIED)
    assert {(one.outcome, one.evidence) for one in found[1:]} == {(Outcome.NOT_YET, "")}


def test_facts_are_told_once_and_manifests_counted() -> None:
    for check, facts, words in (
        (Check.POLICY, ("a", "b", "a"), "a; b"),
        (Check.MANIFEST, ("a", "a"), "a, for each of 2 servers"),
        (Check.MANIFEST, ("a", "b"), "a; b"),
        (Check.MANIFEST, ("a",), "a"),
    ):
        found = combined([result(check, Outcome.VERIFIED, fact) for fact in facts])

        assert found[check - 1].evidence == words


def test_a_later_result_takes_the_place_of_its_check_only() -> None:
    before = combined([result(Check.REGISTRY, Outcome.VERIFIED)])
    late = result(Check.ANSWERS, Outcome.VERIFIED, "8 tools")

    after = with_results(before, late)

    assert after[Check.ANSWERS - 1] == late
    assert [one for one in after if one.check is not Check.ANSWERS] == [
        one for one in before if one.check is not Check.ANSWERS
    ]
