"""An audit of 100 files with 500 servers: `python -m tests.bench.bench_audit`."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILES, SERVERS, ROUNDS = 100, 5, 7
BUDGET = "budget 0.6 s and 120 MB"


def main() -> None:
    """Print wall time and memory of `mcpi audit FILE…`, clean and with findings everywhere."""
    mcpi = Path(sys.executable).with_name("mcpi")
    for title, version in (("clean", "==1.2.3"), ("a finding each", "")):
        with tempfile.TemporaryDirectory() as folder:
            files = [_file(Path(folder) / str(n), n, version) for n in range(FILES)]
            environment = {**os.environ, "HOME": folder}
            seconds = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                subprocess.run(
                    [mcpi, "audit", *files, "--fail-on", "never"], env=environment, cwd=folder,
                    stdout=subprocess.DEVNULL, check=False,
                )  # fmt: skip
                seconds.append(time.perf_counter() - start)
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(
                f"{title}: {FILES} files, {FILES * SERVERS} servers: "
                f"{statistics.median(seconds):.2f} s, {memory:.0f} MB ({BUDGET})"
            )


def _file(folder: Path, number: int, version: str) -> Path:
    """Write one file: of ten, seven are JSON, two TOML and one YAML."""
    servers = {
        f"server-{n}": {
            "command": "uvx",
            "args": [f"mcp-server-{n}{version}", "--folder", f"/home/ann/{n}"],
            "env": {"LOG_LEVEL": "debug", "API_TOKEN": "${env:API_TOKEN}"},
        }
        for n in range(SERVERS)
    }
    kind = number % 10
    if kind < 7:
        path, text = folder / ".cursor/mcp.json", json.dumps({"mcpServers": servers}, indent=2)
    elif kind < 9:
        path = folder / ".codex/config.toml"
        text = "".join(
            f"[mcp_servers.{name}]\ncommand = {json.dumps(one['command'])}\n"
            f"args = {json.dumps(one['args'])}\n"
            for name, one in servers.items()
        )
    else:
        path = folder / ".hermes/config.yaml"
        text = "mcp_servers:\n" + "".join(
            f"  {name}:\n    command: {one['command']}\n    args: {json.dumps(one['args'])}\n"
            for name, one in servers.items()
        )
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


if __name__ == "__main__":
    main()
