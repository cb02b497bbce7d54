"""Real remote servers on loopback, written with the official SDK, in two of its versions."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from mcpinstall.system import files

VERSIONS = {"new": "2.3.0", "old": "1.30.0"}
"""Exact versions: the new one speaks the revision of 2026-07-28, the old one does not."""

_SECONDS = 60  # until a server listens; a bound, not a measure

_NEW = """
import sys
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

transport, port, token = sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""
here = f"http://127.0.0.1:{port}"

class Verifier:
    async def verify_token(self, given):
        known = given == token
        return AccessToken(token=given, client_id="c", scopes=["read"]) if known else None

auth = AuthSettings(issuer_url=here, resource_server_url=f"{here}/mcp", required_scopes=["read"])
more = {"auth": auth, "token_verifier": Verifier()} if token else {}
server = MCPServer("clock", **more)

@server.tool()
def now(zone: str = "UTC") -> str:
    "Tell the time in a zone"
    return zone

server.run(transport, host="127.0.0.1", port=port)
"""

_OLD = """
import sys
from mcp.server.fastmcp import FastMCP

server = FastMCP("clock", host="127.0.0.1", port=int(sys.argv[2]))

@server.tool()
def now(zone: str = "UTC") -> str:
    "Tell the time in a zone"
    return zone

server.run(transport=sys.argv[1])
"""

_SCRIPTS = {"new": _NEW, "old": _OLD}


def install_once(folder: Path) -> Path:
    """Install both versions of the SDK below `folder` unless they are there; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    with files.locked(folder / "lock", seconds=600):
        if not (folder / "done").exists():
            for name, version in VERSIONS.items():
                _install(folder / name, version)
            (folder / "done").touch()
    return folder


def _install(folder: Path, version: str) -> None:
    uv = find_uv_bin()
    made = [uv, "venv", "-q", "--python", sys.executable, str(folder)]
    subprocess.run(made, check=True, capture_output=True, timeout=120)
    wanted = [uv, "pip", "install", "-q", "--python", str(folder), f"mcp=={version}"]
    subprocess.run(wanted, check=True, capture_output=True, timeout=600)


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    url: str
    token: str


@contextlib.contextmanager
def running(
    sdk: Path, version: str, transport: str = "streamable-http", *, protected: bool = False
) -> Iterator[Running]:
    """Run a server until the block ends; a protected one wants a bearer token."""
    port, token = _free_port(), secrets.token_hex(16) if protected else ""
    script = sdk / f"{version}.py"
    script.write_text(_SCRIPTS[version], encoding="utf-8")
    folder = "Scripts" if os.name == "nt" else "bin"
    python = sdk / version / folder / "python"
    words = [str(python), "-I", str(script), transport, str(port), *([token] if token else [])]
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            _wait_for(process, port)
            path = "/sse" if transport == "sse" else "/mcp"
            yield Running(url=f"http://127.0.0.1:{port}{path}", token=token)
        finally:
            process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr is not None
            raise AssertionError(process.stderr.read().decode("utf-8", "replace"))
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    message = "the server does not listen"
    raise AssertionError(message)
