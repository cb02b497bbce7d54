"""Attack T22: an index leads the client to where it must not go.

Who: an operator or intruder of the index or of its file host.  Aim: services inside the network
(cloud credentials, routers, local servers), clear text, endless work.
Stopped by: `system.fetch`, which follows redirects by hand, and `system.routes`, which connects
only to the address that it has checked.
Twin: `test_an_honest_redirect_is_followed`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits
from mcpinstall.system.fetch import Client
from mcpinstall.system.routes import Routes, addresses_of
from mcpinstall.system.urls import literal, parse
from tests.builders.index_server import IndexServer, Reply, machine_at, redirect

HOME = parse("https://index.example/simple/alpha/")
NAMES = {
    "index.example": ["93.184.215.14"],
    "files.example": ["2606:4700::6810:1"],
    "inside.example": ["10.0.0.7"],
    "metadata.example": ["169.254.169.254"],
    "here.example": ["127.0.0.1"],
    "localhost": ["127.0.0.1"],
    "mapped.example": ["::ffff:10.0.0.7"],
    "both.example": ["10.0.0.7", "93.184.215.14"],
    "corp.example": ["10.0.0.1"],
}


def resolve(host: str, port: int) -> Sequence[str]:
    """Answer from the table; odd spellings of numbers as the system's resolver does."""
    if host in NAMES:
        return NAMES[host]
    return addresses_of(host, port) if literal(host) or host.isdecimal() else ()


class Internet:
    """Hosts by name; remembers which addresses were connected to."""

    def __init__(self, folder: Path, home: str = HOME.text) -> None:
        self.redirects: dict[str, str] = {}
        self.connected: list[str] = []
        machine = machine_at(folder)
        self.home = parse(home)
        routes = Routes(
            self.home, machine, resolve=resolve,
            connect=lambda proxy: httpx.MockTransport(self._answer),
        )  # fmt: skip
        self.client = Client(home, machine=machine, routes=routes)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.connected.append(request.url.host)
        to = self.redirects.get(request.headers["host"])
        if to is not None:
            return httpx.Response(302, headers={"location": to})
        return httpx.Response(200, stream=httpx.ByteStream(b"page"))

    def get(self) -> bytes:
        answer = self.client.get_bytes(self.home, limit=1000)
        assert answer is not None
        return answer.body


@pytest.mark.parametrize("to", ["https://files.example/a", "/elsewhere?", "https://both.example/"])
def test_an_honest_redirect_is_followed(tmp_path: Path, to: str) -> None:
    internet = Internet(tmp_path)
    if to.startswith("https"):
        internet.redirects["index.example"] = to

    assert internet.get() == b"page"
    assert "10.0.0.7" not in internet.connected


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest", "https://169.254.169.254/latest",
        "https://[::ffff:127.0.0.1]/", "http://[::ffff:127.0.0.1]/", "https://[::1]/",
        "http://2130706433/", "https://2130706433/", "https://0/", "https://[fe80::1]/",
        "https://[64:ff9b::a9fe:a9fe]/", "https://inside.example/", "https://metadata.example/",
        "https://here.example/", "https://mapped.example/", "https://localhost/",
        "http://files.example/", "http://localhost/", "http://127.0.0.1:8080/",
        "ftp://files.example/", "file:///etc/passwd", "gopher://files.example/",
        "data:text/html,page", "https://user:password@files.example/", "", "//", "https://",
        "\\\\inside.example\\share",
    ],
)  # fmt: skip
def test_a_redirect_inside_or_to_clear_text_is_refused(tmp_path: Path, to: str) -> None:
    internet = Internet(tmp_path)
    internet.redirects["index.example"] = to

    with pytest.raises(McpInstallError) as refused:
        internet.get()

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN
    assert set(internet.connected) == {"93.184.215.14"}


def test_the_second_hop_is_checked_like_the_first(tmp_path: Path) -> None:
    internet = Internet(tmp_path)
    internet.redirects = {
        "index.example": "https://files.example/a", "files.example": "https://inside.example/b",
    }  # fmt: skip

    with pytest.raises(McpInstallError) as refused:
        internet.get()

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN


def test_an_index_of_the_company_may_lead_to_the_company_but_not_to_this_machine(
    tmp_path: Path,
) -> None:
    internet = Internet(tmp_path, "https://corp.example/simple/alpha/")
    internet.redirects["corp.example"] = "https://inside.example/a"
    assert internet.get() == b"page"

    for to in ("https://here.example/", "https://metadata.example/"):
        internet.redirects["corp.example"] = to
        with pytest.raises(McpInstallError) as refused:
            internet.get()
        assert refused.value.code is ErrorCode.INDEX_FORBIDDEN


def test_a_name_that_changes_its_address_is_connected_where_it_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    internet = Internet(tmp_path)
    internet.redirects["index.example"] = "https://files.example/a"
    internet.get()

    monkeypatch.setitem(NAMES, "files.example", ["10.0.0.7"])
    internet.get()

    assert "10.0.0.7" not in internet.connected


# The same over real connections ----------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as started:
        yield started


def test_a_loop_of_thirty_hops_ends_after_three(server: IndexServer, tmp_path: Path) -> None:
    for number in range(30):
        server.answer(f"/simple/{number}/", redirect(f"/simple/{number + 1}/"))

    client = Client(server.url, machine=machine_at(tmp_path))
    with client, pytest.raises(McpInstallError) as refused:
        client.get_bytes(f"{server.url}/0/", limit=1000)

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN
    assert len(server.requests) == limits.REDIRECTS + 1


def test_plain_http_leads_from_this_machine_only_to_itself(
    server: IndexServer, tmp_path: Path
) -> None:
    server.answer("/simple/alpha/", redirect("/simple/beta/"), redirect("http://192.0.2.1/"))
    server.answer("/simple/beta/", Reply(b"page"))

    with Client(server.url, machine=machine_at(tmp_path)) as client:
        assert client.get_bytes(f"{server.url}/alpha/", limit=1000) is not None
        with pytest.raises(McpInstallError) as refused:
            client.get_bytes(f"{server.url}/alpha/", limit=1000)

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN
