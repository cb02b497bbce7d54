"""A remote MCP server on loopback, honest until a test tells it otherwise.

Strict where a lenient one would hide a fault of the client: it refuses a request whose headers
don't fit the revision that it speaks.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeAlias

from tests.builders.servers import TOOLS

MODERN, LEGACY = "2026-07-28", "2025-11-25"
SESSION = "session-of-the-test"
_KEY = "io.modelcontextprotocol/"
_IDENTITY = {"name": "clock", "version": "1.0"}


@dataclass(frozen=True)
class Asked:
    """What a client sent; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    message: dict[str, Any] = field(default_factory=dict)


@dataclass
class Reply:
    """One answer of HTTP."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    endless: bytes = b""
    """Sent again and again behind `body`."""
    pause: float = 0.0
    """Seconds before the body, and between endless pieces."""


Replying: TypeAlias = Callable[[Asked], Reply | None]
"""A test's own answer; None leaves it to the honest server."""


@dataclass
class RemoteServer:
    """Serves MCP at `/mcp`, over one transport and in one era."""

    era: str = MODERN
    events: bool = False
    """Answers come as server-sent events instead of JSON."""
    sse: bool = False
    """The transport of 2024-11-05: a stream at `/mcp`, messages to `/messages`."""
    tools: Sequence[object] = TOOLS
    token: str = ""
    """Bearer token without which everything is 401."""
    challenge: str = "Bearer"
    metadata: dict[str, Any] | None = None
    """Resource metadata at its well-known place (RFC 9728)."""
    replying: Replying = lambda _: None
    requests: list[Asked] = field(default_factory=list)
    streams: list[queue.Queue[bytes | None]] = field(default_factory=list)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"of": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stream in self.streams:
            stream.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    @property
    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [one.message.get("method", one.method) for one in self.requests]

    def answer(self, asked: Asked) -> Reply:
        """Answer as the specification says."""
        if asked.path.startswith("/.well-known/"):
            return self._described(asked)
        if self.token and asked.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(status=401, headers={"WWW-Authenticate": self.challenge})
        if asked.method != "POST":
            return Reply(status=405)
        if asked.path not in ("/mcp", "/messages") or self.sse != (asked.path == "/messages"):
            return Reply(status=404)
        if "id" not in asked.message:
            return Reply(status=202)
        result = self.result(asked)
        return result if isinstance(result, Reply) else self._wrapped(asked, result)

    def result(self, asked: Asked) -> dict[str, Any] | Reply:
        """Return a result, or the refusal of a request that does not fit."""
        return self._modern(asked) if self.era == MODERN else self._legacy(asked)

    def _described(self, asked: Asked) -> Reply:
        fits = asked.path == "/.well-known/oauth-protected-resource/mcp"
        if self.metadata is None or not fits:
            return Reply(status=404)
        return _json(self.metadata)

    def _modern(self, asked: Asked) -> dict[str, Any] | Reply:
        message = asked.message
        meta = message.get("params", {}).get("_meta", {})
        if meta.get(f"{_KEY}protocolVersion") != MODERN:
            data = {"supported": [MODERN], "requested": "?"}
            return _error(message, -32022, 400, data=data)
        fits = (asked.headers.get("mcp-protocol-version"), asked.headers.get("mcp-method"))
        if not self.sse and fits != (MODERN, message["method"]):
            return _error(message, -32020, 400)
        if message["method"] == "server/discover":
            return {
                "resultType": "complete",
                "supportedVersions": [MODERN],
                "capabilities": {"tools": {}},
                "_meta": {f"{_KEY}serverInfo": _IDENTITY},
            }
        if message["method"] == "tools/list":
            return {"resultType": "complete", "tools": list(self.tools), "ttlMs": 0}
        return _error(message, -32601, 404)

    def _legacy(self, asked: Asked) -> dict[str, Any] | Reply:
        message, headers = asked.message, asked.headers
        if message["method"] == "initialize":
            return {
                "protocolVersion": self.era,
                "capabilities": {"tools": {}},
                "serverInfo": _IDENTITY,
            }
        if not self.sse and headers.get("mcp-session-id") != SESSION:
            return _error(message, -32600, 400)
        if not self.sse and headers.get("mcp-protocol-version") != self.era:
            return _error(message, -32600, 400)
        if message["method"] == "tools/list":
            return {"tools": list(self.tools)}
        return _error(message, -32601, 200)

    def _wrapped(self, asked: Asked, result: dict[str, Any]) -> Reply:
        message = {"jsonrpc": "2.0", "id": asked.message["id"], "result": result}
        reply = _events(message) if self.events else _json(message)
        if asked.message["method"] == "initialize" and not self.sse:
            reply.headers["Mcp-Session-Id"] = SESSION
        return reply


def _json(value: object, status: int = 200) -> Reply:
    body = json.dumps(value).encode()
    return Reply(status=status, headers={"Content-Type": "application/json"}, body=body)


def _events(message: object) -> Reply:
    notice = {"jsonrpc": "2.0", "method": "notifications/message", "params": {}}
    text = ": hello\n\n" + "".join(
        f"event: message\nid: {number}\ndata: {json.dumps(one)}\n\n"
        for number, one in enumerate((notice, message))
    )
    return Reply(headers={"Content-Type": "text/event-stream"}, body=text.encode())


def _error(message: dict[str, Any], code: int, status: int, **more: object) -> Reply:
    error = {"code": code, "message": "no", **more}
    return _json({"jsonrpc": "2.0", "id": message.get("id"), "error": error}, status)


class _Handler(BaseHTTPRequestHandler):
    of: RemoteServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        asked = self._asked({})
        reply = self.of.replying(asked)
        welcome = reply is None and self.of.sse and asked.path == "/mcp"
        if welcome and self.of.answer(asked).status != 401:
            self._stream()
        else:
            self._send(reply or self.of.answer(asked))

    def do_DELETE(self) -> None:
        self._send(self.of.replying(self._asked({})) or Reply(status=204))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = self._asked(json.loads(self.rfile.read(length)))
        reply = self.of.replying(asked) or self.of.answer(asked)
        if self.of.sse and reply.status == 200 and self.of.streams:
            self.of.streams[-1].put(b"event: message\ndata: " + reply.body + b"\n\n")
            reply = Reply(status=202)
        self._send(reply)

    def _asked(self, message: dict[str, Any]) -> Asked:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, message)
        self.of.requests.append(asked)
        return asked

    def _stream(self) -> None:
        waiting: queue.Queue[bytes | None] = queue.Queue()
        self.of.streams.append(waiting)
        self._send(
            Reply(
                headers={"Content-Type": "text/event-stream"},
                body=b"event: endpoint\ndata: /messages\n\n",
                endless=b"-",
            ),
            waiting,
        )

    def _send(self, reply: Reply, waiting: queue.Queue[bytes | None] | None = None) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.endless:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            time.sleep(reply.pause)
            self.wfile.write(reply.body)
            self.wfile.flush()
            while reply.endless and (piece := waiting.get() if waiting else reply.endless):
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(reply.pause)
