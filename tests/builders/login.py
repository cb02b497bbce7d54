"""An OIDC provider on loopback whose user says yes at once, and a browser that follows links."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit


@dataclass
class Provider:
    """Gives one token to whoever comes back with the right code and proof (RFC 7636)."""

    url: str
    token: str = ""
    state: str = ""
    """Sent back instead of the one that was asked with."""
    error: str = ""
    """Sent back instead of a code."""
    asked: list[str] = field(default_factory=list)
    _challenges: dict[str, str] = field(default_factory=dict)

    def answer(self, path: str, body: str) -> tuple[int, str, str]:
        """Return status, body, and where to go."""
        address, given = urlsplit(path), parse_qs(body)
        self.asked.append(address.path)
        if address.path == "/.well-known/openid-configuration":
            ends = {"issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token"}  # fmt: skip
            return 200, json.dumps(ends), ""
        if address.path == "/authorize":
            return 302, "", self._agreed(parse_qs(address.query))
        proof = hashlib.sha256(given["code_verifier"][0].encode()).digest()
        wanted = self._challenges.pop(given["code"][0], "")
        if base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != wanted:
            return 400, "", ""
        return 200, json.dumps({"access_token": self.token, "id_token": self.token}), ""

    def _agreed(self, asked: dict[str, list[str]]) -> str:
        code = secrets.token_urlsafe(16)
        self._challenges[code] = asked["code_challenge"][0]
        back = {"code": code, "state": self.state or asked["state"][0]}
        if self.error:
            back["error"] = self.error
        return f"{asked['redirect_uri'][0]}?{urlencode(back)}"


@contextlib.contextmanager
def provider() -> Iterator[Provider]:
    """Run a provider for as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, body: str) -> None:
            status, text, where = made.answer(self.path, body)
            self.send_response(status)
            if where:
                self.send_header("Location", where)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Provider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def browser(folder: Path) -> str:
    """Return what `BROWSER` is for a program that follows a link, and the links behind it."""
    script = folder / "browser.py"
    script.write_text("import sys, urllib.request\nurllib.request.urlopen(sys.argv[1]).read()\n")
    return f"{sys.executable} {script} %s"
