"""`.ci/make_advisories.py`: from a database's records to the compact file that is shipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcpinstall.model import advisory, advisory_text
from tests.conftest import ROOT

GIT = shutil.which("git")
pytestmark = pytest.mark.skipif(GIT is None, reason="needs git")

RECORD = """\
id: PYSEC-2026-1
details: A sentence that is not taken.
affected:
- package: {name: Sky.Maps, ecosystem: PyPI}
  ranges:
  - type: GIT
    repo: https://example.org/sky
    events: [{introduced: "0"}, {fixed: 74ea7cf}]
  - type: ECOSYSTEM
    events: [{introduced: 1.2.0}, {fixed: 2.0.0}]
  versions: [1.2.0, 1.10.0, 0.9.0]
aliases: [GHSA-zzzz, CVE-2026-1]
modified: "2026-06-05T01:13:00.534973Z"
severity: [{type: CVSS_V3, score: "CVSS:3.1/AV:N/AC:L"}]
"""
WITHDRAWN = RECORD.replace("2026-1\n", "2026-2\n", 1) + 'withdrawn: "2026-07-01T00:00:00Z"\n'
MALICIOUS = """\
id: MAL-2026-3
affected:
- package: {name: evil, ecosystem: PyPI}
  versions: [6.6.6]
modified: "2026-06-05T01:13:00Z"
"""
ODD = RECORD.replace("2026-1\n", "2026-4\n", 1).replace("2.0.0}", "0.2.0-n653}")


def git(folder: Path, *arguments: str) -> None:
    assert GIT is not None
    person = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER")
              for what in ("NAME", "EMAIL")}  # fmt: skip
    dates = {"GIT_COMMITTER_DATE": "2026-11-02T12:00:00Z", "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(
        [GIT, "-C", folder, *arguments], check=True, capture_output=True,
        env=os.environ | person | dates,
    )  # fmt: skip


def made(checkout: Path) -> bytes:
    path = checkout.parent / "made.jsonl"
    subprocess.run(
        [sys.executable, ROOT / ".ci" / "make_advisories.py", checkout, "--output", path],
        check=True, capture_output=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return path.read_bytes()


def test_records_become_lines_without_sentences_and_always_the_same(tmp_path: Path) -> None:
    checkout = tmp_path / "database"
    for name, text in {"sky-maps/1": RECORD, "sky-maps/2": WITHDRAWN, "evil/3": MALICIOUS,
                       "sky-maps/4": ODD}.items():  # fmt: skip
        path = checkout / "vulns" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(checkout, "init", "--quiet")
    git(checkout, "add", "-A")
    git(checkout, "commit", "--quiet", "-m", "records")

    data = made(checkout)

    found = advisory_text.read(data, "made")
    assert made(checkout) == data
    assert found.issued.isoformat() == "2026-11-02"
    assert list(found.lines) == ["pypi:evil", "pypi:sky-maps"]
    assert b"sentence" not in data
    first, odd = found.of("sky-maps")
    assert (first.id, first.aliases) == ("PYSEC-2026-1", ("CVE-2026-1", "GHSA-zzzz"))
    assert first.modified.isoformat() == "2026-06-05"
    assert first.severity == "CVSS:3.1/AV:N/AC:L"
    assert first.versions == ("0.9.0",)  # the others are in the range
    assert [advisory.affects(first, v) for v in ("0.9", "1.0", "1.10", "2.0")] == [
        True, False, True, False,
    ]  # fmt: skip
    assert (odd.id, odd.ranges, odd.versions) == ("PYSEC-2026-4", (), ("0.9.0", "1.2.0", "1.10.0"))
    (evil,) = found.of("evil")
    assert evil.is_malicious
    assert advisory.affects(evil, "6.6.6")
