"""Whole-process timings in pairs, as ratios: a shared machine's drift cancels out."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """Median seconds of ours and theirs, and the median of the ratios of each round."""

    ours: float
    theirs: float
    ratio: float


def seconds(argv: Sequence[str | Path], environment: Mapping[str, str], cwd: Path) -> float:
    """Run a program to its end, quietly, and return how long it took."""
    begun = time.perf_counter()
    done = subprocess.run(
        [str(word) for word in argv], env=dict(environment), cwd=cwd,
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    took = time.perf_counter() - begun
    if done.returncode:
        sys.exit(f"{argv[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return took


def pair(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> Pair:
    """Run both in turn, A B A B …, after one round that does not count."""
    ours(), theirs()
    measured = [(ours(), theirs()) for _ in range(rounds)]
    return Pair(
        ours=statistics.median(a for a, _ in measured),
        theirs=statistics.median(b for _, b in measured),
        ratio=statistics.median(a / b for a, b in measured),
    )


def report(title: str, found: Pair, budget: str) -> None:
    """Print one line: what, both medians, the ratio, and what design §13 allows."""
    print(
        f"{title:<44} {found.ours * 1000:8.0f} ms {found.theirs * 1000:8.0f} ms"
        f"  ratio {found.ratio:5.2f}   budget {budget}"
    )
