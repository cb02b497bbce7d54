"""`mcpi audit` starts, resolves and writes nothing: an audit hook in its process listens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.command import ROOT

LISTENER = """
import json, os, sys
seen = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def hook(event, args):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn",
                         "os.spawn", "os.system", "os.startfile", "shutil.", "urllib.")):
        seen.append(event)
    elif event == "open" and isinstance(args[2], int) and args[2] & WRITING:
        seen.append(f"open for writing: {{args[0]}}")
    elif event in ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink",
                   "os.truncate", "os.chmod", "os.chown", "os.utime"):
        seen.append(f"{{event}} {{args[0]}}")
sys.addaudithook(hook)
sys.dont_write_bytecode = True
from mcpinstall import cli
{provocation}
status = cli.run({words!r})
heavy = [n for n in ("httpx", "sigstore", "tuf", "rich.markdown", "pydantic") if n in sys.modules]
print(json.dumps({{"status": status, "seen": seen, "heavy": heavy}}), file=sys.stderr)
"""


def ran(home: Path, words: list[str], provocation: str = "") -> dict[str, object]:
    script = LISTENER.format(words=words, provocation=provocation)
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=home / "work", check=False,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stderr.splitlines()[-1])
    return found


@pytest.fixture
def configured(home: Path) -> Path:
    """A home whose files name programs, packages, addresses and images of all kinds."""
    work = home / "work"
    (work / ".git").mkdir(parents=True)
    marker = home / "ran"
    servers = {
        "program": {"command": "/bin/sh", "args": ["-c", f"touch {marker}"]},
        "npm": {"command": "npx", "args": ["-y", "some-server@latest"]},
        "python": {"command": "uvx", "args": ["some-server"]},
        "image": {"command": "docker", "args": ["run", "some/image"]},
        "remote": {"url": "http://mcp.example.com/x"},
    }
    (work / ".mcp.json").write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
    (home / ".codex").mkdir()
    (home / ".codex/config.toml").write_text('[mcp_servers.a]\ncommand = "x"\n', encoding="utf-8")
    (home / ".hermes").mkdir()
    (home / ".hermes/config.yaml").write_text(
        "mcp_servers:\n  a:\n    command: x\n", encoding="utf-8"
    )
    return home


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit", "markdown"])
def test_an_audit_starts_resolves_and_writes_nothing(configured: Path, form: str) -> None:
    before = {path: path.lstat().st_mtime_ns for path in configured.rglob("*")}

    found = ran(configured, ["audit", "--format", form, "--persona", "auditor"])

    assert found == {"status": 1, "seen": [], "heavy": []}
    assert {path: path.lstat().st_mtime_ns for path in configured.rglob("*")} == before


def test_the_listener_hears_what_it_listens_for(configured: Path) -> None:
    provocation = (
        "import socket, subprocess; subprocess.run(['true']); open('x', 'w').close(); "
        "socket.getaddrinfo('localhost', 1)"
    )

    heard = str(ran(configured, ["audit"], provocation)["seen"])

    assert "subprocess.Popen" in heard
    assert "open for writing: x" in heard
    assert "socket.getaddrinfo" in heard
