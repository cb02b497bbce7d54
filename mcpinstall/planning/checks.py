"""Outcomes of several servers as one line for each check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcpinstall.model.checks import Check, CheckResult, Outcome

_WORST_FIRST = (
    Outcome.FAILED,
    Outcome.UNSUPPORTED,
    Outcome.ABSENT,
    Outcome.NOT_CHECKED,
    Outcome.NOT_YET,
    Outcome.VERIFIED,
)


def combined(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Return one result for each check in order: the worst outcome and the facts behind it.

    A check of which nothing is known yet is `not yet run`.
    """
    found = tuple(results)
    return tuple(one(check, [r for r in found if r.check is check]) for check in Check)


def one(check: Check, results: Sequence[CheckResult]) -> CheckResult:
    """Return the outcome of one check for several servers: the worst, and the facts behind it."""
    if not results:
        return CheckResult(check=check, outcome=Outcome.NOT_YET, evidence="")
    outcome = min((result.outcome for result in results), key=_WORST_FIRST.index)
    facts = dict.fromkeys(result.evidence for result in results if result.outcome is outcome)
    evidence = "; ".join(facts)
    if check is Check.MANIFEST and len(facts) < len(results):
        evidence = f"{evidence}, for each of {len(results)} servers"
    return CheckResult(check=check, outcome=outcome, evidence=evidence)


def with_results(before: tuple[CheckResult, ...], *results: CheckResult) -> tuple[CheckResult, ...]:
    """Return `before` with the given checks' results put in."""
    fresh = {result.check: result for result in results}
    return tuple(fresh.get(result.check, result) for result in before)
