"""Start-up of the command against a bare interpreter: `python -m tests.bench.bench_cli`."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from pathlib import Path

from tests.bench.timing import pair, report, seconds

ROUNDS = 15
COMMANDS = {
    ("--version",): "≤ 80 ms where python takes 14",
    ("--help",): "≤ 140 ms",
    ("install", "--help"): "≤ 140 ms",
    ("list",): "≤ 140 ms",
    ("outdated", "--help"): "≤ 140 ms",
    ("update", "--help"): "≤ 140 ms",
}


def main() -> None:
    """Print a line for each command of the budget."""
    mcpi = Path(sys.executable).with_name("mcpi")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = {**os.environ, "HOME": folder, "MCPI_HOME": str(home / "state")}
        for words, budget in COMMANDS.items():
            found = pair(
                functools.partial(seconds, [mcpi, *words], environment, home),
                functools.partial(seconds, [sys.executable, "-c", "pass"], environment, home),
                ROUNDS,
            )
            report(f"mcpi {' '.join(words)} : python -c pass", found, budget)


if __name__ == "__main__":
    main()
