"""Real MCP hosts from npm, installed once for all tests, asked which servers they reach."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.system import files

PACKAGES = ("@openai/codex@0.169.0", "@google/gemini-cli@0.61.0", "@qwen-code/qwen-code@0.15.10")
"""Exact versions: what a host answers is compared word by word."""


def install_once(folder: Path) -> Path:
    """Install the hosts below `folder` unless they are there; return their `bin` folder."""
    npm = shutil.which("npm")
    assert npm is not None
    folder.mkdir(parents=True, exist_ok=True)
    with files.locked(folder / "lock", seconds=600):
        if not (folder / "done").exists():
            subprocess.run(
                [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
                 "--prefix", folder, *PACKAGES],
                check=True, capture_output=True, timeout=600, cwd=folder,
            )  # fmt: skip
            (folder / "done").touch()
    return folder / "node_modules" / ".bin"


@dataclass(frozen=True)
class RealHosts:
    """The three hosts, started with one home."""

    programs: Path
    home: Path
    work: Path

    def environment(self) -> dict[str, str]:
        """The environment of a user of this home who has the hosts on PATH."""
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "HOME": str(self.home), "PATH": path, "NO_COLOR": "1"}

    def trust(self) -> None:
        """Tell gemini that the working folder may start servers."""
        folder = self.home / ".gemini"
        folder.mkdir(exist_ok=True)
        (folder / "trustedFolders.json").write_text(json.dumps({str(self.work): "TRUST_FOLDER"}))

    def listed(self, host: str) -> str:
        """Return what `HOST mcp list` prints: gemini and qwen connect to every server."""
        done = subprocess.run(
            [self.programs / host, "mcp", "list"], env=self.environment(), cwd=self.work,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    def codex_tools(self) -> dict[str, set[str]]:
        """Return the tools of each server that codex connected to, from its app server."""
        with subprocess.Popen(
            [self.programs / "codex", "app-server"], env=self.environment(), cwd=self.work,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            client = {"clientInfo": {"name": "mcpinstall-tests", "version": "1"}}
            for message in (
                {"id": 0, "method": "initialize", "params": client},
                {"method": "initialized"},
                {"id": 1, "method": "mcpServerStatus/list", "params": {}},
            ):
                process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
                process.stdin.flush()
            try:
                for line in process.stdout:
                    answer = json.loads(line)
                    if answer.get("id") == 1:
                        return {one["name"]: set(one["tools"]) for one in answer["result"]["data"]}
            finally:
                process.kill()
        return {}
