"""The slowest check of each rule on hostile texts: `python -m tests.bench.bench_audit_rules`.

Prints processor time of the worst of all texts and places, the worst rule first.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from mcpinstall.rules.audit import FACT_CHECKS, FILE_CHECKS, SERVER_CHECKS
from mcpinstall.rules.audit.asked import asked_paths
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.machine_facts import MachineFacts
from tests.builders.hostile_values import PLACES, SIZE, texts

BUDGET = 50  # ms of processor time


def main() -> None:
    """Print a line for each check; end with 1 where one takes more than the budget."""
    worst: dict[str, tuple[float, str]] = {}
    for text_name, text in texts(SIZE):
        for place, build in PLACES.items():
            one = build(text)
            for host in ("", "cursor-project"):
                for rules, call in checks():
                    took = min(timed(call, one, host) for _ in range(2))
                    if took > worst.get(rules, (0, ""))[0]:
                        worst[rules] = (took, f"{text_name}, {place}, host `{host}`")
    for rules, (took, where) in sorted(worst.items(), key=lambda row: -row[1][0]):
        mark = "OVER " if took > BUDGET else ""
        print(f"{took:8.1f} ms  {mark}{rules}: {where}")
    sys.exit(any(took > BUDGET for took, _ in worst.values()))


def checks() -> Iterator[tuple[str, Callable[[Any, FileFacts], object]]]:
    """Yield the ids of each check's rules, and a call of it."""
    for rules, check in SERVER_CHECKS:
        yield named(rules), partial(_of_server, check)
    for rules, fact_check in FACT_CHECKS:
        yield named(rules), partial(_of_facts, fact_check)
    for rules, file_check in FILE_CHECKS:
        yield f"{named(rules)} of the file", partial(_of_file, file_check)
    yield "paths that are asked for", lambda one, _: list(asked_paths(one))


def _of_server(check: Any, one: Any, _: FileFacts) -> object:  # noqa: ANN401
    return list(check(one, MachineFacts()))


def _of_facts(check: Any, one: Any, facts: FileFacts) -> object:  # noqa: ANN401
    return list(check(one, facts))


def _of_file(check: Any, one: Any, facts: FileFacts) -> object:  # noqa: ANN401
    return list(check([one], facts))


def named(rules: tuple[Any, ...]) -> str:
    """Return the ids of rules."""
    return " ".join(rule.id for rule in rules)


def timed(call: Callable[[Any, FileFacts], object], one: object, host: str) -> float:
    """Return the milliseconds that a call took."""
    start = time.process_time()
    call(one, FileFacts(host=host))
    return (time.process_time() - start) * 1000


if __name__ == "__main__":
    main()
