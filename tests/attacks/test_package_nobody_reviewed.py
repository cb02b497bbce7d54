"""Attack T07: a package takes the place of the server that a registry or a model named.

Who: anyone with an account at the index, or at an MCP registry.
Stopped by: a package of `mcp:NAME` must name that server itself, nothing younger than 7 days is
locked, a start-up hook that nobody accepted is refused, and no option is taken for a name.
Twin: `test_a_package_that_names_its_server_is_taken`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mcpinstall.errors import McpInstallError
from tests.builders import mcp_registry
from tests.builders.index_server import IndexServer
from tests.builders.packages import publish
from tests.builders.world import World, refusal

NAME = "io.github.user/weather"
CURSOR = ("cursor",)


@pytest.fixture
def registry(world: World) -> Iterator[IndexServer]:
    world.index.pages.pop("weather-server", None)
    with IndexServer() as started:
        mcp_registry.configure(world, started.origin)
        mcp_registry.serve(started, mcp_registry.document(NAME))
        yield started


@pytest.mark.parametrize(
    "readme", ["", f"mcp-name: {NAME}-evil", "mcp-name: io.github.other/weather", NAME]
)
@pytest.mark.usefixtures("registry")
def test_a_package_that_does_not_name_the_server_is_refused(world: World, readme: str) -> None:
    publish(world.index, "weather-server", "2.0", readme=readme)
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.prepare(f"mcp:{NAME}", hosts=CURSOR)

    assert refusal(refused) == ("policy-refused", 3)
    world.require_untouched(before)


@pytest.mark.usefixtures("registry")
def test_a_package_that_names_its_server_is_taken(world: World) -> None:
    publish(world.index, "weather-server", "2.0", readme=f"mcp-name: {NAME}")

    assert world.prepare(f"mcp:{NAME}", hosts=CURSOR).plan.servers[0].version == "2.0.0"


@pytest.mark.usefixtures("registry")
def test_a_release_of_yesterday_is_not_taken_even_by_its_version(world: World) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    publish(world.index, "weather-server", "2.0", uploaded=yesterday)

    with pytest.raises(McpInstallError) as refused:
        world.prepare("pypi:weather-server==2.0", hosts=CURSOR)

    assert refusal(refused) == ("tool-failed", 5)


@pytest.mark.parametrize(
    "name",
    ["--index-url=https://evil.example", "x @ https://evil.example/x.whl", "../x", "x[extra]",
     "x\nb", "-rf", "x;y", "git+https://evil.example/x", ""],
)  # fmt: skip
def test_what_is_no_name_reaches_no_resolver(world: World, name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        world.prepare(f"pypi:{name}", hosts=CURSOR)

    assert refusal(refused) == ("name-invalid", 2)
