"""Attack: a remote server answers without an end, a little at a time.

Who: who runs the server, or the network before it.  Aim: an mcpi that hangs, at the yes of a
person or in a script, since each piece comes well within the time that one piece may take.
Stopped by: `system.remote_channel`, which cuts the connection when the conversation's time is up,
wherever in an answer it is.
Twin: `test_a_server_that_takes_its_time_within_the_limit_is_heard`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.probing import ProbeResult, probe_remote
from mcpinstall.system.remote_channel import Target
from tests.builders.index_server import Certificate, machine_at
from tests.builders.remote_server import Asked, RemoteServer, Reply

PAUSE = 0.05
MOST = 600
"""Pieces after which the server gives up: a client that waits for them all is caught by that."""

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
ENDLESS = {
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
    "many headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: a\r\n"),
    "comments": (EVENTS + b"\r\n", b": \n"),
    "a chunk's head": (EVENTS + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[", b"1,"),
    "a refusal": (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 99999\r\n\r\n", b"x"),
}


@dataclass
class Slow:
    """Answers every connection with a beginning, and then with one piece after the other."""

    beginning: bytes
    piece: bytes
    port: int = 0
    certificate: Certificate | None = None
    outlasted: list[bool] = field(default_factory=list)
    """For each connection: whether the client was still there after the last piece."""

    def answer(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), self.secured(accepted) as client:
            client.recv(65536)
            client.sendall(self.beginning)
            for _ in range(MOST):
                client.sendall(self.piece)
                time.sleep(PAUSE)
            self.outlasted.append(True)

    def secured(self, client: socket.socket) -> socket.socket:
        made = self.certificate
        return made.server.wrap_socket(client, server_side=True) if made else client

    def serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self.answer, args=(client,), daemon=True).start()


@contextlib.contextmanager
def slow(beginning: bytes, piece: bytes, certificate: Certificate | None = None) -> Iterator[Slow]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = Slow(beginning, piece, port=port, certificate=certificate)
        threading.Thread(target=server.serve, args=(listening,), daemon=True).start()
        yield server
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
@pytest.mark.parametrize("what", ENDLESS)
def test_an_answer_that_never_ends_is_cut(what: str, transport: str, tmp_path: Path) -> None:
    with slow(*ENDLESS[what]) as server:
        target = Target(url=f"http://127.0.0.1:{server.port}/mcp", named_by_user=True)
        with contextlib.suppress(McpInstallError):  # or `it wants authorization`, from its head
            found = probe_remote(target, transport, machine=machine_at(tmp_path), seconds=0.5)
            assert what == "a refusal"
            assert not isinstance(found, ProbeResult)

        assert server.outlasted == []


def test_what_comes_through_tls_is_cut_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = Certificate.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    machine = machine_at(tmp_path, SSL_CERT_FILE=str(certificate.file))
    with slow(*ENDLESS["early hints"], certificate) as server:
        target = Target(url=f"https://127.0.0.1:{server.port}/mcp", named_by_user=True)
        with pytest.raises(McpInstallError, match="in time"):
            probe_remote(target, "streamable-http", machine=machine, seconds=1.0)

        assert server.outlasted == []


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_server_that_takes_its_time_within_the_limit_is_heard(
    pieces: int, tmp_path: Path
) -> None:
    def late(asked: Asked) -> Reply | None:
        if asked.message.get("method") == "server/discover":
            time.sleep(PAUSE * pieces)
        return None

    with RemoteServer(events=True, replying=late) as server:
        target = Target(url=server.url, named_by_user=True)
        found = probe_remote(target, "streamable-http", machine=machine_at(tmp_path))

    assert isinstance(found, ProbeResult)
    assert len(found.tools.tools) == 2


def test_the_metadata_of_a_server_that_wants_authorization_are_cut_too(tmp_path: Path) -> None:
    answers: Sequence[Reply] = [Reply(status=200, body=b"{", endless=b" ", pause=PAUSE)]

    def replying(asked: Asked) -> Reply | None:
        return answers[0] if asked.path.startswith("/.well-known/") else None

    with RemoteServer(token="t", replying=replying) as server:
        target = Target(url=server.url, named_by_user=True)
        found = probe_remote(target, "streamable-http", machine=machine_at(tmp_path), seconds=0.5)

    assert not isinstance(found, ProbeResult)
    assert json.dumps(found.issuers) == "[]"


def test_the_refusal_says_that_the_time_was_up(tmp_path: Path) -> None:
    with slow(*ENDLESS["early hints"]) as server:
        target = Target(url=f"http://127.0.0.1:{server.port}/mcp", named_by_user=True)
        with pytest.raises(McpInstallError) as refused:
            probe_remote(target, "streamable-http", machine=machine_at(tmp_path), seconds=0.5)

    assert refused.value.code is ErrorCode.PROBE_FAILED
    assert "in time" in refused.value.message
