"""`mcpi manifest verify` with nothing changed: `python -m tests.bench.bench_manifest_verify`.

Offline with the wheels of this user's store; without them only files are verified, and the line
says so.  The memory is a folder of its own, made by a first run that does not count.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from mcpinstall.model.finding import Report
from mcpinstall.operations import manifest_verify
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_verify import Wanted
from tests.conftest import ROOT

ROUNDS = 10
BUDGET = "≤ 20 ms each"


def main() -> None:
    """Print the time of one unchanged manifest, and that of the first run."""
    here = Context.current()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        (cache / "artifacts").mkdir()
        (cache / "artifacts" / "sha256").symlink_to(here.paths.artifacts)
        context = replace(here, paths=replace(here.paths, cache=cache))
        wanted = Wanted(paths=(ROOT / "manifests",), offline=True)
        first, report = _timed(wanted, context)
        what = "files and wheels"
        if report.unchecked:
            wanted, what = replace(wanted, files_only=True), "files only: wheels are not here"
            first, report = _timed(wanted, context)
        again = [_timed(wanted, context)[0] for _ in range(ROUNDS)]
    count = len(report.subjects)
    print(f"{count} manifests, {what}; {len(report.findings)} findings")
    print(f"first run      {first / count * 1000:8.1f} ms each")
    print(
        f"nothing new    {statistics.median(again) / count * 1000:8.1f} ms each   budget {BUDGET}"
    )


def _timed(wanted: Wanted, context: Context) -> tuple[float, Report]:
    begun = time.perf_counter()
    report = manifest_verify.verify(wanted, context)
    return time.perf_counter() - begun, report


if __name__ == "__main__":
    main()
