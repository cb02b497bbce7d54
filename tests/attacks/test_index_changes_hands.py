"""Attack T08: a name that came from one index comes from another one later.

Who: anyone who publishes the name elsewhere, or a project's files that name another index.
Stopped by: a name is bound to the index that it first came from, also after an uninstallation;
uv gets the user's indexes and no configuration of the working directory.
Twin: `test_the_same_index_offers_it_again`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from tests.builders.index_server import IndexServer
from tests.builders.packages import publish
from tests.builders.world import World, refusal

NAME = "pypi:weather-server"
CURSOR = ("cursor",)


@pytest.fixture(autouse=True)
def installed_once(world: World) -> None:
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "1.0")
    world.install(NAME, hosts=CURSOR)
    world.uninstall("weather-server")


def test_another_index_does_not_get_the_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with IndexServer() as other:
        publish(other, "weather-server", "9.0")
        monkeypatch.setenv("UV_DEFAULT_INDEX", other.url)
        with pytest.raises(McpInstallError) as refused:
            world.prepare(NAME, hosts=CURSOR)

    assert refusal(refused) == ("index-forbidden", 3)
    assert world.index.url in refused.value.message


def test_the_same_index_offers_it_again(world: World) -> None:
    assert world.install(NAME, hosts=CURSOR) is not None


def test_nothing_in_the_working_directory_has_a_say(world: World) -> None:
    with IndexServer() as other:
        publish(other, "weather-server", "9.0")
        text = f'[[index]]\nurl = "{other.url}"\ndefault = true\n'
        Path("uv.toml").write_text(text, encoding="utf-8")
        Path("pyproject.toml").write_text(
            "[project]\nname = 'x'\nversion = '1'\n\n" + text.replace("[[", "[[tool.uv."),
            encoding="utf-8",
        )
        (server,) = world.prepare(NAME, hosts=CURSOR).plan.servers

    assert server.version == "1.0"
    assert other.requests == []
