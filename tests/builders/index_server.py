"""A package index on loopback that tells the truth until a test makes it lie."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mcpinstall.model.artifact import Artifact
from mcpinstall.system.machine import Machine

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "text/html"


@dataclass
class Reply:
    """One answer; `length` is what the header says, None for no such header.

    `raw` stands for all of it, from the status line on; the connection ends behind it.
    """

    body: bytes | Callable[[], Iterable[bytes]] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | str | None = "true"
    raw: bytes | Callable[[], Iterable[bytes]] | None = None


def redirect(to: str, status: int = 302) -> Reply:
    """Send the client elsewhere."""
    return Reply(status=status, headers={"Location": to})


def endless() -> Reply:
    """A body without an end."""

    def body() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    return Reply(body=body, length=None)


def slow(body: bytes, pause: float = 0.02) -> Reply:
    """A body that drips."""

    def drops() -> Iterator[bytes]:
        for start in range(0, len(body), 100):
            time.sleep(pause)
            yield body[start : start + 100]

    return Reply(body=drops, length=len(body))


@dataclass
class Listing:
    """What a page says about one file; a test changes it to lie."""

    path: str
    sha256: str | None
    size: int | None
    yanked: bool | str = False
    uploaded: str | None = "2026-01-01T00:00:00Z"
    """When it was uploaded (PEP 700); None for an index that does not tell."""
    provenance: str | None = None
    """Path of its provenance document (PEP 740)."""


@dataclass(frozen=True)
class Request:
    """What a client sent; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes = b""


Answering: TypeAlias = Reply | Callable[[Request], Reply]
"""An answer, or what makes one from the request."""


class IndexServer:
    """Serves `/simple/<package>/` and `/files/…`; `replies` come before the truth."""

    def __init__(self, *, certificate: Certificate | None = None) -> None:
        self.pages: dict[str, dict[str, Listing]] = {}
        self.files: dict[str, bytes] = {}
        self.replies: dict[str, list[Answering]] = {}
        """Path → answers in order; the last one stays."""
        self.requests: list[Request] = []
        self.content_type = JSON
        self.file_host = ""
        """Origin before file paths on pages; empty for relative links."""
        self.credentials: str | None = None
        """Value of the `Authorization` header without which everything is 401."""
        self._certificate = certificate

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"index": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        if self._certificate:
            self._server.socket = self._certificate.server.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def origin(self) -> str:
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/simple"

    def publish(self, filename: str, content: bytes, *, hint: bool = False) -> Artifact:
        """Take a file in, and return what a lock would say about it."""
        name, version = filename.split("-")[:2]
        package = name.replace("_", "-").lower()
        digest = hashlib.sha256(content).hexdigest()
        path = f"/files/{digest[:2]}/{filename}"
        self.files[path] = content
        self.pages.setdefault(package, {})[filename] = Listing(path, digest, len(content))
        return Artifact(
            filename=filename, package=package, version=version, size=len(content),
            sha256=digest, hint=path[1:] if hint else None,
        )  # fmt: skip

    def listing(self, artifact: Artifact) -> Listing:
        """What the package's page says about a file."""
        return self.pages[artifact.package][artifact.filename]

    def path(self, artifact: Artifact) -> str:
        return self.listing(artifact).path

    def address(self, artifact: Artifact) -> str:
        return self.origin + self.path(artifact)

    def swap(self, artifact: Artifact, content: bytes) -> None:
        """Serve other bytes under the same address."""
        self.files[self.path(artifact)] = content

    def answer(self, path: str, *replies: Answering) -> None:
        self.replies[path] = list(replies)

    def asked(self, prefix: str = "/") -> list[str]:
        """Paths that were asked for."""
        return [request.path for request in self.requests if request.path.startswith(prefix)]

    def page(self, package: str) -> Reply:
        """The page of a package, in the format of the moment."""
        rows = self.pages.get(package)
        if rows is None:
            return Reply(b"no such package", status=404)
        body = _json_page(package, rows, self.file_host)
        if self.content_type == HTML:
            body = _html_page(rows, self.file_host)
        return Reply(body, headers={"Content-Type": self.content_type})

    def _reply(self, path: str, headers: dict[str, str], sent: bytes = b"") -> Reply:
        request = Request(path, headers, sent)
        self.requests.append(request)
        if self.credentials and headers.get("authorization") != self.credentials:
            return Reply(b"who are you?", status=401)
        planned = self.replies.get(path)
        if planned:
            reply = planned.pop(0) if len(planned) > 1 else planned[0]
            return reply if isinstance(reply, Reply) else reply(request)
        if path in self.files:
            return Reply(self.files[path], headers={"Content-Type": "application/zip"})
        if path.startswith("/simple/"):
            return self.page(path.removeprefix("/simple/").strip("/"))
        return Reply(status=404)


def _json_page(package: str, rows: dict[str, Listing], host: str) -> bytes:
    return json.dumps({
        "meta": {"api-version": "1.1"},
        "name": package,
        "files": [
            {
                "filename": name, "url": host + row.path, "yanked": row.yanked, "size": row.size,
                "hashes": {"sha256": row.sha256} if row.sha256 else {},
                **({"upload-time": row.uploaded} if row.uploaded else {}),
                **({"provenance": host + row.provenance} if row.provenance else {}),
            }
            for name, row in rows.items()
        ],
    }).encode()  # fmt: skip


def _html_page(rows: dict[str, Listing], host: str) -> bytes:
    links = [
        f'<a href="{host}{row.path}{f"#sha256={row.sha256}" if row.sha256 else ""}"'
        + (f' data-yanked="{"" if row.yanked is True else row.yanked}"' if row.yanked else "")
        + (f' data-provenance="{host}{row.provenance}"' if row.provenance else "")
        + f">{name}</a><br/>"
        for name, row in rows.items()
    ]
    return "\n".join(["<!DOCTYPE html>", "<html><body>", *links, "</body></html>"]).encode()


class _Handler(BaseHTTPRequestHandler):
    index: IndexServer
    protocol_version = "HTTP/1.1"
    timeout = 10

    def setup(self) -> None:
        super().setup()
        if isinstance(self.connection, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                self.connection.do_handshake()

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])))

    def do_GET(self) -> None:
        self._answer(b"")

    def _answer(self, sent: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.index._reply(self.path, headers, sent)
        if reply.raw is not None:
            self.close_connection = True
            for chunk in [reply.raw] if isinstance(reply.raw, bytes) else reply.raw():
                self.wfile.write(chunk)
            return
        body = [reply.body] if isinstance(reply.body, bytes) else reply.body()
        length = len(reply.body) if isinstance(reply.body, bytes) else None
        declared = length if reply.length == "true" else reply.length
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if declared is not None:
            self.send_header("Content-Length", str(declared))
        if declared != length or length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        for chunk in body:
            self.wfile.write(chunk)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body; resolvers ask so for a wheel's size."""
        reply = self.index._reply(self.path, {"authorization": self.headers["authorization"] or ""})
        length = len(reply.body) if isinstance(reply.body, bytes) else 0
        self.send_response(reply.status)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1, signed by itself."""

    file: Path
    server: ssl.SSLContext

    @classmethod
    def make(cls, folder: Path) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback index")])
        now = dt.datetime.now(dt.UTC)
        addresses = [
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost"),
        ]  # fmt: skip
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        file, both = folder / "trusted.pem", folder / "server.pem"
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        file.write_bytes(pem)
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        both.write_bytes(pem + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return cls(file, context)


class FakeClock:
    """A clock that moves only when somebody sleeps, or by `step` at each look."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._step = step

    def monotonic(self) -> float:
        self.now += self._step
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def machine_at(folder: Path, **environ: str) -> Machine:
    """A machine whose home and state are in `folder`, with no proxy and no configuration."""
    home = folder / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    return Machine(
        platform="linux",
        home=home,
        environ={"MCPI_HOME": str(folder / "state"), **environ},
        cwd=folder,
    )
