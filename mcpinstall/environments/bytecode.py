"""Compilation of an environment by its base interpreter, in several processes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mcpinstall.environments.tree import TreeEntry
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import Interpreter
from mcpinstall.system import process
from mcpinstall.system.machine import Machine

_DRIVER = Path(__file__).with_name("compile_driver.py")
_MOST = 8  # processes; more wait for the disk
_SHARE = 300_000  # bytes of source that are worth a process of their own: 0.1 s
_EACH = 2_000  # bytes of source that opening and writing one file is worth


def compile_all(
    sources: Iterable[tuple[TreeEntry, str]],
    root: Path,
    final: Path,
    interpreter: Interpreter,
    machine: Machine,
) -> None:
    """Compile each source of `root` into the path that stands beside it.

    `final` is where `root` will be: tracebacks name files there.  The interpreter runs without
    site-packages (`-I -S`), and nothing is imported from the sources.

    Raises:
        McpInstallError: `tool-failed`.
    """
    from concurrent.futures import ThreadPoolExecutor

    shares = _shares(tuple(sources))
    with ThreadPoolExecutor(len(shares)) as pool:
        for done in [pool.submit(_compile, s, root, final, interpreter, machine) for s in shares]:
            done.result()


def _shares(sources: Sequence[tuple[TreeEntry, str]]) -> list[list[tuple[TreeEntry, str]]]:
    """Spread the sources over processes, the longest first, each to the least loaded."""
    work = sum(entry.size + _EACH for entry, _ in sources)
    count = max(1, min(os.cpu_count() or 1, _MOST, work // _SHARE))
    shares: list[list[tuple[TreeEntry, str]]] = [[] for _ in range(count)]
    loads = [0] * count
    for source in sorted(sources, key=lambda source: -source[0].size):
        least = loads.index(min(loads))
        shares[least].append(source)
        loads[least] += source[0].size + _EACH
    return shares


def _compile(
    share: Sequence[tuple[TreeEntry, str]],
    root: Path,
    final: Path,
    interpreter: Interpreter,
    machine: Machine,
) -> None:
    tasks = [
        (str(root / entry.path), str(root / compiled), str(final / entry.path))
        for entry, compiled in share
    ]
    done = process.run(
        [interpreter.path, "-I", "-S", "-B", str(_DRIVER)],
        environment=process.child_environment(machine),
        stdin=json.dumps(tasks).encode(),
    )
    if done.returncode != 0:
        raise McpInstallError(
            ErrorCode.TOOL_FAILED,
            f"`{interpreter.path}` could not compile the checked files",
            hint="nothing was changed; look at the disk space, then try again",
            evidence=done.stderr.decode("utf-8", "replace"),
        )
