"""Attack T22: a remote server leads mcpi's question to where it must not go.

Who: who runs the server, its name service, or describes it in a registry.  Aim: services inside
the network (cloud credentials, routers, local servers), asked by mcpi on this machine.
Stopped by: `system.remote_channel`, which follows nothing out of the server's own origin, and
`system.routes`, which connects only to an address that it has checked.
Twin: `test_an_address_on_the_internet_and_one_that_the_user_named_are_asked`,
`test_a_redirect_within_the_origin_is_followed`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.probing import ProbeResult, probe_remote
from mcpinstall.system.machine import Machine
from mcpinstall.system.remote_channel import StreamableHttp, Target
from mcpinstall.system.routes import Routes
from mcpinstall.system.urls import Reach, parse
from tests.builders.index_server import machine_at
from tests.builders.remote_server import Asked, RemoteServer, Reply

NAMES = {
    "public.example": ["93.184.215.14"],
    "inside.example": ["10.0.0.7"],
    "router.example": ["192.168.1.1"],
    "here.example": ["127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
}


def reached(url: str, *, named_by_user: bool, folder: Path) -> str:
    """The address that a question would be sent to."""
    asked: list[str] = []

    def connect(_: str | None) -> httpx.BaseTransport:
        def handle(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.host)
            return httpx.Response(500)

        return httpx.MockTransport(handle)

    def resolve(host: str, _: int) -> Sequence[str]:
        return NAMES.get(host, [host])

    def channel(target: Target, machine: Machine) -> StreamableHttp:
        furthest = Reach.LOOPBACK if target.named_by_user else Reach.PUBLIC
        routes = Routes(
            parse(target.url), machine, resolve=resolve, connect=connect, furthest=furthest
        )
        return StreamableHttp(target, machine, routes)

    target = Target(url=url, named_by_user=named_by_user)
    with pytest.raises(McpInstallError) as refused:
        probe_remote(target, "streamable-http", machine=machine_at(folder), connect=channel)
    if refused.value.code is ErrorCode.REMOTE_REFUSED:
        assert asked == []
        return "nowhere"
    return asked[0]


@pytest.mark.parametrize(
    ("url", "named_by_user", "address"),
    [
        ("https://public.example/mcp", False, "93.184.215.14"),
        ("https://public.example/mcp", True, "93.184.215.14"),
        ("https://inside.example/mcp", True, "10.0.0.7"),
        ("https://192.168.1.1/mcp", True, "192.168.1.1"),
        ("http://127.0.0.1:3000/mcp", False, "127.0.0.1"),
    ],
)
def test_an_address_on_the_internet_and_one_that_the_user_named_are_asked(
    url: str, named_by_user: bool, address: str, tmp_path: Path
) -> None:
    assert reached(url, named_by_user=named_by_user, folder=tmp_path) == address


@pytest.mark.parametrize("name", [name for name in NAMES if name != "public.example"])
def test_a_name_of_a_registry_that_lies_inside_the_network_is_not_asked(
    name: str, tmp_path: Path
) -> None:
    assert reached(f"https://{name}/mcp", named_by_user=False, folder=tmp_path) == "nowhere"


@pytest.mark.parametrize("host", ["10.0.0.7", "169.254.169.254", "[fd00::1]"])
def test_a_number_of_a_registry_that_lies_inside_the_network_is_not_asked(
    host: str, tmp_path: Path
) -> None:
    assert reached(f"https://{host}/mcp", named_by_user=False, folder=tmp_path) == "nowhere"


@pytest.mark.parametrize("host", ["metadata.example", "169.254.169.254"])
def test_where_clouds_keep_their_credentials_is_not_asked_for_anybody(
    host: str, tmp_path: Path
) -> None:
    assert reached(f"https://{host}/mcp", named_by_user=True, folder=tmp_path) == "nowhere"


@pytest.mark.parametrize(
    ("named_by_user", "code"),
    [(False, ErrorCode.REMOTE_REFUSED), (True, ErrorCode.PROBE_FAILED)],
)
def test_a_name_service_can_t_lead_a_question_to_this_machine(
    named_by_user: bool, code: ErrorCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way, with the system's own resolver lying; the server here speaks no TLS."""
    for name in [name for name in os.environ if name.upper().endswith("_PROXY")]:
        monkeypatch.delenv(name)
    with RemoteServer() as server:
        lie = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: lie)
        target = Target(url=f"https://here.example:{server.port}/mcp", named_by_user=named_by_user)
        with pytest.raises(McpInstallError) as refused:
            probe_remote(target, "streamable-http", machine=Machine.current(), seconds=10)

    assert refused.value.code is code


def probed(server: RemoteServer, path: str = "/mcp") -> ProbeResult:
    transport = "sse" if server.sse else "streamable-http"
    target = Target(url=server.origin + path, named_by_user=True)
    found = probe_remote(target, transport, machine=Machine.current(), seconds=10)
    assert isinstance(found, ProbeResult)
    return found


def test_a_redirect_within_the_origin_is_followed() -> None:
    def moved(asked: Asked) -> Reply | None:
        return Reply(status=307, headers={"Location": "/mcp"}) if asked.path == "/old" else None

    with RemoteServer(replying=moved) as server:
        assert probed(server, "/old").protocol


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:PORT/mcp",
        "http://localhost:PORT/mcp",
        "//127.0.0.1:PORT/mcp",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433:PORT/mcp",
        "http://[::ffff:127.0.0.1]:PORT/mcp",
        "ftp://127.0.0.1/mcp",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_redirect_leads_to_another_origin(status: int, to: str) -> None:
    with RemoteServer() as stranger:
        location = {"Location": to.replace("PORT", str(stranger.port))}
        reply = Reply(status=status, headers=location)
        with (
            RemoteServer(replying=lambda _: reply) as server,
            pytest.raises(McpInstallError) as refused,
        ):
            probed(server)

    assert refused.value.code in (ErrorCode.REMOTE_REFUSED, ErrorCode.PROBE_FAILED)
    assert stranger.requests == []


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:PORT/messages", "//127.0.0.1:PORT/messages", "http://metadata/x"]
)
def test_the_old_transport_sends_its_messages_nowhere_else(to: str) -> None:
    with RemoteServer() as stranger:
        where = to.replace("PORT", str(stranger.port))
        stream = Reply(
            headers={"Content-Type": "text/event-stream"},
            body=f"event: endpoint\ndata: {where}\n\n".encode(),
        )
        with (
            RemoteServer(sse=True, replying=lambda _: stream) as server,
            pytest.raises(McpInstallError),
        ):
            probed(server)

    assert stranger.requests == []
