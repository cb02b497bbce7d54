"""Configure and reinstall: other inputs, another environment, the rest stays."""

from __future__ import annotations

import shutil

import pytest

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.operations import configuration, configure, missing_inputs, verify
from mcpinstall.operations.configuration import FolderRegistry
from tests.builders.environments import pythons
from tests.builders.world import HOSTS, World

pytestmark = pytest.mark.e2e
two_pythons = pytest.mark.skipif(len(pythons()) < 2, reason="needs two versions of Python")


def require_sound(world: World) -> None:
    world.require_clean()
    assert [one for entry in verify.verify((), world.context) for one in entry.findings] == []


def test_configure_changes_the_arguments_in_every_host(world: World) -> None:
    before = world.host_files()
    world.install("clock", "notes", hosts=list(HOSTS))
    (generation, _) = world.generations()

    world.configure("clock", ("zone", "Oslo"))

    for product in HOSTS:
        assert world.servers_in(product)["clock"][-2:] == ("--zone", "Oslo")
        assert world.servers_in(product)["notes"][-1].endswith("start.py")
    assert generation in world.generations()
    assert len(world.generations()) == 2
    assert [value.value for value in world.receipts()["clock"].inputs] == ["Oslo"]
    require_sound(world)

    world.uninstall("clock", "notes")

    assert world.host_files() == before


def test_configure_keeps_the_inputs_that_are_not_named(world: World) -> None:
    world.install(
        "clock", hosts=["cursor"], settings=(("zone", "Oslo"),), extra_arguments=("--loud",)
    )

    assert world.configure("clock") is None

    assert world.servers_in("cursor")["clock"][-3:] == ("--zone", "Oslo", "--loud")


@pytest.mark.parametrize("key", ["time.zone", "clock.time.zone"])
def test_configure_changes_an_input_whose_name_holds_a_dot(world: World, key: str) -> None:
    dotted = {"type": "named", "name": "--time.zone", "placeholder": "UTC"}
    world.offer("clock", "2.0", arguments=[dotted])
    world.install("clock", hosts=["cursor"], settings=(("time.zone", "Oslo"),))

    world.configure("clock", (key, "Rome"))

    assert world.servers_in("cursor")["clock"][-2:] == ("--time.zone", "Rome")


def test_configure_of_one_entry_leaves_the_other_one(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["cursor"], entry_name="second")

    world.configure("second", ("zone", "Rome"))

    assert world.servers_in("cursor")["second"][-1] == "Rome"
    assert world.servers_in("cursor")["clock"][-1].endswith("start.py")
    require_sound(world)


def test_configure_with_another_host_adds_that_and_changes_the_rest(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    world.configure("clock", ("zone", "Oslo"), hosts=("codex",))

    for product in ("cursor", "codex"):
        assert world.servers_in(product)["clock"][-1] == "Oslo"
    require_sound(world)


def test_configure_keeps_the_version(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")

    world.configure("clock", ("zone", "Oslo"))

    assert world.receipts()["clock"].version == "1.0"
    require_sound(world)


def test_configure_of_a_printed_entry_prints_the_new_one(world: World) -> None:
    world.install("clock", print_only=True)

    done = world.configure("clock", ("zone", "Oslo"))

    assert done is not None
    assert "Oslo" in done.printed[0][1]
    assert [value.value for value in world.receipts()["clock"].inputs] == ["Oslo"]
    require_sound(world)


def test_configure_without_the_environment_builds_it(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    shutil.rmtree(world.homes()[0])

    world.configure("clock", ("zone", "Oslo"))

    assert world.starts("cursor", "clock")
    require_sound(world)


def test_configure_of_what_is_not_installed_is_refused(world: World) -> None:
    with pytest.raises(McpInstallError) as refused:
        world.configure("clock", ("zone", "Oslo"))

    assert refused.value.code is ErrorCode.NOT_INSTALLED


def test_configure_of_an_unknown_input_is_refused(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    with pytest.raises(McpInstallError) as refused:
        world.configure("clock", ("colour", "red"))

    assert refused.value.code is ErrorCode.INPUT_UNKNOWN
    assert "zone" in refused.value.hint


def test_configure_of_a_server_from_a_folder_asks_that_folder(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = FolderRegistry(name="mine", path=world.registry.folder)
    monkeypatch.setattr(configuration, "configured", lambda context: (folder,))
    world.install("mine:clock", hosts=["cursor"])

    world.configure("clock", ("zone", "Oslo"))

    assert world.receipts()["clock"].registry_name == "mine"
    assert len(world.homes()) == 1
    require_sound(world)


def test_one_name_from_two_registries_is_two_servers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = FolderRegistry(name="mine", path=world.registry.folder)
    monkeypatch.setattr(configuration, "configured", lambda context: (folder,))
    world.install("clock", hosts=["cursor"])
    world.install("mine:clock", hosts=["cursor"], entry_name="other")
    world.install("mine:clock", hosts=["codex"], entry_name="third")
    assert len(world.homes()) == 2

    world.uninstall("clock", "other")

    assert world.starts("codex", "third")
    require_sound(world)


def test_with_other_inputs_an_entry_is_not_installed_over(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["codex"], settings=(("zone", "Oslo"),))

    assert refused.value.code is ErrorCode.SERVER_EXISTS
    assert "mcpi configure clock" in refused.value.hint


def test_reinstall_builds_a_new_generation_and_changes_no_file(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before = world.host_files()
    (first,) = world.generations()

    world.reinstall("clock", offline=True)

    assert world.host_files() == before
    assert environments.current(first.parent) != first.name
    assert first in world.generations()
    assert world.starts("cursor", "clock")
    require_sound(world)

    world.reinstall("clock")

    assert first not in world.generations()
    require_sound(world)


def test_reinstall_moves_every_entry_of_the_server(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"], entry_name="second")

    world.reinstall("second")

    assert len({one.generation for one in world.receipts().values()}) == 1
    require_sound(world)


def test_reinstall_mends_a_damaged_environment(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    start = world.generations()[0] / "start.py"
    start.chmod(0o600)
    start.write_text("raise SystemExit('not ours')\n")

    world.reinstall("clock")

    assert world.starts("cursor", "clock")
    require_sound(world)


@two_pythons
def test_reinstall_keeps_the_python_unless_another_is_named(world: World) -> None:
    first, second = (str(path) for path in pythons()[:2])
    world.install("clock", hosts=["cursor"], python=second)

    world.reinstall("clock")
    assert world.receipts()["clock"].python_path == second
    world.reinstall("clock", python=first)

    assert world.receipts()["clock"].python_path == first
    require_sound(world)


def test_a_receipt_with_a_dead_python_gets_another(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    path = world.data / "receipts" / "clock.json"
    old = world.receipts()["clock"].python_path
    path.write_text(path.read_text().replace(old, "/nonexistent/python3"))

    world.reinstall("clock")

    assert world.receipts()["clock"].python_path == old
    require_sound(world)


def test_a_reinstall_of_what_was_removed_meanwhile_is_refused(world: World) -> None:
    from mcpinstall.operations import commit, reinstall

    world.install("clock", hosts=["cursor"])
    before = reinstall.prepare("clock", world.context, request=Request(names=()))
    world.uninstall("clock")

    with pytest.raises(McpInstallError) as refused:
        commit.commit(before, world.context)

    assert refused.value.code is ErrorCode.PLAN_CHANGED
    require_sound(world)


def test_a_draft_of_configure_knows_what_was_given(world: World) -> None:
    world.install("clock", hosts=["cursor"], settings=(("zone", "Oslo"),))

    drafted = configure.draft("clock", Request(names=()), world.context)

    assert drafted.request.settings == (("zone", "Oslo"),)
    assert drafted.missing == ()
    missing_inputs.require_none(drafted)
