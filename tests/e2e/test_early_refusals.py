"""What can be refused early is refused before anything is asked or downloaded."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.operations import install, lookup
from tests.builders import policies
from tests.builders.packages import publish
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

NAME = "pypi:weather-server"
CURSOR = ("cursor",)
REGION = {"name": "REGION", "description": "region", "isRequired": True}
ALLOWED = "allow-names = ['*/locked', 'pypi:weather-*']\ntransports = ['stdio']\n"


@pytest.fixture(autouse=True)
def offers(world: World) -> None:
    """A reviewed server that needs an input, and a package that nobody reviewed."""
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "2.0")
    world.offer("locked", environment=[REGION])


def refused(world: World, name: str, **request: object) -> McpInstallError:
    """Return why the first draft is refused: nothing was asked, neither person nor index."""
    asked = len(world.index.requests)
    with pytest.raises(McpInstallError) as error:
        install.draft(Request(names=(name,), hosts=CURSOR, **request), world.context)  # type: ignore[arg-type]
    assert len(world.index.requests) == asked
    assert refusal(error) == ("policy-refused", 3)
    return error.value


@pytest.mark.parametrize(
    "text",
    ["deny-names = ['pypi:WEATHER*']\n", "allow-names = ['io.github.*']\n",
     "reviewed-only = true\n", "require-criteria = ['locked']\n"],
)  # fmt: skip
@pytest.mark.parametrize("name", [NAME, "pypi:Weather_Server", f"{NAME}==2.0", "mcp:a.b/weather"])
def test_a_forbidden_name_is_resolved_nowhere(world: World, text: str, name: str) -> None:
    if "deny" in text and name[:3] == "mcp":
        text = "deny-names = ['MCP:*']\n"
    policies.of_user(text, world.home)

    assert "`pypi:weather-server`" in (found := refused(world, name)).message or "mcp:" in name
    assert "  " not in found.message


@pytest.mark.parametrize("name", [NAME, "mcp:a.b/weather"])
def test_without_a_reader_nothing_unreviewed_is_resolved(world: World, name: str) -> None:
    assert "--allow unreviewed" in refused(world, name, unattended=True).hint


@pytest.mark.parametrize(
    "text",
    ["deny-names = ['*/locked']\n", "allow-names = ['*/clock']\n", "registries = ['mcp']\n",
     "transports = ['sse']\n", "sandbox-required = true\n", "require-criteria = ['probed']\n"],
)  # fmt: skip
def test_a_forbidden_server_asks_for_no_input(world: World, text: str) -> None:
    policies.of_user(text, world.home)

    assert "/locked` 1.0" in refused(world, "locked").message


@pytest.mark.parametrize(("name", "missing"), [("locked", ["REGION"]), (NAME, [])])
def test_what_the_policy_allows_is_asked_for(world: World, name: str, missing: list[str]) -> None:
    policies.of_user(ALLOWED, world.home)

    drafted = install.draft(Request(names=(name,), hosts=CURSOR), world.context)

    assert [one.question.name for one in drafted.missing] == missing


def test_an_exception_counts_before_anything_is_known(world: World) -> None:
    policies.of_user(
        "reviewed-only = true\n[[exceptions]]\nrule = 'reviewed-only'\n"
        f"names = ['{NAME}']\nreason = 'r'\nuntil = 2099-01-01\n",
        world.home,
    )

    assert install.draft(Request(names=(NAME,), hosts=CURSOR), world.context).servers


@pytest.mark.parametrize("spec", ["clock-server", "Clock_Server", "clock-server==1.0"])
def test_who_asks_for_a_package_is_told_what_was_reviewed_of_it(world: World, spec: str) -> None:
    with pytest.raises(McpInstallError) as error:
        lookup.reviewed(spec, world.context)

    assert error.value.code is ErrorCode.NOT_FOUND
    assert error.value.hint == "the package of that name was reviewed as `clock`"


def test_no_package_is_no_server_without_a_package(world: World) -> None:
    offer_remote(world, remote("https://mcp.example.com/mcp"))

    with pytest.raises(McpInstallError) as error:
        world.prepare("==1", hosts=["cursor"])

    assert "was reviewed as" not in error.value.hint


def test_of_a_package_that_nobody_reviewed_nothing_is_claimed(world: World) -> None:
    with pytest.raises(McpInstallError) as error:
        lookup.reviewed("no-such-server", world.context)

    assert "reviewed as" not in error.value.hint
