"""Servers that the official SDK makes are asked over both transports, in both eras."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.probing import NeedsAuthorization, ProbeResult, probe_remote
from mcpinstall.system.machine import Machine
from mcpinstall.system.remote_channel import Target
from tests.builders.sdk_servers import Running, install_once, running

pytestmark = [pytest.mark.network, pytest.mark.e2e]


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_once(tmp_path_factory.getbasetemp().parent / "sdk-servers")


def probed(
    server: Running, transport: str, *headers: tuple[str, str]
) -> ProbeResult | NeedsAuthorization:
    target = Target(url=server.url, named_by_user=True, headers=headers)
    return probe_remote(target, transport, machine=Machine.current())


@pytest.mark.parametrize(
    ("version", "transport", "protocol"),
    [
        ("new", "streamable-http", "2026-07-28"),
        ("new", "sse", "2026-07-28"),
        ("old", "streamable-http", "2025-11-25"),
        ("old", "sse", "2025-11-25"),
    ],
)
def test_a_server_of_the_sdk_shows_its_tools(
    sdk: Path, version: str, transport: str, protocol: str
) -> None:
    with running(sdk, version, transport) as server:
        found = probed(server, transport)

    assert isinstance(found, ProbeResult)
    assert [tool["name"] for tool in found.tools.tools if isinstance(tool, dict)] == ["now"]
    assert found.protocol == protocol
    assert found.server.startswith("clock")


def test_a_protected_server_of_the_sdk_says_what_it_wants(sdk: Path) -> None:
    with running(sdk, "new", protected=True) as server:
        found = probed(server, "streamable-http")
        opened = probed(server, "streamable-http", ("Authorization", f"Bearer {server.token}"))

    assert isinstance(found, NeedsAuthorization)
    assert found.scheme == "Bearer"
    assert found.issuers == (server.url.removesuffix("/mcp"),)
    assert found.scopes == ("read",)
    assert isinstance(opened, ProbeResult)
