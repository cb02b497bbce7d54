"""What the user's index and MCP registry have of a server that is locked for others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.lock import NO_LOCK, Lock, LockedPackage
from mcpinstall.operations import authoring_index, manifest_sources
from mcpinstall.system.progress import SilentProgress
from tests.builders import mcp_registry
from tests.builders.index_server import IndexServer
from tests.builders.registry_folders import server_json
from tests.builders.world import World, refusal

NAME = "clock-server"


class Steps(SilentProgress):
    """Keeps what is being done."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)


def test_a_package_is_looked_up_on_the_users_index(world: World) -> None:
    steps = Steps()

    home = authoring_index.home_of(NAME, None, replace(world.context, progress=steps))

    assert home.source.url.text.startswith(world.index.url)
    assert steps.steps == ["looking up `clock-server`"]
    plain = server_text.parse(server_json(), "server.json").packages[0]
    assert authoring_index.home_of(NAME, plain, world.context).page == home.page


def test_a_package_that_is_nowhere_is_told(world: World) -> None:
    with pytest.raises(McpInstallError) as error:
        authoring_index.home_of("no-such-package", None, world.context)

    assert refusal(error) == (ErrorCode.NOT_FOUND, 5)
    assert "`no-such-package`" in str(error.value)


def test_a_package_of_another_index_is_not_looked_up_on_this_one(world: World) -> None:
    document = server_json(registryBaseUrl="https://packages.example.org/simple")
    other = server_text.parse(document, "server.json").packages[0]
    world.index.requests.clear()

    with pytest.raises(McpInstallError) as error:
        authoring_index.home_of(NAME, other, world.context)

    assert refusal(error) == (ErrorCode.INDEX_FORBIDDEN, 3)
    assert world.index.requests == []


@pytest.mark.parametrize(("yanked", "reason"), [("broken", "(broken)"), (True, "whl`")])
def test_a_lock_of_what_the_index_took_back_is_refused(
    world: World, yanked: bool | str, reason: str
) -> None:
    wheels = [world.offer("clock", "3.0"), world.offer("notes", "3.0")]
    locked = replace(NO_LOCK, packages=tuple(
        LockedPackage(name=one.package, version="3.0", marker=None, wheels=(one,)) for one in wheels
    ))  # fmt: skip

    def required(found: Lock) -> None:
        home = authoring_index.home_of(NAME, None, world.context)
        authoring_index.require_offered(home, found, NAME)

    world.index.listing(wheels[1]).yanked = yanked
    required(locked)  # a package that it needs is another matter
    world.index.listing(wheels[0]).yanked = yanked
    with pytest.raises(McpInstallError) as error:
        required(locked)

    assert refusal(error) == (ErrorCode.VERSION_YANKED, 3)
    assert str(error.value).endswith(reason)


@pytest.mark.parametrize(("status", "facts"), [("active", 0), ("deprecated", 1)])
def test_an_entry_of_a_registry_is_taken_with_what_it_says(
    world: World, status: str, facts: int
) -> None:
    name = "io.github.user/weather"
    with IndexServer() as registry:
        mcp_registry.configure(world, registry.origin)
        document = mcp_registry.document(name)
        mcp_registry.serve(registry, document, status=status, message="use another")

        found = manifest_sources.read(f"mcp:{name}", world.context, offline=False)

    assert found.from_registry
    assert len(found.facts) == facts
    assert (found.identifier, found.version) == ("weather-server", "2.0")
    assert found.server is not None
    assert found.server.name == name


def test_a_registry_is_not_asked_offline(world: World) -> None:
    with IndexServer() as registry:
        mcp_registry.configure(world, registry.origin)
        with pytest.raises(McpInstallError) as error:
            manifest_sources.read("mcp:io.github.user/weather", world.context, offline=True)

        assert refusal(error) == (ErrorCode.OFFLINE_MISSING, 5)
        assert registry.requests == []
