"""The client: bounded in bytes, time and hops, and honest about why it failed."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits
from mcpinstall.system.fetch import Client, Clock, Credentials
from mcpinstall.system.routes import Routes, addresses_of, proxy_for, system_trust
from mcpinstall.system.urls import Url, parse
from tests.builders.index_server import (
    Certificate,
    FakeClock,
    IndexServer,
    Reply,
    endless,
    machine_at,
    redirect,
    slow,
)

CONTENT = b"wheel " * 5000


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as started:
        yield started


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(server: IndexServer, clock: FakeClock, tmp_path: Path) -> Iterator[Client]:
    with client_of(server, clock, tmp_path) as made:
        yield made


def client_of(server: IndexServer, clock: FakeClock, folder: Path) -> Client:
    return Client(
        server.url,
        machine=machine_at(folder),
        clock=Clock(monotonic=clock.monotonic, sleep=clock.sleep),
    )


def download(client: Client, server: IndexServer, path: str, content: bytes = CONTENT) -> bytes:
    """Download what should be `content`, and return what was written."""
    sink = io.BytesIO()
    client.download(
        server.origin + path, sink, name="a.whl", size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    return sink.getvalue()


def refusal(client: Client, server: IndexServer, path: str = "/f") -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        download(client, server, path)
    return refused.value


def test_an_honest_file_arrives_whole(client: Client, server: IndexServer) -> None:
    server.files["/f"] = CONTENT

    assert download(client, server, "/f") == CONTENT


def test_one_connection_serves_many_requests(client: Client, server: IndexServer) -> None:
    server.files["/f"] = CONTENT
    server.answer("/there", redirect("/f"))

    for _ in range(3):
        download(client, server, "/there")
        assert client.get_bytes(f"{server.origin}/none", limit=10) is None

    (route,) = client._routes._routes.values()
    pool = route._transport._pool  # type: ignore[attr-defined]
    assert len(pool.connections) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_passing_failure_is_tried_again_later(
    client: Client, server: IndexServer, clock: FakeClock, status: int
) -> None:
    server.answer("/f", Reply(status=status), Reply(status=status), Reply(CONTENT))

    assert download(client, server, "/f") == CONTENT
    assert clock.pauses == [limits.BACK_OFF_SECONDS, 2 * limits.BACK_OFF_SECONDS]


def test_a_lasting_failure_ends_after_the_last_try(
    client: Client, server: IndexServer, clock: FakeClock
) -> None:
    server.answer("/f", Reply(status=503, headers={"Retry-After": "99999"}))

    error = refusal(client, server)

    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert "503" in error.message
    assert "127.0.0.1" in error.message
    assert len(server.requests) == limits.ATTEMPTS
    assert max(clock.pauses) <= 10


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 206, 304])
def test_a_definite_answer_is_not_asked_for_again(
    client: Client, server: IndexServer, clock: FakeClock, status: int
) -> None:
    server.answer("/f", Reply(status=status))

    error = refusal(client, server)

    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert str(status) in error.message
    assert ("credentials" in error.hint) == (status in (401, 403))
    assert clock.pauses == []


def test_a_download_that_is_cut_off_begins_again(client: Client, server: IndexServer) -> None:
    cut = Reply(CONTENT[:1000], length=len(CONTENT))
    server.answer("/f", cut, cut, Reply(CONTENT))

    assert download(client, server, "/f") == CONTENT


def test_a_download_that_is_always_cut_off_is_never_taken_for_whole(
    client: Client, server: IndexServer
) -> None:
    server.answer("/f", Reply(CONTENT[:1000], length=len(CONTENT)))
    assert refusal(client, server).code is ErrorCode.DOWNLOAD_FAILED

    server.answer("/f", Reply(lambda: [CONTENT[:1000]], length=None))
    error = refusal(client, server)
    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert "1000 of 30000 bytes" in error.message


def test_progress_takes_back_what_was_given_up(client: Client, server: IndexServer) -> None:
    server.answer("/f", Reply(CONTENT[:1000], length=len(CONTENT)), Reply(CONTENT))
    heard: list[int] = []

    client.download(
        f"{server.origin}/f", io.BytesIO(), name="a.whl", size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(), arrived=heard.append,
    )  # fmt: skip

    assert sum(heard) == len(CONTENT)
    assert min(heard) < 0


def test_other_bytes_of_the_same_length_are_refused(client: Client, server: IndexServer) -> None:
    server.files["/f"] = CONTENT[:-1] + b"!"

    error = refusal(client, server)

    assert error.code is ErrorCode.DIGEST_MISMATCH
    assert len(server.requests) == 1
    assert hashlib.sha256(CONTENT).hexdigest() in error.hint


def test_a_longer_or_shorter_file_is_refused_before_its_first_byte(
    client: Client, server: IndexServer
) -> None:
    for content in (CONTENT + b"!", CONTENT[:-1]):
        server.files["/f"] = content
        assert refusal(client, server).code is ErrorCode.ARTIFACT_SIZE


def test_an_endless_body_is_left_at_the_first_byte_too_many(
    client: Client, server: IndexServer
) -> None:
    server.answer("/f", endless())

    assert refusal(client, server).code is ErrorCode.ARTIFACT_SIZE
    with pytest.raises(McpInstallError) as refused:
        client.get_bytes(f"{server.origin}/f", limit=100_000)
    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE
    assert "100000" in refused.value.message


def test_a_file_past_the_limit_is_not_asked_for(client: Client, server: IndexServer) -> None:
    with pytest.raises(McpInstallError) as refused:
        client.download(
            f"{server.origin}/f", io.BytesIO(), name="big.whl",
            size=limits.ARTIFACT_BYTES + 1, sha256="0" * 64,
        )  # fmt: skip

    assert refused.value.code is ErrorCode.ARTIFACT_SIZE
    assert server.requests == []


def test_a_dripping_body_ends_when_its_time_is_up(server: IndexServer, tmp_path: Path) -> None:
    server.answer("/f", slow(CONTENT))
    with client_of(server, FakeClock(step=400.0), tmp_path) as client:
        error = refusal(client, server)

    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert "longer than 900 s" in error.message
    assert len(server.requests) == 1


def test_a_stopped_client_ends_at_the_next_byte(
    client: Client, server: IndexServer, clock: FakeClock
) -> None:
    server.files["/f"] = CONTENT
    client.stop()

    assert refusal(client, server).code is ErrorCode.DOWNLOAD_FAILED
    assert clock.pauses == []


def test_a_page_is_unpacked_within_its_limit(client: Client, server: IndexServer) -> None:
    packed = gzip.compress(b"a" * 1_000_000, mtime=0)
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/html"}
    server.answer("/p", Reply(packed, headers=headers))

    answer = client.get_bytes(f"{server.origin}/p", limit=1_000_000)
    assert answer is not None
    assert answer.body == b"a" * 1_000_000
    assert answer.content_type == "text/html"

    with pytest.raises(McpInstallError) as refused:
        client.get_bytes(f"{server.origin}/p", limit=999_999)
    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"not gzip", "gzip"), (gzip.compress(b"page" * 100, mtime=0)[:-9], "gzip"), (b"x", "br")],
)
def test_a_damaged_packing_is_refused(
    client: Client, server: IndexServer, body: bytes, encoding: str
) -> None:
    server.answer("/p", Reply(body, headers={"Content-Encoding": encoding}))

    with pytest.raises(McpInstallError) as refused:
        client.get_bytes(f"{server.origin}/p", limit=1000)

    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE


def test_three_redirects_are_followed_and_no_more(client: Client, server: IndexServer) -> None:
    server.files["/f"] = CONTENT
    server.answer("/1", redirect("/2"))
    server.answer("/2", redirect("3", status=307))
    server.answer("/3", redirect(f"{server.origin}/f", status=308))
    server.answer("/0", redirect("/1"))

    assert download(client, server, "/1") == CONTENT
    error = refusal(client, server, "/0")
    assert error.code is ErrorCode.INDEX_FORBIDDEN


def test_nobody_listening_is_told_with_the_host(tmp_path: Path, clock: FakeClock) -> None:
    with IndexServer() as gone:
        pass
    with client_of(gone, clock, tmp_path) as client, pytest.raises(McpInstallError) as refused:
        client.get_bytes(f"{gone.url}/a/", limit=10)

    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE
    assert f"127.0.0.1:{gone.port}" in refused.value.message
    assert "HTTPS_PROXY" in refused.value.hint
    assert len(clock.pauses) == limits.ATTEMPTS - 1


def test_an_unknown_name_is_told(tmp_path: Path, clock: FakeClock) -> None:
    def resolve(host: str, port: int) -> tuple[str, ...]:
        raise OSError("name not known")

    machine = machine_at(tmp_path)
    home = parse("https://index.example/simple")
    client = Client(
        home.text, machine=machine, routes=Routes(home, machine, resolve=resolve),
        clock=Clock(monotonic=clock.monotonic, sleep=clock.sleep),
    )  # fmt: skip
    with client, pytest.raises(McpInstallError) as refused:
        client.get_bytes(home, limit=10)

    assert "no address for `index.example`" in refused.value.message


def test_the_next_address_is_tried_when_one_is_dead(server: IndexServer, tmp_path: Path) -> None:
    server.files["/f"] = CONTENT
    machine = machine_at(tmp_path)

    def resolve(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.9", "::1", *addresses_of("127.0.0.1", port))

    routes = Routes(parse(server.url), machine, resolve=resolve)
    with Client(server.url, machine=machine, routes=routes) as client:
        assert download(client, server, "/f") == CONTENT
        assert server.requests[0].headers["host"] == f"127.0.0.1:{server.port}"


def test_credentials_are_never_in_a_representation() -> None:
    credentials = Credentials(user="me", password="hunter2")

    assert repr(credentials) == "Credentials()"
    assert credentials.header == "Basic bWU6aHVudGVyMg=="


# TLS -------------------------------------------------------------------------------------------


def test_an_unknown_certificate_is_refused_at_once(tmp_path: Path, clock: FakeClock) -> None:
    with IndexServer(certificate=Certificate.make(tmp_path)) as server:
        server.files["/f"] = CONTENT
        with client_of(server, clock, tmp_path) as client:
            error = refusal(client, server)

    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert "certificate is not trusted" in error.message
    assert "SSL_CERT_FILE" in error.hint
    assert clock.pauses == []


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
def test_a_certificate_named_by_ssl_cert_file_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = Certificate.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    machine = machine_at(tmp_path, SSL_CERT_FILE=str(certificate.file))
    with IndexServer(certificate=certificate) as server:
        server.files["/f"] = CONTENT
        with Client(server.url, machine=machine) as client:
            assert download(client, server, "/f") == CONTENT


def test_the_certificate_must_be_the_hosts_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    certificate = Certificate.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with IndexServer(certificate=certificate) as server:
        home = parse(f"https://index.example:{server.port}/simple")
        machine = machine_at(tmp_path, SSL_CERT_FILE=str(certificate.file))
        routes = Routes(home, machine, resolve=lambda host, port: ("127.0.0.1",))
        client = Client(home.text, machine=machine, routes=routes)
        with client, pytest.raises(McpInstallError) as refused:
            client.get_bytes(home, limit=10)

    assert "certificate is not trusted" in refused.value.message
    assert server.requests == []


def test_without_certificates_of_openssls_truststore_finds_the_systems(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    context = system_trust({})

    assert type(context).__module__.startswith("truststore")


# Proxies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:1"}, "http://proxy:1"),
        ({"https_proxy": "http://lower:1", "HTTPS_PROXY": "http://upper:1"}, "http://lower:1"),
        ({"ALL_PROXY": "http://all:1"}, "http://all:1"),
        ({"all_proxy": "http://all:1"}, "http://all:1"),
        ({"HTTP_PROXY": "http://proxy:1"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "other,.example"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "elsewhere"}, "http://proxy:1"),
    ],
)
def test_the_callers_proxy_is_used(
    environ: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    machine = machine_at(tmp_path, **environ)

    assert proxy_for(parse("https://index.example/simple"), machine) == expected
    assert proxy_for(parse("http://127.0.0.1/simple"), machine) is None


@pytest.mark.parametrize("bypassed", [True, False])
def test_without_variables_the_systems_own_proxy_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bypassed: bool
) -> None:
    machine = dataclasses.replace(machine_at(tmp_path), platform="darwin")
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://system:1"})
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: bypassed)

    found = proxy_for(parse("https://index.example/"), machine)

    assert found == (None if bypassed else "http://system:1")


def test_the_systems_proxy_gives_way_to_a_variable_and_is_not_asked_for_on_linux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://system:1"})
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: False)
    named = machine_at(tmp_path, HTTPS_PROXY="http://named:1")
    url = parse("https://index.example/")

    assert proxy_for(url, dataclasses.replace(named, platform="darwin")) == "http://named:1"
    assert proxy_for(url, machine_at(tmp_path)) is None


def proxied(home: Url, folder: Path, handler: httpx.MockTransport) -> Client:
    machine = machine_at(folder, HTTPS_PROXY="http://user:secret@proxy.example:3128")

    def connect(proxy: str | None) -> httpx.BaseTransport:
        assert proxy is not None
        return handler

    routes = Routes(home, machine, resolve=lambda host, port: (host,), connect=connect)
    return Client(home.text, machine=machine, routes=routes)


def test_behind_a_proxy_names_are_left_to_it_and_that_is_told(tmp_path: Path) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(str(request.url).encode()))

    handler = httpx.MockTransport(echo)
    home = parse("https://index.example/simple/a/")

    with proxied(home, tmp_path, handler) as client:
        assert not client.proxied
        answer = client.get_bytes(home, limit=1000)

        assert answer is not None
        assert answer.body == home.text.encode()
        assert client.proxied


def test_behind_a_proxy_a_spelled_out_private_address_is_still_refused(tmp_path: Path) -> None:
    to = {"location": "https://169.254.169.254/latest"}
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers=to)

    handler = httpx.MockTransport(answer)
    home = parse("https://index.example/simple/a/")

    with proxied(home, tmp_path, handler) as client, pytest.raises(McpInstallError) as refused:
        client.get_bytes(home, limit=1000)

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN
    assert [request.url.host for request in asked] == ["index.example"]


@pytest.mark.parametrize("proxy", ["nonsense", "gopher://proxy:70"])
def test_a_proxy_that_cant_be_used_is_told_without_its_text(tmp_path: Path, proxy: str) -> None:
    machine = machine_at(tmp_path, HTTPS_PROXY=proxy)
    client = Client("https://index.example/", machine=machine)
    with client, pytest.raises(McpInstallError) as refused:
        client.get_bytes("https://index.example/", limit=1000)

    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE
    assert "proxy" in refused.value.message


def test_a_program_that_ends_early_waits_for_what_it_began_to_load() -> None:
    program = """
import sys, time
from mcpinstall.system import fetch

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "httpx":
            time.sleep(0.3)
            print("loaded", flush=True)
        return None

sys.meta_path.insert(0, Slow())
fetch.load_ahead()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ended.stdout == "loaded\n"
