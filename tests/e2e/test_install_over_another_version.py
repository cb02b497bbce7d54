"""An installation over another version shows what changed, as an update does, tools included."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.tools import ToolList
from mcpinstall.operations import install, unreviewed
from tests.builders import mcp_registry, next_version, servers
from tests.builders.index_server import IndexServer
from tests.builders.mcp_registry import document, serve
from tests.builders.packages import publish
from tests.builders.remote_server import RemoteServer
from tests.builders.world import World, refusal

if os.name == "posix":
    from tests.builders.terminals import at_a_terminal

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="needs POSIX")]

SERVER = "weather-server"
NEWER = f"pypi:{SERVER}==1.1"
NEW_TEXT = "{+, and keep it+}"
NAME = "io.github.user/far"
OTHER_TOOLS = [next_version.CLOCK, servers.CONVERTER]


@pytest.fixture
def weather(world: World) -> World:
    """An index with `weather-server` 1.0, which is installed, and 1.1 with other tools."""
    world.index.pages.pop(SERVER, None)
    publish(world.index, SERVER, "1.0")
    world.install(f"pypi:{SERVER}", hosts=["cursor"])
    publish(world.index, SERVER, "1.1", tools=OTHER_TOOLS)
    return world


def version(world: World, name: str = SERVER) -> str:
    return world.receipts()[name].version


def words(shown: str) -> str:
    return " ".join(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown).split())


# Packages --------------------------------------------------------------------------------------


def test_other_tools_stop_an_installation_before_the_switch(weather: World) -> None:
    before, generations = weather.receipts(), weather.generations()

    with pytest.raises(McpInstallError) as error:
        weather.install(NEWER, hosts=["cursor"])

    assert refusal(error) == (ErrorCode.TOOLS_CHANGED, 3)
    assert NEW_TEXT in error.value.evidence
    assert "the same command with `--dry-run`" in error.value.hint
    assert (weather.receipts(), weather.generations()) == (before, generations)
    assert weather.starts("cursor", SERVER)
    weather.require_clean()


def test_without_a_terminal_the_new_digest_has_to_be_agreed_to(weather: World) -> None:
    mcpi = weather.command()
    install = ("install", NEWER, "--host", "cursor")
    agreed = (*install, "--yes", "--allow", "unreviewed", "--expect-digest")
    planned = mcpi.run(*install, "--dry-run")
    first = planned.stdout.strip()
    assert "NOT COMPARED: tools" in words(planned.stderr)

    assert "error[tools-changed]" in mcpi.run(*agreed, first, status=3).stderr
    assert "error[plan-changed]" in mcpi.run(*agreed, first, status=3).stderr
    shown = mcpi.answer(*install, "--dry-run")

    (replaced,) = shown["replaced"]
    assert (replaced["before"], replaced["after"]) == ("1.0", "1.1")
    assert "tool-description" in {one["kind"] for one in replaced["changes"]}
    assert shown["plan"]["digest"] != first
    mcpi.run(*agreed, shown["plan"]["digest"])
    assert version(weather) == "1.1"


def test_the_same_tools_are_no_second_question(weather: World) -> None:
    publish(weather.index, SERVER, "1.2")

    weather.install(f"pypi:{SERVER}==1.2", hosts=["cursor", "codex"])

    assert version(weather) == "1.2"
    weather.require_clean()


@pytest.mark.parametrize(("second", "status"), [(f"pypi:{SERVER}\n", 0), ("n\n", 4)])
def test_a_person_is_asked_twice_and_sees_the_difference(
    weather: World, second: str, status: int
) -> None:
    named = f"Type `pypi:{SERVER}` for yes"
    with at_a_terminal(weather.command(), "install", NEWER, "--host", "cursor") as terminal:
        terminal.until(named)
        first = words(terminal.shown)
        terminal.type(f"pypi:{SERVER}\n")
        terminal.until(named)
        assert version(weather) == "1.0"
        terminal.type(second)

        assert terminal.status() == status
    shown = words(terminal.shown)
    assert "NOT COMPARED: tools" in first
    assert NEW_TEXT not in first
    assert NEW_TEXT in shown[len(first) :]
    assert version(weather) == ("1.0" if status else "1.1")
    weather.require_clean()


def test_an_adoption_over_another_version_asks_so_as_well(weather: World) -> None:
    """The entry that is adopted, and the installed one, start the newer version from then on."""
    fetched = {"command": "uvx", "args": [f"{SERVER}==1.1"]}
    weather.file("claude-code").write_text(json.dumps({"mcpServers": {"forecast": fetched}}))
    mcpi, named = weather.command(), f"Type `pypi:{SERVER}` for yes"
    with at_a_terminal(mcpi, "adopt", "forecast") as terminal:
        for _ in range(2):
            terminal.until(named)
            assert set(weather.receipts()) == {SERVER}
            terminal.type(f"pypi:{SERVER}\n")

        assert terminal.status() == 0
    assert NEW_TEXT in words(terminal.shown)
    assert {name: one.version for name, one in weather.receipts().items()} == {
        "forecast": "1.1", SERVER: "1.1",
    }  # fmt: skip
    weather.undo()
    (replaced,) = mcpi.answer("adopt", "forecast", "--dry-run")["replaced"]
    assert (replaced["entries"], replaced["after"]) == ([SERVER], "1.1")
    weather.require_clean()


def test_a_first_installation_compares_nothing_and_its_digest_stays(weather: World) -> None:
    """What was seen of a version counts where it takes a place; elsewhere digests are the same."""
    weather.uninstall(SERVER)
    first = weather.prepare(NEWER, hosts=["cursor"])
    install.discard(first)
    (server,) = first.plan.servers
    unreviewed.keep_tools(server.reviewed, ToolList(tools=(servers.CLOCK,)), weather.context)

    again = weather.prepare(NEWER, hosts=["cursor"])
    install.discard(again)

    assert (first.replacements, again.replacements) == ((), ())
    assert again.plan.digest == first.plan.digest


def test_a_reviewed_server_shows_what_changed_and_rolls_back(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    next_version.offer(world)

    prepared = world.prepare("clock", hosts=["cursor"])

    (replaced,) = prepared.replacements
    assert replaced.comparison is not None
    kinds = {str(change.kind) for change in replaced.comparison.changes}
    assert {"hook-added", "tool-description", "dependency-added"} <= kinds
    world.carry_out(prepared)
    assert {one.version for one in world.receipts().values()} == {"2.0"}
    world.rollback("clock")
    assert version(world, "clock") == "1.0"
    world.require_clean()


@pytest.mark.parametrize(
    ("command", "code"),
    [("hold", ErrorCode.VERSION_HELD), ("install", ErrorCode.PLAN_CHANGED)],
)
def test_another_command_in_between_changes_the_plan(
    world: World, command: str, code: ErrorCode
) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    prepared = world.prepare("clock", hosts=["cursor"])
    if command == "hold":
        world.hold("clock")
    else:
        world.install("clock@1.0", hosts=["codex"], entry_name="second")

    with pytest.raises(McpInstallError) as error:
        world.carry_out(prepared)

    assert refusal(error) == (code, 3)
    assert version(world, "clock") == "1.0"


# Where it runs -----------------------------------------------------------------------------------


@pytest.fixture
def far(world: World) -> Iterator[tuple[World, IndexServer, RemoteServer]]:
    """An MCP registry with a server that is used where it runs, which is installed."""
    with IndexServer() as registry, RemoteServer() as server:
        mcp_registry.configure(world, registry.origin)
        described(registry, server.url, "1.0.0")
        world.install(f"mcp:{NAME}", hosts=["cursor"])
        yield world, registry, server


def described(registry: IndexServer, url: str, number: str, **remote: object) -> None:
    remotes = [{"type": "streamable-http", "url": url, **remote}]
    serve(registry, document(NAME, version=number, packages=None, remotes=remotes))


def test_the_tools_of_a_remote_server_are_compared_with_those_seen_first(
    far: tuple[World, IndexServer, RemoteServer],
) -> None:
    world, registry, _ = far
    before = world.receipts(), world.host_files()
    with RemoteServer() as newer:
        newer.tools = list(OTHER_TOOLS)
        described(registry, newer.url, "2.0.0")
        prepared = world.prepare_update("far")
        assert prepared is not None
        (note,) = (one for one in prepared.replacements[0].notes if "not known yet" in one)
        assert "it is asked after your yes" in note

        with pytest.raises(McpInstallError) as error:
            world.carry_out(prepared)

        assert refusal(error) == (ErrorCode.TOOLS_CHANGED, 3)
        assert NEW_TEXT in error.value.evidence
        assert "nothing was switched" in error.value.hint
        assert (world.receipts(), world.host_files()) == before

        again = world.prepare_update("far")
        assert again is not None
        comparison = again.replacements[0].comparison
        assert comparison is not None
        kinds = {str(change.kind) for change in comparison.changes}
        assert "tool-description" in kinds
        assert "not-compared" not in kinds
        world.carry_out(again)
    assert version(world, "far") == "2.0.0"
    world.rollback("far")
    assert version(world, "far") == "1.0.0"


def test_an_installation_over_a_remote_one_compares_them_as_well(
    far: tuple[World, IndexServer, RemoteServer],
) -> None:
    world, registry, _ = far
    with RemoteServer() as newer:
        newer.tools = list(OTHER_TOOLS)
        described(registry, newer.url, "2.0.0")

        with pytest.raises(McpInstallError) as error:
            world.install(f"mcp:{NAME}@2.0.0", hosts=["cursor"])

        assert refusal(error) == (ErrorCode.TOOLS_CHANGED, 3)
        world.install(f"mcp:{NAME}@2.0.0", hosts=["cursor"])
    assert version(world, "far") == "2.0.0"


def test_tools_are_compared_with_those_of_the_entry_that_is_moved(
    far: tuple[World, IndexServer, RemoteServer],
) -> None:
    """Another entry of the server, in another version, had the tools of the new one."""
    world, registry, first = far
    with RemoteServer() as second:
        second.tools = list(OTHER_TOOLS)
        described(registry, second.url, "2.0.0")
        world.install(f"mcp:{NAME}@2.0.0", hosts=["codex"], entry_name="other")
        world.unhold("other")
        described(registry, first.url, "3.0.0")

        with pytest.raises(McpInstallError, match=r"`other` 3\.0\.0 offers other tools") as error:
            world.update()

    assert refusal(error) == (ErrorCode.TOOLS_CHANGED, 3)
    assert {name: version(world, name) for name in ("far", "other")} == {
        "far": "1.0.0", "other": "2.0.0",
    }  # fmt: skip


def test_no_second_question_is_promised_where_nothing_is_compared(
    far: tuple[World, IndexServer, RemoteServer],
) -> None:
    world, registry, server = far
    at = server.url.replace("/mcp", "/{place}")
    described(registry, at, "3.0.0", variables={"place": {"isRequired": True}})

    prepared = world.prepare_update("far", settings=(("place", "mcp"),))

    assert prepared is not None
    assert not any("not known yet" in one for one in prepared.replacements[0].notes)


def test_tools_that_it_exchanges_between_the_two_questions_are_refused(
    far: tuple[World, IndexServer, RemoteServer],
) -> None:
    world, registry, _ = far
    with RemoteServer() as newer:
        newer.tools = list(OTHER_TOOLS)
        described(registry, newer.url, "2.0.0")
        with pytest.raises(McpInstallError):
            world.update("far")
        newer.tools = [{**servers.CLOCK, "description": "Something else"}]

        with pytest.raises(McpInstallError) as error:
            world.update("far")

    assert refusal(error) == (ErrorCode.TOOLS_CHANGED, 3)
    assert version(world, "far") == "1.0.0"


def test_the_same_tools_move_a_remote_server_at_once(
    far: tuple[World, IndexServer, RemoteServer],
) -> None:
    world, registry, server = far
    described(registry, server.url, "2.0.0")

    world.update("far")

    assert version(world, "far") == "2.0.0"


def test_tools_at_an_address_that_the_user_completes_are_not_kept(
    far: tuple[World, IndexServer, RemoteServer],
) -> None:
    """What one tenant's entry shows says nothing about another's: that stays NOT COMPARED."""
    world, registry, server = far
    world.uninstall("far")
    kept = set(world.context.paths.unreviewed.glob("*.tools.json"))
    at = server.url.replace("/mcp", "/{place}")
    described(registry, at, "3.0.0", variables={"place": {"isRequired": True}})

    world.install(f"mcp:{NAME}", hosts=["cursor"], settings=(("place", "mcp"),))

    assert set(world.context.paths.unreviewed.glob("*.tools.json")) <= kept
    assert world.receipts()["far"].url == server.url


def test_a_test_says_what_it_compared_with(
    far: tuple[World, IndexServer, RemoteServer],
) -> None:
    world, _, server = far
    mcpi = world.command()
    assert "as it showed first; nobody reviewed them" in words(mcpi.run("test", "far").stdout)

    server.tools = list(OTHER_TOOLS)

    shown = words(mcpi.run("test", "far", status=3).stdout)
    assert "OTHER than it showed first" in shown
    assert NEW_TEXT in shown
