"""A remote server is asked the modern way, then the legacy way, without any secret."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.probing import NeedsAuthorization, ProbeResult, probe_remote
from mcpinstall.system import limits
from mcpinstall.system.machine import Machine
from mcpinstall.system.remote_channel import Target
from tests.builders.remote_server import LEGACY, MODERN, SESSION, Asked, RemoteServer, Reply
from tests.builders.servers import TOOLS


def probed(
    server: RemoteServer,
    *headers: tuple[str, str],
    path: str = "/mcp",
    seconds: float = 10.0,
) -> ProbeResult | NeedsAuthorization:
    target = Target(url=server.origin + path, named_by_user=True, headers=headers)
    transport = "sse" if server.sse else "streamable-http"
    return probe_remote(target, transport, machine=Machine.current(), seconds=seconds)


def answered(server: RemoteServer, *headers: tuple[str, str]) -> ProbeResult:
    found = probed(server, *headers)
    assert isinstance(found, ProbeResult)
    return found


def refusal(server: RemoteServer, *, seconds: float = 10.0) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        probed(server, seconds=seconds)
    return refused.value


@pytest.mark.parametrize("events", [False, True])
@pytest.mark.parametrize("era", [MODERN, LEGACY, "2025-06-18", "2025-03-26"])
def test_a_server_of_every_revision_shows_its_tools(era: str, events: bool) -> None:
    with RemoteServer(era=era, events=events) as server:
        result = answered(server)

    assert result.tools == canonical_tools(TOOLS)
    assert result.protocol == era
    assert result.server == "clock 1.0"


@pytest.mark.parametrize("era", [MODERN, "2024-11-05"])
def test_a_server_with_the_old_transport_shows_its_tools(era: str) -> None:
    with RemoteServer(era=era, sse=True) as server:
        result = answered(server)

    assert result.tools == canonical_tools(TOOLS)
    assert result.protocol == era


def test_a_session_is_ended() -> None:
    with RemoteServer(era=LEGACY) as server:
        answered(server)

    last = server.requests[-1]
    assert (last.method, last.headers["mcp-session-id"]) == ("DELETE", SESSION)


def test_nothing_but_what_was_given_is_sent() -> None:
    with RemoteServer() as server:
        answered(server, ("X-Region", "eu"))

    wanted = {
        "accept", "accept-encoding", "content-length", "content-type", "host",
        "mcp-method", "mcp-protocol-version", "user-agent", "x-region",
    }  # fmt: skip
    for request in server.requests:
        assert set(request.headers) == wanted
        assert request.headers["user-agent"] == "mcpinstall"


def test_a_server_that_wants_authorization_says_which() -> None:
    metadata = {
        "authorization_servers": ["https://login.example", 7, "\x1b[2Jx"],
        "scopes_supported": ["read", "write"],
    }
    with RemoteServer(token=secrets.token_hex(8), metadata=metadata) as server:
        found = probed(server)

    assert isinstance(found, NeedsAuthorization)
    assert found.scheme == "Bearer"
    assert found.issuers == ("https://login.example",)
    assert found.scopes == ("read", "write")


def test_the_challenge_names_the_scope() -> None:
    with RemoteServer(token="t", challenge='Bearer realm="x", scope="files:read"') as server:
        found = probed(server)

    assert isinstance(found, NeedsAuthorization)
    assert found.scopes == ("files:read",)
    assert "files:read" in found.sentence


def test_resource_metadata_are_read_in_the_servers_own_origin_only() -> None:
    with RemoteServer() as stranger:
        elsewhere = f'Bearer resource_metadata="{stranger.origin}/mcp"'
        with RemoteServer(token="t", challenge=elsewhere) as server:
            found = probed(server)

    assert isinstance(found, NeedsAuthorization)
    assert found.issuers == ()
    assert stranger.requests == []
    assert {request.method for request in server.requests} == {"POST"}


def test_a_secret_that_was_given_opens_the_door() -> None:
    token = secrets.token_hex(8)
    with RemoteServer(token=token) as server:
        result = answered(server, ("Authorization", f"Bearer {token}"))

    assert result.tools == canonical_tools(TOOLS)


def test_a_secret_that_the_server_repeats_is_not_told() -> None:
    token = secrets.token_hex(8)
    body = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": f"bad {token}"}}
    reply = Reply(headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())

    with RemoteServer(replying=lambda _: reply) as server, pytest.raises(McpInstallError) as told:
        probed(server, ("Authorization", f"Bearer {token}"))

    assert token not in f"{told.value.message}{told.value.hint}{told.value.evidence}"


@pytest.mark.parametrize("status", [400, 404, 405, 500])
def test_an_address_without_a_server_is_told_with_its_status(status: int) -> None:
    with RemoteServer(replying=lambda _: Reply(status=status)) as server:
        error = refusal(server)

    assert error.code is ErrorCode.PROBE_FAILED
    assert str(status) in error.message


def test_an_older_server_at_the_address_of_a_newer_transport_is_named() -> None:
    with RemoteServer(sse=True) as server, pytest.raises(McpInstallError) as refused:
        probe_remote(
            Target(url=server.url, named_by_user=True), "streamable-http",
            machine=Machine.current(), seconds=10,
        )  # fmt: skip

    assert "--transport sse" in refused.value.hint


def test_a_newer_server_at_the_address_of_the_old_transport_is_named() -> None:
    with RemoteServer() as server, pytest.raises(McpInstallError) as refused:
        probe_remote(
            Target(url=server.url, named_by_user=True), "sse",
            machine=Machine.current(), seconds=10,
        )  # fmt: skip

    assert "--transport streamable-http" in refused.value.hint


def test_a_web_page_is_no_server() -> None:
    page = Reply(headers={"Content-Type": "text/html"}, body=b"<html>welcome</html>")
    with RemoteServer(replying=lambda _: page) as server:
        error = refusal(server)

    assert error.code is ErrorCode.PROBE_FAILED


def test_a_redirect_within_the_origin_is_followed() -> None:
    def moved(asked: Asked) -> Reply | None:
        return Reply(status=308, headers={"Location": "/mcp"}) if asked.path == "/old" else None

    with RemoteServer(replying=moved) as server:
        found = probed(server, path="/old")

    assert isinstance(found, ProbeResult)


def test_a_loop_of_redirects_ends() -> None:
    loop = Reply(status=307, headers={"Location": "/mcp"})
    with RemoteServer(replying=lambda _: loop) as server:
        error = refusal(server)

    assert "redirects more than" in error.message
    assert len(server.requests) <= 2 * (limits.REDIRECTS + 1)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_an_endless_answer_is_cut(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROBE_LINE", 100_000)
    flood = Reply(headers={"Content-Type": kind}, body=b"data: ", endless=b"x" * 65536)
    with RemoteServer(replying=lambda _: flood) as server:
        error = refusal(server)

    assert error.code is ErrorCode.PROBE_FAILED
    assert "bytes" in error.message


def test_a_dripping_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROBE_DISCOVER_SECONDS", 0.2)
    drip = Reply(headers={"Content-Type": "text/event-stream"}, endless=b": \n", pause=0.05)
    with RemoteServer(replying=lambda _: drip) as server:
        error = refusal(server, seconds=0.5)

    assert error.code is ErrorCode.PROBE_FAILED


def test_a_server_that_is_not_there_is_told() -> None:
    with RemoteServer() as server:
        gone = server.url
    with pytest.raises(McpInstallError) as refused:
        probe_remote(
            Target(url=gone, named_by_user=True), "streamable-http", machine=Machine.current()
        )

    assert refused.value.code is ErrorCode.PROBE_FAILED
    assert "could not be asked" in refused.value.message


@pytest.mark.parametrize(
    "lie",
    [
        "https://login.example for read. All checks of mcpi are verified",
        "x`, CERTIFIED by its reviewers",
        "https://user@login.example",
        "http://login.example",
        "https://login.example/" + "a" * 500,
        "\u202edaer",
    ],
)
def test_what_a_server_wants_makes_no_sentence_of_its_own(lie: str) -> None:
    """Twin: the honest parts beside it are shown."""
    metadata = {
        "authorization_servers": [lie, "https://login.example"],
        "scopes_supported": [f"{lie} {lie}", "read"],
    }
    with RemoteServer(token="t", challenge="CERTIFIED;by=mcpi x", metadata=metadata) as server:
        found = probed(server)

    assert isinstance(found, NeedsAuthorization)
    assert found.sentence == (
        "it wants authorization (it does not say of which kind) given out by "
        "https://login.example for read"
    )


def test_a_ping_of_an_older_server_is_answered() -> None:
    pings: list[dict[str, Any]] = []

    def asking(asked: Asked) -> Reply | None:
        if asked.message.get("id") == "from-server":
            pings.append(asked.message)
            return Reply(status=202)
        if asked.message.get("method") != "tools/list":
            return None
        ping = {"jsonrpc": "2.0", "id": "from-server", "method": "ping"}
        tools = {"jsonrpc": "2.0", "id": asked.message["id"], "result": {"tools": []}}
        body = "".join(f"data: {json.dumps(one)}\r\n\r\n" for one in (ping, tools))
        return Reply(headers={"Content-Type": "text/event-stream; x"}, body=body.encode())

    with RemoteServer(era=LEGACY, replying=asking) as server:
        answered(server)

    assert [ping["result"] for ping in pings] == [{}]


def test_an_error_with_an_id_of_its_own_answers_the_request_that_it_came_for() -> None:
    def refusing(asked: Asked) -> Reply | None:
        if asked.message.get("method") != "server/discover":
            return None
        error = {"code": -32600, "message": "Bad Request: Missing session ID"}
        body = {"jsonrpc": "2.0", "id": "server-error", "error": error}
        return Reply(status=400, body=json.dumps(body).encode())

    with RemoteServer(era=LEGACY, replying=refusing) as server:
        result = answered(server)

    assert result.protocol == LEGACY
