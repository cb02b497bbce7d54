"""Edit of a 10 MB `~/.claude.json`: time, memory, and both against `json.loads` of the file.

    python tests/bench/bench_host_edit.py [ROUNDS]

Budget (design §13): 0.3 s, 8 times the file.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mcpinstall.hosts import add, diff, find_rows, take_out
from mcpinstall.model.host import Chain, HostFile, ServerEntry

SIZE = 10_000_000
ROW = find_rows("claude-code")
ENTRY = ServerEntry(name="time", command="/opt/mcpi/bin/python", args=("-I", "start.py"))
SENTENCE = 'fix the failing test in src/parser.py, then explain – briefly – \\ why "x" broke\n'


def projects() -> bytes:
    """A file as Claude Code has it: some servers, and projects with long histories."""
    project = {
        "allowedTools": [],
        "history": [{"display": SENTENCE * (1 + n % 4), "pastedContents": {}} for n in range(100)],
        "mcpServers": {},
        "hasTrustDialogAccepted": True,
        "lastCost": 0.1234,
    }
    size = len(json.dumps(project, indent=2, ensure_ascii=False).encode())
    document = {
        "numStartups": 1234,
        "mcpServers": {"mine": {"type": "stdio", "command": "node", "args": ["server.js"]}},
        "projects": {f"/home/ann/code/{n}": project for n in range(SIZE // size + 1)},
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


def small_values() -> bytes:
    """The worst for memory: nothing but small objects."""
    item = {"a": 1, "b": [1, 2, 3], "c": "x"}
    size = len(json.dumps(item, indent=2)) + 60
    return json.dumps({"mcpServers": {}, "n": [item] * (SIZE // size)}, indent=2).encode()


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Median time of some work."""
    measured = []
    for _ in range(rounds):
        gc.collect()
        begun = time.perf_counter()
        work()
        measured.append(time.perf_counter() - begun)
    return statistics.median(measured)


def peak(work: Callable[[], object]) -> int:
    """Most bytes that some work holds at once, beside what was there before."""
    gc.collect()
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def measure(title: str, content: bytes, rounds: int) -> None:
    """Print one line for each step."""
    path = Path("/home/ann/.claude.json")
    file = HostFile(row=ROW, path=path, target=path, content=content)
    chain = Chain(row_id=ROW.id)
    change = add(file, chain, ENTRY)
    after = HostFile(row=ROW, path=path, target=path, content=change.after)
    loads = seconds(lambda: json.loads(content), rounds)
    sys.stdout.write(f"{title}: {len(content) / 1e6:.1f} MB, json.loads {loads * 1000:.0f} ms\n")
    steps: dict[str, Callable[[], object]] = {
        "add": lambda: add(file, chain, ENTRY),
        "take out": lambda: take_out(after, change.chain_after, "time"),
        "diff": lambda: diff(change),
    }
    for name, work in steps.items():
        took = seconds(work, rounds)
        # The file's own bytes are held by the caller all the time.
        memory = peak(work) / len(content) + 1
        sys.stdout.write(
            f"  {name:<9}{took * 1000:7.0f} ms  {took / loads:5.1f} × json.loads"
            f"  {memory:5.1f} × the file\n"
        )


def main() -> None:
    """Measure both shapes of file."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    measure("projects with histories", projects(), rounds)
    measure("small values", small_values(), rounds)


if __name__ == "__main__":
    main()
