"""`update` of several servers, whose sources are not all there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import policy_files
from tests.builders.index_server import IndexServer
from tests.builders.packages import publish
from tests.builders.remote_server import RemoteServer
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

AddFolder = Callable[[str], Path]


@pytest.fixture
def add_folder(world: World, tmp_path: Path) -> AddFolder:
    """Return what makes a registry of the user's, with what the world offers, and names it."""

    def add(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(world.registry.folder, folder, dirs_exist_ok=True)
        configuration = world.context.paths.config / "config.toml"
        configuration.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = configuration.read_text() if configuration.exists() else "schema = 1\n"
        table = f'[[registries]]\nname = "{name}"\nkind = "folder"\npath = "{folder}"\n'
        configuration.write_text(text + table)
        return folder

    return add


@pytest.mark.parametrize("is_empty", [False, True], ids=["gone", "empty"])
def test_a_folder_that_is_not_there_is_told_and_the_others_move(
    world: World, add_folder: AddFolder, *, is_empty: bool
) -> None:
    site = add_folder("site")
    world.install("site:notes", hosts=["cursor"])
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    shutil.rmtree(site)
    if is_empty:
        site.mkdir()
    mcpi = world.command()

    shown = mcpi.answer("update", "--yes", status=5)

    assert shown["outcome"] == "done"
    assert [one["entries"] for one in shown["replaced"]] == [["clock"]]
    (kept,) = shown["kept"]
    assert (kept["entry"], kept["code"]) == ("notes", "registry-unavailable")
    assert {one.version for one in world.receipts().values()} == {"1.0", "2.0"}
    said = " ".join(mcpi.run("update", status=5).stderr.split())
    assert "`notes` stays at 1.0: the registry in" in said
    assert "clock is up to date" in said
    assert "Not complete: nobody could say whether notes is up to date" in said
    assert "error[registry-unavailable]" in mcpi.run("update", "notes", status=5).stderr


def test_a_folder_that_is_something_else_now_stops(world: World, add_folder: AddFolder) -> None:
    site = add_folder("site")
    world.install("site:notes", hosts=["cursor"])
    (site / "registry.toml").unlink()

    with pytest.raises(McpInstallError) as error:
        world.update()

    assert refusal(error) == (ErrorCode.REGISTRY_INVALID, 3)


def test_a_registry_that_a_receipt_does_not_name_is_not_even_looked_at(
    world: World, add_folder: AddFolder
) -> None:
    """Neither before the question nor when check 1 is repeated after it."""
    first, second = add_folder("aaa"), add_folder("bbb")
    world.install("bbb:clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    shutil.rmtree(second)
    shutil.copytree(world.registry.folder, second)
    (first / "registry.toml").write_text("not a registry")

    world.update("clock")

    assert world.receipts()["clock"].version == "2.0"


def test_what_cannot_be_told_is_not_called_up_to_date(world: World) -> None:
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "1.0")
    world.install("pypi:weather-server", hosts=["cursor"])
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "1.0", uploaded=None)
    with RemoteServer() as server:
        world.install(f"remote:{server.url}", hosts=["cursor"], entry_name="far")
        mcpi = world.command()

        shown = " ".join(mcpi.run("update", "far").stderr.split())
        assert "an address has no versions" in shown
        assert "up to date" not in shown
        refused = mcpi.run("update", "far", "--to", "2.0", status=2).stderr
        assert "error[usage]: `far` has no versions" in refused
        assert "error[nothing-to-undo]" in mcpi.run("rollback", "far", "-y", status=5).stderr


def test_a_python_that_is_not_there_is_an_error_and_no_reason_to_stay(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    mcpi = world.command()

    refused = mcpi.run("update", "clock", "--yes", "--python", "/nowhere/python", status=3)

    assert "error[interpreter-refused]" in refused.stderr
    assert world.receipts()["clock"].version == "1.0"


def test_an_index_that_a_package_did_not_come_from_is_not_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "1.0")
    world.install("pypi:weather-server", hosts=["cursor"])
    with IndexServer() as other:
        publish(other, "weather-server", "2.0")
        monkeypatch.setenv("UV_DEFAULT_INDEX", other.url)

        for names, wanted in (((), None), (("weather-server",), "2.0")):
            with pytest.raises(McpInstallError) as error:
                world.update(*names, to=wanted)
            assert refusal(error) == (ErrorCode.INDEX_FORBIDDEN, 3)

        assert other.requests == []
    assert world.receipts()["weather-server"].version == "1.0"


# Policies --------------------------------------------------------------------------------------


OLD_ENOUGH = """min-release-age-days = 30
[[exceptions]]
rule = "min-release-age-days"
names = ["io.github.user/*"]
reason = "a registry of today"
until = 2099-01-01
"""


def write_policy(world: World, *lines: str) -> None:
    folder = world.context.paths.config
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    policy = folder / policy_files.POLICY
    policy.write_text("\n".join(("schema = 1", *lines, "")))
    policy.chmod(0o600)


@pytest.mark.parametrize("rule", [OLD_ENOUGH, "reviewed-only = true", 'deny-names = ["pypi:*"]'])
def test_a_package_that_a_policy_forbids_stays_and_the_others_move(world: World, rule: str) -> None:
    """Its newest release is older than 7 days, and younger than this policy wants."""
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "1.0")
    world.install("pypi:weather-server", "clock", hosts=["cursor"])
    ten_days = datetime.now(UTC) - timedelta(days=10)
    publish(world.index, "weather-server", "1.1", uploaded=ten_days)
    world.offer("clock", "2.0")
    write_policy(world, rule)
    mcpi = world.command()

    rows = {row["entries"][0]: row for row in mcpi.answer("outdated")["servers"]}
    assert rows["weather-server"]["offered"] is None
    assert rows["clock"]["offered"] == "2.0"
    done = mcpi.answer("update", "--yes")

    assert [one["entries"] for one in done["replaced"]] == [["clock"]]
    (kept,) = done["kept"]
    assert kept["why"].startswith("`weather-server` stays at 1.0: ")
    assert world.receipts()["weather-server"].version == "1.0"
    refused = mcpi.run("update", "weather-server", "--to", "1.1", "--yes", status=3)
    assert "error[policy-refused]" in refused.stderr


def test_a_dependency_that_a_policy_finds_too_young_keeps_only_its_own_server(
    world: World,
) -> None:
    for name in ("weather-server", "tides"):
        world.index.pages.pop(name, None)
    publish(world.index, "tides", "1.0")
    publish(world.index, "weather-server", "1.0", requires=("tides",))
    world.install("pypi:weather-server", "clock", hosts=["cursor"])
    publish(world.index, "tides", "2.0", uploaded=datetime.now(UTC) - timedelta(days=10))
    publish(world.index, "weather-server", "1.1", requires=("tides>=2",))
    world.offer("clock", "2.0")
    write_policy(world, OLD_ENOUGH)

    world.update()

    assert world.receipts()["clock"].version == "2.0"
    assert world.receipts()["weather-server"].version == "1.0"


def test_a_refusal_that_stops_all_names_the_server_and_how_to_leave_it_out(
    world: World, add_folder: AddFolder
) -> None:
    site = add_folder("site")
    world.install("site:notes", hosts=["cursor"])
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    (site / "registry.toml").write_text("not a registry")
    mcpi = world.command()

    said = " ".join(mcpi.run("update", "--yes", status=3).stderr.split())

    assert "this is about `notes`, which `mcpi hold notes` leaves out of an update" in said
    mcpi.run("hold", "notes")
    mcpi.run("update", "--yes")
    assert world.receipts()["clock"].version == "2.0"
