"""`@sigstore/mock` on loopback, where npm is there, and tokens for it as a forge gives them."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent / "sigstore_mock"
_SECONDS = 120  # until npm gives up, on a slow network


def install(folder: Path) -> str:
    """Put the instance and npm's verifier into a folder; return the path of Node.

    Skips where npm, or the registry that it is configured with, is missing.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs npm")
    for path in HERE.iterdir():
        shutil.copy(path, folder / path.name)
    installed = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS,
    )  # fmt: skip
    if installed.returncode:
        assert "EINTEGRITY" not in installed.stderr
        pytest.skip("needs npm")
    return node


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Path]:
    """Yield the client trust config of an instance that runs as long as the block.

    Skips where npm, or the registry that it is configured with, is missing.
    """
    node = install(folder)
    with subprocess.Popen(
        [node, "server.mjs"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        config = folder / "trust_config.json"
        config.write_bytes(server.stdout.readline())
        yield config
        server.stdin.close()


def token(issuer: str, subject: str, **claims: str) -> str:
    """Return a token without a signature, of five minutes, made here and now."""
    now = int(time.time())
    parts = (
        {"alg": "none", "typ": "JWT"},
        {"iss": issuer, "sub": subject, "aud": "sigstore", "iat": now, "exp": now + 300, **claims},
    )
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), "eA"])


@contextlib.contextmanager
def forge(answer: str) -> Iterator[dict[str, str]]:
    """Yield the variables of a CI job whose forge gives it the token `answer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"value": answer}).encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{server.server_port}/token",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": os.urandom(16).hex(),
        }
        server.shutdown()
        thread.join()
