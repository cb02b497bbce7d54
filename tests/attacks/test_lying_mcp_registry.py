"""Attack T11: an MCP registry, or who publishes to it, lies in an answer.

Who: an operator or intruder of the registry, a publisher, a proxy.
Stopped by: the answer must be about what was asked for, its document passes the semantic rules
and not only the schema, a deleted entry is refused, pages end, and nothing it leads to is
followed into the network.
Twin: `test_an_honest_answer_is_taken`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.operations import catalog
from tests.builders import mcp_registry
from tests.builders.index_server import IndexServer, Reply, endless, redirect
from tests.builders.mcp_registry import document, json_reply, package, path, serve
from tests.builders.packages import publish
from tests.builders.world import World, refusal

NAME = "io.github.user/weather"
HOSTILE = "com.example/hostile"
CURSOR = ("cursor",)


@pytest.fixture
def registry(world: World) -> Iterator[IndexServer]:
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "2.0", readme=f"mcp-name: {NAME}")
    with IndexServer() as started:
        mcp_registry.configure(world, started.origin)
        yield started


def code(world: World, spec: str = f"mcp:{NAME}") -> str:
    """Return the code of the refusal; nothing was written, and no package was asked for."""
    before, asked = world.host_files(), len(world.index.requests)
    with pytest.raises(McpInstallError) as refused:
        world.prepare(spec, hosts=CURSOR)
    world.require_untouched(before)
    assert len(world.index.requests) == asked
    return refusal(refused)[0]


def test_an_honest_answer_is_taken(world: World, registry: IndexServer) -> None:
    serve(registry, document(NAME))

    assert world.prepare(f"mcp:{NAME}", hosts=CURSOR).plan.servers[0].entry.name == "weather"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "io.github.other/weather"}, "registry-invalid"),
        ({"name": "../../x/y"}, "server-json-invalid"),
        ({"name": "io.github.user/test&calc"}, "server-json-invalid"),
        ({"name": "io.github.user/a\u202eb"}, "text-hostile"),
        ({"version": "../../x"}, "server-json-invalid"),
        ({"version": "latest"}, "server-json-invalid"),
        ({"description": "ok\u001b[2J"}, "text-hostile"),
        ({"$schema": "https://evil.example/schema.json"}, "server-json-invalid"),
        ({"status": "deleted"}, "server-json-invalid"),
        ({"packages": [package(identifier="--index-url=https://evil.example")]},
         "server-json-invalid"),
        ({"packages": [package(version="2.*")]}, "server-json-invalid"),
        ({"packages": [package(version=None)]}, "server-json-invalid"),
        ({"packages": [package(runtimeHint="bash")]}, "server-json-invalid"),
        ({"packages": [package(registryBaseUrl="https://evil.example")]}, "index-forbidden"),
        ({"packages": [package(environmentVariables=[{"name": "LD_PRELOAD", "value": "x"}])]},
         "server-json-invalid"),
        ({"packages": [package(runtimeArguments=[
            {"type": "named", "name": "--from", "value": "evil"}])]}, "server-json-invalid"),
        ({"packages": [package(runtimeArguments=[
            {"type": "named", "name": "--with", "value": "evil"}])]}, "server-json-invalid"),
    ],
)  # fmt: skip
def test_a_lie_in_a_field_is_refused(
    world: World, registry: IndexServer, changes: dict[str, Any], expected: str
) -> None:
    serve(registry, {**document(NAME), **changes}, under=NAME)

    assert code(world) == expected


def test_a_deleted_entry_is_refused(world: World, registry: IndexServer) -> None:
    serve(registry, document(NAME), status="deleted")

    assert code(world) == "version-revoked"


def test_a_status_that_is_not_known_is_not_active(world: World, registry: IndexServer) -> None:
    serve(registry, document(NAME), status="fine")

    assert code(world) == "registry-invalid"


def test_another_version_than_the_one_asked_for_is_refused(
    world: World, registry: IndexServer
) -> None:
    reply = json_reply(mcp_registry.answer(document(NAME, version="1.0.0")))
    registry.answer(path(NAME, "2.0.0"), reply)

    assert code(world, f"mcp:{NAME}@2.0.0") == "registry-invalid"


@pytest.mark.parametrize("name", ["../../x", "a/b/c", "x", "-rf/x", "io.github.user/x?y=z"])
@pytest.mark.usefixtures("registry")
def test_what_is_no_name_is_not_asked_for(world: World, name: str) -> None:
    assert code(world, f"mcp:{name}") == "name-invalid"


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "https://169.254.169.254/", "http://inside.example/",
               "ftp://inside.example/"],
)  # fmt: skip
def test_a_redirect_into_the_network_is_not_followed(
    world: World, registry: IndexServer, target: str
) -> None:
    registry.answer(path(NAME), redirect(target))

    assert code(world) == "index-forbidden"


def test_an_answer_without_an_end_is_cut(world: World, registry: IndexServer) -> None:
    registry.answer(path(NAME), endless())

    assert code(world) == "registry-unavailable"


def test_pages_in_a_circle_end(world: World, registry: IndexServer) -> None:
    page = json_reply({"servers": [], "metadata": {"nextCursor": "again"}})
    first = "/v0.1/servers?limit=100&version=latest"
    registry.answer(first, page)
    registry.answer(f"{first}&cursor=again", page)

    with pytest.raises(McpInstallError) as refused:
        catalog.search("mcp:", world.context)

    assert refusal(refused) == ("registry-invalid", 3)


def test_the_hostile_documents_are_refused_as_entries(
    world: World, registry: IndexServer, shared_data: Path
) -> None:
    found = {}
    for file in sorted((shared_data / "server-json-hostile").glob("*.json")):
        serve(registry, json.loads(file.read_bytes()), under=HOSTILE)
        found[file.name] = code(world, f"mcp:{HOSTILE}")

    other = {"env-name-newline.json": "text-hostile", "base-url-lookalike.json": "index-forbidden"}
    assert len(found) == 12
    assert found == dict.fromkeys(found, "server-json-invalid") | other


@pytest.mark.parametrize("where", ["server", "_meta"])
def test_a_number_beyond_all_bounds_is_refused(
    world: World, registry: IndexServer, where: str
) -> None:
    text = json.dumps(mcp_registry.answer(document(NAME)))
    lie = text.replace(f'"{where}": {{', f'"{where}": {{"x": 1e999, ', 1)
    registry.answer(path(NAME), Reply(lie.encode(), headers={"Content-Type": "application/json"}))

    assert code(world) == "json-invalid"
