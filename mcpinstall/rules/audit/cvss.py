"""How bad a vector of CVSS is.

Source: https://www.first.org/cvss/v3.1/specification-document, §5, §7 and
appendix A.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mcpinstall.model.finding import Severity

_WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES: Mapping[str, Mapping[str, float]] = {
    "U": {"N": 0.85, "L": 0.62, "H": 0.27},
    "C": {"N": 0.85, "L": 0.68, "H": 0.5},
}


def severity(vector: str) -> Severity:
    """Return the rating of a vector of version 3; high where that can't be told (version 4)."""
    try:
        return _rated(score(vector))
    except (KeyError, ValueError):
        return Severity.HIGH


def score(vector: str) -> float:
    """Return the base score of a vector of version 3.

    Raises:
        ValueError: for another vector.
        KeyError: where a metric is missing, or has a value that there is not.
    """
    start, *parts = vector.split("/")
    if not start.startswith("CVSS:3"):
        raise ValueError("no vector of version 3")
    exact = _score(dict(part.partition(":")[::2] for part in parts))
    return math.ceil(round(exact * 10, 4)) / 10  # 8.93 is 9.0, and 4.000002 is 4.0


def _rated(score: float) -> Severity:
    if score >= 9:
        return Severity.CRITICAL
    if score >= 7:
        return Severity.HIGH
    return Severity.MEDIUM if score >= 4 else Severity.LOW


def _score(metrics: Mapping[str, str]) -> float:
    weight = {name: table[metrics[name]] for name, table in _WEIGHTS.items()}
    changed = metrics["S"] == "C"
    base = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if changed else 6.42 * base
    if impact <= 0:
        return 0.0
    privileges = _PRIVILEGES[metrics["S"]][metrics["PR"]]
    exploited = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    return min((impact + exploited) * (1.08 if changed else 1), 10.0)
