"""Other programs that write hosts' files, and `mcpi`, each with a throw-away home of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[2]
NPM_PEERS = {"install-mcp": "1.10.2", "add-mcp": "2.4.0"}
MCPM = "2.15.0"
SECONDS = 120

_KEPT = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "TMPDIR")


@dataclass
class Peer:
    """One program."""

    name: str
    version: str
    home: Path
    words: dict[str, list[str]] = field(default_factory=dict)
    """Host → the command line that adds a server to its file."""
    before: list[str] = field(default_factory=list)
    """A command that is run once in its home, before all others."""
    back: dict[str, list[str]] = field(default_factory=dict)
    """Host → the command line that takes the server out again, where that is measured."""
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command as its user does, without a terminal."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        around = {**kept, "HOME": str(self.home), "NO_COLOR": "1", **self.variables}
        return subprocess.run(
            words, env=around, cwd=self.work(), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=SECONDS, check=False,
        )  # fmt: skip

    def work(self) -> Path:
        """Return the empty folder in which it runs."""
        folder = self.home.parent / f"{self.home.name}-work"
        folder.mkdir(exist_ok=True)
        return folder


def installed(folder: Path) -> list[Peer]:
    """Install every peer below `folder`, from npm and PyPI; return them, `mcpi` first."""
    programs = _from_npm(folder / "npm")
    peers = [_mcpi(folder), *_npm_peers(folder, programs), _mcpm(folder)]
    for peer in peers:
        peer.home.mkdir(mode=0o700)
        if peer.before:
            done = peer.run(peer.before)
            assert done.returncode == 0, done.stdout + done.stderr
    return peers


def _mcpi(folder: Path) -> Peer:
    """`time` of the bundled registry: with one host first, so that others get the entry only."""
    from mcpinstall import __version__

    mcpi = [sys.executable, "-P", "-m", "mcpinstall"]
    hosts = ("cursor", "claude-code", "gemini-cli", "zed", "codex", "goose")
    indexes = {name: os.environ[name] for name in os.environ if name.startswith("UV_")}
    return Peer(
        name="mcpi",
        version=__version__,
        home=folder / "mcpi-home",
        words={host: [*mcpi, "install", "time", "--host", host, "--yes"] for host in hosts},
        before=[*mcpi, "install", "time", "--host", "vscode", "--yes"],
        back={host: [*mcpi, "uninstall", "time", "--host", host, "--yes"] for host in hosts},
        variables={"PYTHONPATH": str(ROOT), **indexes},
    )


def _from_npm(folder: Path) -> Path:
    npm = shutil.which("npm")
    assert npm is not None, "needs npm"
    folder.mkdir(parents=True)
    names = [f"{name}@{version}" for name, version in NPM_PEERS.items()]
    subprocess.run(
        [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
         "--prefix", folder, *names],
        check=True, cwd=folder, timeout=600, capture_output=True,
    )  # fmt: skip
    return folder / "node_modules" / ".bin"


def _npm_peers(folder: Path, programs: Path) -> list[Peer]:
    hosts = ("cursor", "claude-code", "gemini-cli", "zed", "codex", "goose")
    one, two = (str(programs / name) for name in NPM_PEERS)
    return [
        Peer(
            name="install-mcp",
            version=NPM_PEERS["install-mcp"],
            home=folder / "install-mcp-home",
            words={host: [one, "/bin/echo ours", "--name", "ours", "--client", host, "--yes",
                          "--oauth", "no"] for host in hosts},
        ),
        Peer(
            name="add-mcp",
            version=NPM_PEERS["add-mcp"],
            home=folder / "add-mcp-home",
            words={host: [two, "/bin/echo ours", "--name", "ours", "--agent", host, "--global",
                          "--yes"] for host in hosts},
        ),
    ]  # fmt: skip


def _mcpm(folder: Path) -> Peer:
    uv, venv = find_uv_bin(), folder / "mcpm"
    python = venv / "bin" / "python"
    steps: tuple[list[str | Path], ...] = (
        [uv, "venv", "--quiet", "--python", sys.executable, venv],
        [uv, "pip", "install", "--quiet", "--python", python, f"mcpm=={MCPM}"],
    )
    for words in steps:
        subprocess.run(words, check=True, timeout=600, capture_output=True)
    mcpm = str(venv / "bin" / "mcpm")
    hosts = {"cursor": "cursor", "claude-code": "claude-code", "gemini-cli": "gemini-cli",
             "codex": "codex-cli", "goose": "goose-cli"}  # fmt: skip
    return Peer(
        name="mcpm",
        version=MCPM,
        home=folder / "mcpm-home",
        words={host: [mcpm, "client", "edit", name, "--add-server", "ours", "--force"]
               for host, name in hosts.items()},
        before=[mcpm, "new", "ours", "--type", "stdio", "--command", "/bin/echo", "--args",
                "ours", "--force"],
        variables={"MCPM_NON_INTERACTIVE": "true", "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
