"""Go back to the generation before: `PYTHONPATH=. python tests/bench/bench_rollback.py`.

Prints the seconds of both halves of `mcpi rollback` together, and of the processor, next to the
budget: 0.2 s of own work.  The server is `time` as its manifest locks it, with its whole closure.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from mcpinstall.model.plan import Request
from mcpinstall.operations import commit, install, reinstall, rollback, undo
from mcpinstall.operations.context import Context

MOST_SECONDS = 0.2
TRIES = 9


def main() -> None:
    """Install and build again, then go back and forth."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        home.chmod(0o700)
        os.environ |= {"HOME": scratch, "MCPI_HOME": str(home / "state")}
        (home / ".cursor").mkdir()
        context = Context.current()
        wanted = Request(names=("time",), hosts=("cursor",))
        commit.commit(install.prepare(wanted, context), context)
        again = reinstall.prepare("time", context, request=Request(names=()))
        done = commit.commit(again, context)
        files = sum(1 for path in context.paths.servers.rglob("*") if path.is_file())
        found = [_once(context) for _ in range(TRIES)]
    wall, own = (statistics.median(times) for times in zip(*found, strict=True))
    print(f"{done.receipts[0].name}, {files} files in two generations, median of {TRIES}")
    verdict = "ok" if own <= MOST_SECONDS else "OVER"
    print(f"rollback: {wall:.3f} s, of processor {own:.3f} s, budget {MOST_SECONDS} s: {verdict}")


def _once(context: Context) -> tuple[float, float]:
    """Return the seconds, and those of the processor, of one rollback; then undo it."""
    begun, worked = time.perf_counter(), time.process_time()
    rollback.commit(rollback.prepare("time", context), context)
    found = time.perf_counter() - begun, time.process_time() - worked
    undo.commit(undo.prepare(None, context), context)
    return found


if __name__ == "__main__":
    main()
