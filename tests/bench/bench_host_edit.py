"""Edit of a 10 MB `~/.claude.json`, of the largest YAML, of a large TOML: time and memory.

    python tests/bench/bench_host_edit.py [ROUNDS]

Both are compared with what the format's own parser takes for the file.  Budget for the 10 MB
(design §13): 0.3 s, 8 times the file.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import statistics
import sys
import time
import tomllib
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mcpinstall.hosts import add, diff, find_rows, take_out, yaml_read
from mcpinstall.model.host import Chain, HostFile, HostRow, ServerEntry
from mcpinstall.system import limits

SIZE = 10_000_000
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


def tables() -> bytes:
    """A file as Codex has it, with a table for each of many trusted projects: 1 MB."""
    project = '[projects."/home/ann/code/%d"]\ntrust_level = "trusted"  # since 2026\n\n'
    server = 'model = "o9"\n\n[mcp_servers.mine]\ncommand = "node"\nargs = ["server.js"]\n\n'
    return (server + "".join(project % number for number in range(1_000_000 // 70))).encode()


def largest_yaml() -> bytes:
    """A file as Goose has it, with as many extensions as the largest file holds."""
    shown = "GOOSE_MODE: auto  # mine\nextensions:\n"
    extension = (
        "  x%d:\n    name: x%d\n    type: stdio\n    cmd: node\n    args:\n      - server.js\n"
        "    enabled: true\n    timeout: 300\n"
    )
    number = 0
    while len(shown) < limits.YAML_BYTES - 1000:  # room for one more
        shown, number = shown + extension % (number, number), number + 1
    return shown.encode()


def usual_yaml() -> bytes:
    """The same with 40 extensions."""
    return b"\n".join(largest_yaml().split(b"\n")[: 2 + 40 * 8]) + b"\n"


def yaml_load(content: bytes) -> object:
    """Load a YAML document as the program that has it as its dependency would."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(content)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Median time of some work."""
    measured = []
    for _ in range(rounds):
        gc.collect()
        begun = time.perf_counter()
        work()
        measured.append(time.perf_counter() - begun)
    return statistics.median(measured)


def anew(work: Callable[..., object], *args: object) -> object:
    """Do some work as in a process of its own, which has read no YAML yet."""
    yaml_read.read.cache_clear()
    return work(*args)


def peak(work: Callable[[], object]) -> int:
    """Most bytes that some work holds at once, beside what was there before."""
    gc.collect()
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


@dataclasses.dataclass(frozen=True)
class Case:
    """One file and what it is compared with."""

    title: str
    row: HostRow
    content: bytes
    parser: str
    loads: Callable[[bytes], object]


def measure(case: Case, rounds: int) -> None:
    """Print one line for each step."""
    row, content = case.row, case.content
    path = Path("/home/ann/config")
    file = HostFile(row=row, path=path, target=path, content=content)
    chain = Chain(row_id=row.id)
    change = add(file, chain, ENTRY)
    after = HostFile(row=row, path=path, target=path, content=change.after)
    loads = seconds(lambda: case.loads(content), rounds)
    sys.stdout.write(
        f"{case.title}: {len(content) / 1e6:.2f} MB, {case.parser} {loads * 1000:.0f} ms\n"
    )
    steps: dict[str, Callable[[], object]] = {
        "add": lambda: anew(add, file, chain, ENTRY),
        "take out": lambda: anew(take_out, after, change.chain_after, "time"),
        "diff": lambda: diff(change),
    }
    for name, work in steps.items():
        took = seconds(work, rounds)
        # The file's own bytes are held by the caller all the time.
        memory = peak(work) / len(content) + 1
        sys.stdout.write(
            f"  {name:<9}{took * 1000:7.0f} ms  {took / loads:5.1f} × {case.parser}"
            f"  {memory:5.1f} × the file\n"
        )


def main() -> None:
    """Measure every kind of file."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    claude, codex, goose = (find_rows(name) for name in ("claude-code", "codex", "goose"))
    for case in (
        Case("projects with histories", claude, projects(), "json.loads", json.loads),
        Case("small values", claude, small_values(), "json.loads", json.loads),
        Case("tables", codex, tables(), "tomllib", lambda text: tomllib.loads(text.decode())),
        Case("40 extensions", goose, usual_yaml(), "ruamel", yaml_load),
        Case("as many extensions as go in", goose, largest_yaml(), "ruamel", yaml_load),
    ):
        slow = case.row is goose and len(case.content) > 100_000
        measure(case, 1 if slow else rounds)


if __name__ == "__main__":
    main()
