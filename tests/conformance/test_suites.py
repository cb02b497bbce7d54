"""The suites that others wrote, whole: each where its variable names a checkout of it.

Where the variable isn't set, its test isn't there.  `docs/verification.md` has the figures.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

HERE = ROOT / "tests/conformance"
AROUND = dict(os.environ)
"""What was set before the fixtures of this project's tests take it away."""
SUITES = {
    "TUF_CONFORMANCE": ("run_tuf.py", {"passed": 113}),
    "SIGSTORE_CONFORMANCE": ("run_sigstore.py", {"passed": 132, "xfailed": 8}),
}
"""Its adapter, and how its cases end."""
THERE = [name for name in SUITES if AROUND.get(name)]

if THERE:

    @pytest.mark.parametrize("variable", THERE)
    def test_a_suite_ends_as_the_documents_say(variable: str) -> None:
        adapter, wanted = SUITES[variable]

        done = subprocess.run(
            [sys.executable, HERE / adapter, "-q"],
            cwd=ROOT, env=AROUND, capture_output=True, text=True, check=False,
        )  # fmt: skip

        found = dict(re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1]))
        counts = {word: int(number) for number, word in found.items()}
        assert done.returncode == 0, done.stdout
        assert {word: counts.get(word, 0) for word in (*wanted, "failed")} == {
            **wanted,
            "failed": 0,
        }
