"""Installing against `uv tool install`, and starting against `uvx` and `npx`.

`python -m tests.bench.bench_install`; needs the package index, and npm for the last line.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from uv import find_uv_bin

from mcpinstall.registries import bundled_folder
from tests.bench.timing import pair, report, seconds

ROUNDS = 5
PACKAGE = "mcp-server-time"
NPM_PACKAGE = "@modelcontextprotocol/server-sequential-thinking"


AFTER_YES = """
import time
from mcpinstall.model.plan import Request
from mcpinstall.operations import commit, install
from mcpinstall.operations.context import Context
context = Context.current()
prepared = install.prepare(Request(names=("time",), print_only=True), context)
time.sleep(5)
begun = time.monotonic()
done = commit.commit(prepared, context)
print(time.monotonic() - begun - done.probe_seconds)
"""


class Bench:
    """One empty home, and the commands that are compared in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "HOME": str(folder / "home"), "XDG_DATA_HOME": ""}
        (folder / "home").mkdir()
        self.mcpi = Path(sys.executable).with_name("mcpi")
        self.uv = find_uv_bin()
        self.probes: list[float] = []

    def install(self, *, cold: bool) -> float:
        """Install `time` into a new home; the server's own time in the probe is taken off."""
        home = self.folder / "home" / ".local"
        shutil.rmtree(home, ignore_errors=True)
        if cold:
            shutil.rmtree(self.folder / "home" / ".cache", ignore_errors=True)
        command: list[str | Path] = [self.mcpi, "install", "time", "--yes", "--print", "--json",
                   "--python", sys.executable]  # fmt: skip
        begun = time.perf_counter()
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        took = time.perf_counter() - begun
        probe: float = json.loads(done.stdout)["probe_seconds"]
        self.probes.append(probe)
        return took - probe

    def after_yes(self) -> float:
        """Prepare, read for 5 s, say yes: the time from there to the end, the probe taken off."""
        shutil.rmtree(self.folder / "home" / ".local", ignore_errors=True)
        found: list[float] = []
        for _ in range(3):
            shutil.rmtree(self.folder / "home" / ".local", ignore_errors=True)
            done = subprocess.run(
                [sys.executable, "-c", AFTER_YES], env=self.environment, cwd=self.folder,
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            found.append(float(done.stdout))
        return statistics.median(found)

    def uv_install(self, *, cold: bool) -> float:
        """Do the same work with uv, unchecked: resolve, download, install, compile."""
        tools = {
            "UV_TOOL_DIR": str(self.folder / "tools"),
            "UV_TOOL_BIN_DIR": str(self.folder / "bin"),
        }
        shutil.rmtree(self.folder / "tools", ignore_errors=True)
        cache = ["--no-cache"] if cold else ["--cache-dir", str(self.folder / "uv-cache")]
        command = [self.uv, "tool", "install", *cache, "--force", "--compile-bytecode",
                   "--no-config", "--python", sys.executable, f"{PACKAGE}=={newest()}"]  # fmt: skip
        return seconds(command, {**self.environment, **tools}, self.folder)

    def entry(self) -> list[str]:
        """Return what a host would start."""
        done = subprocess.run(
            [self.mcpi, "install", "time", "--yes", "--print"], env=self.environment,
            cwd=self.folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        document = json.loads(done.stdout)
        (server,) = next(iter(document.values())).values() if len(document) == 1 else (document,)
        return [server["command"], *server["args"]]

    def answer(self, argv: Sequence[str]) -> float:
        """Start a server and return the time to its first answer."""
        message = {
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {"protocolVersion": "2025-11-25", "capabilities": {},
                       "clientInfo": {"name": "bench", "version": "1"}},
        }  # fmt: skip
        begun = time.perf_counter()
        with subprocess.Popen(
            list(argv), env=self.environment, cwd=self.folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            took = time.perf_counter() - begun
            process.kill()
        assert '"result"' in line, line
        return took


def newest() -> str:
    """Return the version of `time` that the bundled registry certifies."""
    folder = bundled_folder() / "io.github.modelcontextprotocol" / "server-time"
    return max(path.name for path in folder.iterdir())


def main() -> None:
    """Print a line for each figure of the budget."""
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        cold = pair(lambda: bench.install(cold=True), lambda: bench.uv_install(cold=True), ROUNDS)
        report("install time, empty caches : uv tool install", cold, "≤ 1.2, goal 1.0")
        warm = pair(lambda: bench.install(cold=False), lambda: bench.uv_install(cold=False), ROUNDS)
        report("install time, warm caches : uv tool install", warm, "≤ 1.2")
        print(
            f"{'the probe, taken off above':<44} {statistics.median(bench.probes) * 1000:8.0f} ms"
        )
        after = bench.after_yes() * 1000
        print(
            f"{'from the yes to done, after 5 s of reading':<44} {after:8.0f} ms   budget ≤ 500 ms"
        )
        entry = bench.entry()
        uvx = [bench.uv, "tool", "run", PACKAGE]
        start = pair(lambda: bench.answer(entry), lambda: bench.answer(uvx), ROUNDS)
        report("server start to first answer : uvx", start, "≤ 0.5")
        if shutil.which("npx"):
            npx = ["npx", "-y", NPM_PACKAGE]
            start = pair(lambda: bench.answer(entry), lambda: bench.answer(npx), ROUNDS)
            report("server start to first answer : npx", start, "≤ 0.5")


if __name__ == "__main__":
    main()
