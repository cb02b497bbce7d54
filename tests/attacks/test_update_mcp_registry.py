"""Attack T12, T21: an MCP registry, which vouches for nothing, lies to an update.

Who: the registry, whoever publishes under the name of a server there, or another registry at its
address.
Stopped by: 1: only the registry that the server came from is asked, and a plain update never goes
backwards; the plan shows another package, other arguments or an address as such, and is agreed to
by the server's name; 5: a publisher that was seen stays; 8: other tools need a yes of their own.
Twin: `test_the_next_version_is_taken_with_its_package`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import outdated
from tests.builders import mcp_registry
from tests.builders.index_server import IndexServer
from tests.builders.mcp_registry import document, package, serve
from tests.builders.packages import publish
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

NAME = "io.github.user/weather"
SPEC = f"mcp:{NAME}"


@pytest.fixture
def registry(world: World) -> Iterator[IndexServer]:
    """A registry with `weather` 2.0.0, which is installed."""
    for name in ("weather-server", "other-server"):
        world.index.pages.pop(name, None)
    publish(world.index, "weather-server", "2.0", readme=f"mcp-name: {NAME}")
    with IndexServer() as started:
        mcp_registry.configure(world, started.origin)
        serve(started, document(NAME))
        world.install(SPEC, hosts=["cursor"])
        yield started


def offered(world: World) -> outdated.Outdated:
    (found,) = outdated.outdated((), Request(names=()), world.context)
    return found


def version(world: World) -> str:
    return world.receipts()["weather"].version


def shown(world: World) -> set[str]:
    """Carry the update out; return the kinds of changes that its plan shows."""
    prepared = world.prepare_update()
    assert prepared is not None
    comparison = prepared.replacements[0].comparison
    assert comparison is not None
    world.carry_out(prepared)
    return {str(change.kind) for change in comparison.changes}


def newer(world: World, registry: IndexServer, name: str = "weather-server", **more: Any) -> None:  # noqa: ANN401
    """Describe version 3.0.0 with a package, which the index has."""
    publish(world.index, name, "3.0", readme=f"mcp-name: {NAME}")
    found = package(identifier=name, version="3.0", **more)
    serve(registry, document(NAME, version="3.0.0", packages=[found]))


def test_the_next_version_is_taken_with_its_package(world: World, registry: IndexServer) -> None:
    newer(world, registry)
    assert offered(world).is_finding

    kinds = shown(world)

    assert version(world) == "3.0.0"
    assert "package" not in kinds
    assert world.starts("cursor", "weather")
    world.rollback("weather")
    assert version(world) == "2.0.0"
    world.require_clean()


def test_another_package_under_the_name_is_shown_as_another_package(
    world: World, registry: IndexServer
) -> None:
    newer(world, registry, "other-server")

    kinds = shown(world)

    assert "package" in kinds
    assert version(world) == "3.0.0"


def test_a_version_that_the_users_own_registry_revoked_is_not_taken(
    world: World, registry: IndexServer
) -> None:
    newer(world, registry)
    world.registry.withdraw(
        Revocation(name=NAME, version="3.0.0", reason="it sends files away", date="2026-11-20")
    )

    with pytest.raises(McpInstallError) as error:
        world.update("weather")

    assert refusal(error) == ("version-revoked", 3)
    assert version(world) == "2.0.0"
    world.require_clean()


def test_another_package_that_does_not_name_the_server_is_refused(
    world: World, registry: IndexServer
) -> None:
    newer(world, registry, "other-server")
    world.index.pages.pop("other-server")
    publish(world.index, "other-server", "3.0")

    with pytest.raises(McpInstallError):
        world.update("weather")

    assert version(world) == "2.0.0"
    world.require_clean()


def test_other_arguments_are_shown_and_change_the_entry(
    world: World, registry: IndexServer
) -> None:
    extra = {"type": "named", "name": "--evil", "value": "yes"}
    newer(world, registry, packageArguments=[extra])

    prepared = world.prepare_update()
    assert prepared is not None
    assert len(prepared.plan.changes) == 1
    assert "arguments" in shown(world)

    assert world.servers_in("cursor")["weather"][-2:] == ("--evil", "yes")
    world.rollback()
    assert "--evil" not in world.servers_in("cursor")["weather"]


def test_other_content_of_the_same_version_is_something_new_and_said(
    world: World, registry: IndexServer
) -> None:
    extra = {"type": "named", "name": "--evil", "value": "yes"}
    serve(registry, document(NAME, packages=[package(packageArguments=[extra])]))

    prepared = world.prepare_update()

    assert prepared is not None
    assert "has the same version, but its source" in " ".join(prepared.replacements[0].notes)
    assert "arguments" in shown(world)


@pytest.mark.parametrize("status", ["active", "deleted"])
def test_an_older_version_as_the_latest_moves_nothing(
    world: World, registry: IndexServer, status: str
) -> None:
    publish(world.index, "weather-server", "1.0", readme=f"mcp-name: {NAME}")
    older = document(NAME, version="1.0.0", packages=[package(version="1.0")])
    serve(registry, older, status=status)

    assert not offered(world).is_finding
    assert world.update() is None
    assert version(world) == "2.0.0"


def test_a_deleted_version_is_not_offered(world: World, registry: IndexServer) -> None:
    publish(world.index, "weather-server", "3.0", readme=f"mcp-name: {NAME}")
    newest = document(NAME, version="3.0.0", packages=[package(version="3.0")])
    serve(registry, newest, status="deleted")

    found = offered(world)

    assert found.offer is not None
    assert [(one.version, one.code) for one in found.offer.refusals] == [
        ("3.0.0", ErrorCode.VERSION_REVOKED)
    ]
    assert world.update() is None
    with pytest.raises(McpInstallError):
        world.update("weather", to="3.0.0")
    assert version(world) == "2.0.0"


def test_the_answer_for_another_server_is_refused(world: World, registry: IndexServer) -> None:
    publish(world.index, "other-server", "3.0", readme="mcp-name: io.github.thief/weather")
    theirs = document(
        "io.github.thief/weather", version="3.0.0",
        packages=[package(identifier="other-server", version="3.0")],
    )  # fmt: skip
    serve(registry, theirs, under=NAME)

    with pytest.raises(McpInstallError):
        world.update()

    assert version(world) == "2.0.0"


def test_a_registry_at_another_address_is_not_asked(world: World, registry: IndexServer) -> None:
    with IndexServer() as other:
        mcp_registry.configure(world, other.origin)
        serve(other, document(NAME, version="3.0.0", packages=[package(version="3.0")]))

        for names, wanted in (((), None), (("weather",), None), (("weather",), "3.0.0")):
            with pytest.raises(McpInstallError) as error:
                world.update(*names, to=wanted)
            assert refusal(error) == (ErrorCode.INDEX_FORBIDDEN, 3)

        assert other.requests == []
    assert version(world) == "2.0.0"
