"""Ratings of vectors: the examples that FIRST published with their scores, and the borders.

Source: https://www.first.org/cvss/v3.1/examples; the borders by its calculator's formula.
"""

from __future__ import annotations

import pytest

from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.cvss import score, severity


@pytest.mark.parametrize(
    ("vector", "points", "expected"),
    [
        ("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, Severity.MEDIUM),
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, Severity.MEDIUM),
        ("AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, Severity.LOW),
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9, Severity.CRITICAL),
        ("AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, Severity.CRITICAL),
        ("AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:L", 9.6, Severity.CRITICAL),
        ("AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2, Severity.MEDIUM),
        ("AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8, Severity.HIGH),
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, Severity.HIGH),
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, Severity.CRITICAL),
        ("AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 6.8, Severity.MEDIUM),
        ("AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8, Severity.MEDIUM),
        ("AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 9.3, Severity.CRITICAL),
        ("AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.8, Severity.HIGH),
        ("AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N", 2.2, Severity.LOW),
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, Severity.LOW),
        ("AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N", 0.0, Severity.LOW),
        # Rounded up to one decimal before it is rated.
        ("AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:H/A:H", 9.0, Severity.CRITICAL),
        ("AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:L/A:L", 7.0, Severity.HIGH),
        ("AV:N/AC:H/PR:N/UI:N/S:C/C:L/I:N/A:N", 4.0, Severity.MEDIUM),
    ],
)
def test_a_vector_is_rated_by_its_score(vector: str, points: float, expected: Severity) -> None:
    assert score(f"CVSS:3.1/{vector}") == points
    assert severity(f"CVSS:3.1/{vector}") is expected
    assert severity(f"CVSS:3.0/{vector}") is expected


@pytest.mark.parametrize(
    "vector",
    [
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "",
        "CVSS:3.1/AV",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:?",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N",
        "AV:N/AC:L/Au:N/C:N/I:N/A:N",
    ],
)
def test_what_cannot_be_rated_counts_as_high(vector: str) -> None:
    assert severity(vector) is Severity.HIGH
