"""Refuse a skip or expected failure that nobody decided on: `check_skips.py JUNIT_XML KNOWN`.

A line of KNOWN is `MOST PATTERN`: at most MOST tests may be skipped with a reason that PATTERN, a
regular expression, matches whole.  `#` starts a comment line.
"""

import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path


def known(path: Path) -> list[tuple[int, re.Pattern[str]]]:
    """Return `(most, pattern)` for each line of the file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return [(int(most), re.compile(pattern)) for most, pattern in rows]


def reasons(path: Path) -> list[tuple[str, str]]:
    """Return `(test, reason)` for each test that did not run to its end."""
    return [
        (f"{case.get('classname')}::{case.get('name')}", skipped.get("message", ""))
        for case in ET.parse(path).iter("testcase")
        for skipped in case.iter("skipped")
    ]


def main() -> None:
    """Count the skips by reason and compare."""
    report, list_of_known = map(Path, sys.argv[1:])
    rows = known(list_of_known)
    counts, problems = Counter(), []
    for test, reason in reasons(report):
        row = next((row for row in rows if row[1].fullmatch(reason)), None)
        if row is None:
            problems.append(f"{test} is skipped for a reason that isn't known: {reason!r}")
        else:
            counts[row] += 1
    problems += [
        f"{count} tests are skipped as `{pattern.pattern}`, at most {most} may be"
        for (most, pattern), count in counts.items()
        if count > most
    ]
    for (_, pattern), count in counts.items():
        print(f"skips: {count} × {pattern.pattern}")
    if problems:
        raise SystemExit("\n".join(f"error: {problem}" for problem in problems))


if __name__ == "__main__":
    main()
