"""`mcp:NAME`: servers as an MCP registry describes them, from a loopback registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model import registry_entry
from mcpinstall.model.checks import Check
from mcpinstall.operations import catalog, registry_sources, unreviewed_mcp, verify
from tests.builders import mcp_registry
from tests.builders.index_server import IndexServer
from tests.builders.mcp_registry import OFFICIAL, answer, document, json_reply, package, serve
from tests.builders.packages import publish
from tests.builders.world import World, refusal

CURSOR = ("cursor",)
NAME = "io.github.user/weather"
SPEC = f"mcp:{NAME}"

REAL = {
    "0-draft__mcp-opa__server.json": "not-supported-yet",
    "awslabs__mcp__src_ecs-mcp-server_server.json": "pypi",
    "bgauryy__octocode-mcp__packages_octocode-mcp_server.json": "server-json-invalid",
    "blazickjp__arxiv-mcp-server__server.json": "server-json-invalid",
    "domdomegg__airtable-mcp-server__server.json": "server-json-invalid",
    "domdomegg__time-mcp-pypi__server.json": "server-json-invalid",
    "exa-labs__exa-mcp-server__server.json": "server-json-invalid",
    "grafana__mcp-grafana__server.json": "server-json-invalid",
    "hashicorp__terraform-mcp-server__server.json": "not-supported-yet",
    "microsoft__mcp__servers_Fabric.Mcp.Server_server.json": "server-json-invalid",
    "microsoft__mcp__servers_Template.Mcp.Server_server.json": "server-json-invalid",
    "microsoft__playwright-mcp__server.json": "not-supported-yet",
    "modelcontextprotocol__registry__tools_publisher_server.json": "server-json-invalid",
    "mongodb-js__mongodb-mcp-server__packages_mongodb-mcp-server_server.json": "not-supported-yet",
    "oraios__serena__server.json": "server-json-invalid",
    "redis__mcp-redis__server.json": "server-json-invalid",
    "upstash__context7__server.json": "streamable-http",
    "wonderwhy-er__DesktopCommanderMCP__server.json": "not-supported-yet",
}
"""What each real document comes to: a package, a remote, or the code of its refusal."""


@pytest.fixture
def registry(world: World) -> Iterator[IndexServer]:
    """A registry that has `weather`, whose package names it."""
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "2.0", readme=f"mcp-name: {NAME}")
    with IndexServer() as started:
        mcp_registry.configure(world, started.origin)
        serve(started, document(NAME))
        yield started


def test_it_is_installed_as_described_and_answers(world: World, registry: IndexServer) -> None:
    before = world.host_files()
    done = world.install(SPEC, hosts=CURSOR)
    registry.replies.clear()

    assert done is not None
    assert (done.receipts[0].name, done.receipts[0].version) == (SPEC, "2.0.0")
    assert (done.receipts[0].review, done.receipts[0].entry_name) == ("unreviewed", "weather")
    assert world.starts("cursor", "weather")
    assert verify.verify((), world.context)[0].is_clean
    world.reinstall("weather", offline=True)
    world.uninstall("weather")
    assert world.host_files() == before
    world.require_clean()


def test_the_entrys_arguments_and_inputs_are_used(world: World, registry: IndexServer) -> None:
    arguments = [{"type": "named", "name": "--zone", "isRequired": True}]
    serve(registry, document(NAME, packages=[package(packageArguments=arguments)]))

    (server,) = world.prepare(SPEC, hosts=CURSOR, settings=(("zone", "UTC"),)).plan.servers

    assert server.command.arguments[-2:] == ("--zone", "UTC")


def test_the_content_of_the_entry_is_pinned(world: World, registry: IndexServer) -> None:
    first = world.prepare(SPEC, hosts=CURSOR).plan
    serve(registry, document(NAME, websiteUrl="https://other.example"))

    other = world.prepare(SPEC, hosts=CURSOR).plan

    assert first.servers[0].reviewed.unreviewed != other.servers[0].reviewed.unreviewed
    assert first.digest != other.digest


def test_an_entry_of_the_oldest_schema_is_read(world: World, registry: IndexServer) -> None:
    old = document(
        NAME,
        **{"$schema": mcp_registry.NEWEST.replace("2025-12-11", "2025-07-09")},
        status="active",
        website_url="https://weather.example",
        packages=[{
            "registry_type": "pypi", "identifier": "weather-server", "version": "2.0",
            "transport": {"type": "stdio"},
            "environment_variables": [{"name": "WEATHER_ZONE", "is_required": True}],
        }],
    )  # fmt: skip
    serve(registry, old)

    (server,) = world.prepare(SPEC, hosts=CURSOR, settings=(("WEATHER_ZONE", "x"),)).plan.servers

    assert [(one.name, one.value) for one in server.entry.env] == [("WEATHER_ZONE", "x")]


def test_a_deprecated_entry_says_so_and_is_refused_unattended(
    world: World, registry: IndexServer
) -> None:
    serve(registry, document(NAME), status="deprecated", message="use sky")

    checks = world.prepare(SPEC, hosts=CURSOR).plan.checks
    with pytest.raises(McpInstallError) as refused:
        world.prepare(SPEC, hosts=CURSOR, unattended=True, allow=frozenset({"unreviewed"}))

    said = next(one.evidence for one in checks if one.check is Check.REGISTRY)
    assert "DEPRECATED: use sky" in said
    assert refusal(refused) == ("version-yanked", 3)


def test_a_remote_server_is_used_where_it_runs(world: World, registry: IndexServer) -> None:
    remotes = [{"type": "streamable-http", "url": "https://weather.example/mcp"}]
    serve(registry, document(NAME, packages=None, remotes=remotes))

    (server,) = world.prepare(SPEC, hosts=CURSOR, offline=False).plan.servers

    assert server.remote is not None
    assert (server.remote.url, server.remote.named_by_user) == (
        "https://weather.example/mcp", False,
    )  # fmt: skip


def test_it_is_in_the_list_of_registries_and_not_asked(world: World, registry: IndexServer) -> None:
    asked = len(registry.requests)

    found = registry_sources.listed(world.context)[-1]

    assert (found.name, found.kind, found.where) == ("mcp", "mcp", f"{registry.origin}/")
    assert (found.state, found.problem) == (None, "")
    assert len(registry.requests) == asked


def test_without_a_configured_registry_it_says_what_to_write(world: World) -> None:
    with pytest.raises(McpInstallError) as refused:
        world.prepare(SPEC, hosts=CURSOR)

    assert refusal(refused) == ("not-found", 5)
    assert 'kind = "mcp"' in refused.value.hint


def test_search_reads_all_pages_and_passes_over_what_is_broken(
    world: World, registry: IndexServer
) -> None:
    first = "/v0.1/servers?limit=100&version=latest&search=weather"
    other = answer(document("io.github.user/weather-maps", title="Maps"), "deprecated")
    other["_meta"][OFFICIAL]["statusMessage"] = None  # null is nothing
    pages = [
        {"servers": [answer(document(NAME)), answer({"name": "?"})],
         "metadata": {"nextCursor": "a b", "count": 2}},
        {"servers": [other, answer(document("com.example/gone"), "deleted")],
         "metadata": {"nextCursor": None}},
    ]  # fmt: skip
    registry.answer(first, json_reply(pages[0]))
    registry.answer(f"{first}&cursor=a+b", json_reply(pages[1]))

    rows = catalog.search("mcp:weather", world.context)

    assert [row.name for row in rows] == [SPEC, "mcp:io.github.user/weather-maps"]
    assert rows[1].summary.startswith("DEPRECATED: ")


def test_changes_since_a_time_hold_deleted_ones(world: World, registry: IndexServer) -> None:
    asked = "/v0.1/servers?limit=100&version=latest&updated_since=2026-11-01T00%3A00%3A00Z"
    registry.answer(asked, json_reply({"servers": [answer(document(NAME), "deleted")]}))

    rows = catalog.search("mcp:", world.context, updated_since="2026-11-01")

    assert [row.summary for row in rows] == ["DELETED: Tells the weather"]


def test_real_documents_come_to_a_plan_or_a_precise_refusal(shared_data: Path) -> None:
    found = {}
    for file in sorted((shared_data / "server-json-real").glob("*.json")):
        try:
            entry = registry_entry.entry_of({"server": json.loads(file.read_bytes())})
            chosen = unreviewed_mcp.chosen(entry.server)
            unreviewed_mcp.scripts(entry.server) if chosen else None
        except McpInstallError as error:
            found[file.name] = str(error.code)
        else:
            how = chosen.registry_type if chosen else entry.server.remotes[0].transport
            found[file.name] = how

    assert found == REAL


def test_a_package_that_is_a_web_server_too_is_started_as_the_local_one(
    world: World, registry: IndexServer
) -> None:
    web = package(
        transport={"type": "streamable-http", "url": "http://localhost:8000/mcp"},
        packageArguments=[{"type": "named", "name": "--http", "value": "8000"}],
    )
    local = package(packageArguments=[{"type": "named", "name": "--stdio", "value": "yes"}])
    serve(registry, document(NAME, packages=[web, local]))

    (server,) = world.prepare(SPEC, hosts=CURSOR).plan.servers

    assert server.entry.args[-2:] == ("--stdio", "yes")
