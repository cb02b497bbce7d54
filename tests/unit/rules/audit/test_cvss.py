"""Ratings of vectors: the examples that FIRST published with their scores, and the borders.

Source: https://www.first.org/cvss/v3.1/examples; the borders by its calculator's formula.
"""

from __future__ import annotations

import pytest

from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.cvss import severity


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", Severity.MEDIUM),  # 6.1
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", Severity.MEDIUM),  # 6.4
        ("AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", Severity.LOW),  # 3.1
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", Severity.CRITICAL),  # 9.9
        ("AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", Severity.MEDIUM),  # 4.2
        ("AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", Severity.HIGH),  # 8.8
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", Severity.HIGH),  # 7.5
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Severity.CRITICAL),  # 9.8
        ("AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", Severity.MEDIUM),  # 6.8
        ("AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Severity.MEDIUM),  # 6.8
        ("AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", Severity.CRITICAL),  # 9.3
        ("AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Severity.HIGH),  # 8.8
        ("AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N", Severity.LOW),  # 2.2
        ("AV:N/AC:L/PR:H/UI:N/S:C/C:H/I:H/A:H", Severity.CRITICAL),  # 9.1
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Severity.LOW),  # 0.0
        # Rounded up to one decimal before it is rated.
        ("AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:H/A:H", Severity.CRITICAL),  # 8.98, so 9.0
        ("AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:L/A:L", Severity.HIGH),  # 6.92, so 7.0
        ("AV:N/AC:H/PR:N/UI:N/S:C/C:L/I:N/A:N", Severity.MEDIUM),  # 3.95, so 4.0
    ],
)
def test_a_vector_is_rated_by_its_score(vector: str, expected: Severity) -> None:
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
