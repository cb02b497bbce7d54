"""Connections: which address is asked, which trust is used, how far inside a network it leads."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import httpx
import pytest
import truststore

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits, routes
from mcpinstall.system.fetch import Client
from mcpinstall.system.routes import Route, Routes, system_trust
from mcpinstall.system.urls import parse
from tests.builders.index_server import Certificate, IndexServer, machine_at

HOME = parse("https://index.example/simple/")
OTHER = parse("https://files.example/a.whl")


class Line(httpx.BaseTransport):
    """A network in which the first address does not answer."""

    def __init__(self, silent: str = "") -> None:
        self.silent = silent
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.host == self.silent:
            raise httpx.ConnectTimeout("nobody answers")
        return httpx.Response(200)


# Trust -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "variables", "own"),
    [
        ("linux", {}, True),
        ("linux", {"SSL_CERT_FILE": "x"}, True),
        ("darwin", {}, False),
        ("win32", {}, False),
        ("darwin", {"SSL_CERT_FILE": "x"}, True),
        ("darwin", {"SSL_CERT_DIR": "x"}, True),
    ],
)
def test_openssl_is_asked_where_it_knows_the_certificates(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    variables: dict[str, str],
    own: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Certificate.make(tmp_path).file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)

    context = system_trust(variables)

    assert type(context) is (ssl.SSLContext if own else truststore.SSLContext)


@pytest.mark.parametrize(("folder", "own"), [("full", True), ("empty", False), ("none", False)])
def test_a_folder_of_certificates_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, own: bool
) -> None:
    for name in ("full", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "0a0b0c0d.0").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / folder))
    monkeypatch.setattr(sys, "platform", "linux")

    assert type(system_trust({})) is (ssl.SSLContext if own else truststore.SSLContext)


def test_connections_have_the_systems_trust_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = Certificate.make(tmp_path)
    made: list[ssl.SSLContext] = []

    def trust(environ: object) -> ssl.SSLContext:
        made.append(ssl.create_default_context(cafile=str(certificate.file)))
        return made[-1]

    monkeypatch.setattr(routes, "system_trust", trust)
    with (
        IndexServer(certificate=certificate) as one,
        IndexServer(certificate=certificate) as two,
        Client(one.url, machine=machine_at(tmp_path)) as client,
    ):
        for server in (one, two):
            server.files["/f"] = b"x"
            answer = client.get_bytes(server.origin + "/f", limit=10)
            assert answer is not None
            assert answer.body == b"x"

    assert len(made) == 1


# Addresses -------------------------------------------------------------------------------------


def test_an_address_that_answered_is_asked_again_and_the_silent_one_is_not() -> None:
    line = Line(silent="192.0.2.1")
    route = Route(line, ["192.0.2.1", "192.0.2.2"], through_proxy=False)

    route.send(OTHER, {})
    response = route.send(OTHER, {})

    assert [request.url.host for request in line.asked] == ["192.0.2.1", "192.0.2.2", "192.0.2.2"]
    assert response.request is line.asked[-1]


def test_the_last_address_that_is_silent_is_the_failure() -> None:
    route = Route(Line(silent="192.0.2.1"), ["192.0.2.1"], through_proxy=False)

    with pytest.raises(httpx.ConnectTimeout):
        route.send(OTHER, {})


def test_every_wait_is_bounded() -> None:
    line = Line()

    Route(line, ["192.0.2.1"], through_proxy=False).send(OTHER, {})

    assert line.asked[0].extensions["timeout"] == {
        "connect": limits.CONNECT_SECONDS,
        "read": limits.READ_SECONDS,
        "write": limits.READ_SECONDS,
        "pool": limits.DOWNLOAD_SECONDS,
    }


def reached(tmp_path: Path, home: list[str], other: list[str]) -> Route:
    """The way from a home with these addresses to another host with those."""
    resolved = {HOME.host: home, OTHER.host: other}
    found = Routes(
        HOME,
        machine_at(tmp_path),
        resolve=lambda host, port: resolved[host],
        connect=lambda proxy: Line(),
    )
    return found.to(OTHER)


def test_a_name_without_addresses_is_told(tmp_path: Path) -> None:
    route = reached(tmp_path, ["8.8.8.8"], [])

    with pytest.raises(httpx.ConnectError, match="no address"):
        route.send(OTHER, {})


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254"])
def test_an_index_outside_leads_to_no_address_inside(tmp_path: Path, address: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        reached(tmp_path, ["8.8.8.8"], [address])

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN


def test_an_index_that_is_also_inside_may_lead_inside(tmp_path: Path) -> None:
    reached(tmp_path, ["8.8.8.8", "10.0.0.1"], ["10.0.0.2"]).send(OTHER, {})


def test_not_even_an_index_of_this_machine_leads_to_where_clouds_keep_credentials(
    tmp_path: Path,
) -> None:
    with pytest.raises(McpInstallError) as refused:
        reached(tmp_path, ["127.0.0.1", "169.254.1.1"], ["169.254.169.254"])

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN


def test_the_index_itself_may_be_wherever_its_user_says(tmp_path: Path) -> None:
    line = Line()
    found = Routes(
        HOME,
        machine_at(tmp_path),
        resolve=lambda host, port: ["169.254.1.1"],
        connect=lambda proxy: line,
    )

    found.to(HOME).send(HOME, {})

    assert line.asked[0].url.host == "169.254.1.1"


def test_a_closed_way_is_not_used_again(tmp_path: Path) -> None:
    found = Routes(
        HOME,
        machine_at(tmp_path),
        resolve=lambda host, port: ["8.8.8.8"],
        connect=lambda proxy: Line(),
    )
    before = found.to(HOME)
    assert found.to(HOME) is before

    found.close()

    assert found.to(HOME) is not before
