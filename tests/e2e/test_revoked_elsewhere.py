"""What a registry revoked does not come in through `mcp:`, which no registry vouches for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import commit, installed, lookup, verify
from mcpinstall.operations.findings import Kind
from tests.builders import mcp_registry
from tests.builders.index_server import IndexServer
from tests.builders.mcp_registry import document, serve
from tests.builders.packages import publish
from tests.builders.world import World

pytestmark = pytest.mark.e2e

NAME = "io.github.user/weather"
SPEC = f"mcp:{NAME}"
REVOKED = Revocation(name=NAME, reason="it was stolen", date="2026-11-23")


@pytest.fixture
def described(world: World) -> Iterator[World]:
    """A world whose MCP registry describes `weather`, which its own registry doesn't have."""
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "2.0", readme=f"mcp-name: {NAME}")
    with IndexServer() as started:
        mcp_registry.configure(world, started.origin)
        serve(started, document(NAME))
        yield world


def test_what_nobody_revoked_is_installed_and_later_told(described: World) -> None:
    described.install(SPEC, hosts=["cursor"])
    assert installed.installed(described.context)[0].withdrawal is None
    described.registry.withdraw(REVOKED)

    (row,) = installed.installed(described.context)
    assert row.withdrawal is not None
    assert row.withdrawal.code is ErrorCode.SERVER_REVOKED
    (entry,) = verify.verify((), described.context)
    assert [one.kind for one in entry.findings] == [Kind.REVOKED]
    with pytest.raises(McpInstallError) as refused:
        described.reinstall("weather")
    assert refused.value.code is ErrorCode.SERVER_REVOKED
    described.uninstall("weather")


def test_the_same_server_by_another_door_is_refused(described: World) -> None:
    before = described.host_files()
    described.registry.withdraw(REVOKED)

    with pytest.raises(McpInstallError) as refused:
        described.prepare(SPEC, hosts=["cursor"])

    assert refused.value.code is ErrorCode.SERVER_REVOKED
    described.require_untouched(before)


def test_a_revocation_between_question_and_yes_stops_it_too(described: World) -> None:
    before = described.host_files()
    prepared = described.prepare(SPEC, hosts=["cursor"])
    described.registry.withdraw(REVOKED)

    with pytest.raises(McpInstallError) as refused:
        commit.commit(prepared, described.context)

    assert refused.value.code is ErrorCode.SERVER_REVOKED
    described.require_untouched(before)
    assert lookup.reviewed(SPEC, described.context, withdrawn=True).withdrawal is not None
