"""Undo of every action: host files byte for byte, receipts and environments."""

from __future__ import annotations

import shutil

import pytest

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import undo, verify
from tests.builders.environments import pythons
from tests.builders.world import HOSTS, World

pytestmark = pytest.mark.e2e
two_pythons = pytest.mark.skipif(len(pythons()) < 2, reason="needs two versions of Python")


def require_sound(world: World) -> None:
    """Everything that is installed starts, and nothing differs from what was verified."""
    world.require_clean()
    assert [one for entry in verify.verify((), world.context) for one in entry.findings] == []


def test_undo_of_an_install_leaves_no_trace(world: World) -> None:
    before = world.host_files()
    world.install("clock", "notes", hosts=list(HOSTS))

    world.undo()

    assert world.host_files() == before
    assert world.receipts() == {}
    assert world.homes() == []
    require_sound(world)


def test_undo_of_an_install_removes_the_files_and_folders_it_made(world: World) -> None:
    world.file("cursor").unlink()
    world.file("cursor").parent.rmdir()
    world.install("clock", hosts=["cursor"])

    world.undo()

    assert not world.file("cursor").parent.exists()
    require_sound(world)


def test_undo_of_another_host_keeps_the_first(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    between = world.host_files()
    world.install("clock", hosts=["codex"])

    world.undo()

    assert world.host_files() == between
    assert world.receipts()["clock"].hosts == ("cursor-user",)
    assert world.starts("cursor", "clock")
    require_sound(world)


def test_undo_of_an_uninstall_brings_everything_back_offline(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    installed = world.host_files()
    world.uninstall("clock")
    world.index.requests.clear()

    world.undo()

    assert world.index.requests == []
    assert world.host_files() == installed
    assert world.receipts()["clock"].hosts == ("codex-user", "cursor-user")
    assert world.starts("cursor", "clock")
    require_sound(world)


def test_undo_of_an_uninstall_of_two_entries_builds_one_environment(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["cursor"], entry_name="second")
    installed = world.host_files()
    world.uninstall("clock", "second")

    world.undo()

    assert world.host_files() == installed
    assert len(world.generations()) == 1
    require_sound(world)


def test_undo_of_an_uninstall_from_one_host_brings_that_entry_back(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    installed = world.host_files()
    world.uninstall("clock", hosts=["codex"])

    world.undo()

    assert world.host_files() == installed
    require_sound(world)


@two_pythons
def test_undo_of_an_uninstall_builds_for_the_same_python(world: World) -> None:
    python = str(pythons()[1])
    world.install("clock", hosts=["cursor"], python=python)
    world.uninstall("clock")

    world.undo()

    assert world.receipts()["clock"].python_path == python
    require_sound(world)


def test_undo_of_configure_brings_the_former_arguments_back(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"], settings=(("zone", "Oslo"),))
    before, receipt = world.host_files(), world.receipts()["clock"]
    world.configure("clock", ("zone", "Rome"))
    assert world.host_files() != before

    world.undo()

    assert world.host_files() == before
    assert world.receipts()["clock"] == receipt
    require_sound(world)


def test_undo_of_reinstall_switches_back(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    (first,) = world.generations()
    world.reinstall("clock")
    assert environments.current(first.parent) != first.name

    world.undo()

    assert environments.current(first.parent) == first.name
    require_sound(world)


def test_undo_of_reinstall_does_not_go_back_to_a_damaged_environment(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    (first,) = world.generations()
    world.reinstall("clock")
    start = first / "start.py"
    start.chmod(0o600)
    start.write_text("raise SystemExit('not ours')\n")

    world.undo()

    assert environments.current(first.parent) != first.name
    assert world.starts("cursor", "clock")
    require_sound(world)


def test_undo_of_a_new_version_goes_back_for_every_entry(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["cursor"], entry_name="second")
    world.offer("clock", "2.0")
    world.install("clock", hosts=["cursor"])

    world.undo()

    assert {one.version for one in world.receipts().values()} == {"1.0"}
    require_sound(world)


def test_undo_of_a_new_version_that_is_long_gone_builds_it_again(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    world.install("clock", hosts=["cursor"])
    shutil.rmtree(world.generations()[0])

    world.undo()

    assert world.receipts()["clock"].version == "1.0"
    require_sound(world)


def test_undo_twice_takes_two_changes_back(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor"])
    world.install("notes", hosts=["cursor"])

    world.undo()
    assert set(world.receipts()) == {"clock"}
    world.undo()

    assert world.host_files() == before
    assert world.receipts() == {}
    with pytest.raises(McpInstallError) as refused:
        world.undo()
    assert refused.value.code is ErrorCode.NOTHING_TO_UNDO
    require_sound(world)


def test_undo_of_an_uninstall_and_then_of_the_install(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor"])
    world.uninstall("clock")

    world.undo()
    world.undo()

    assert world.host_files() == before
    assert world.homes() == []
    require_sound(world)


def test_undo_after_a_rebuilt_environment_keeps_it(world: World) -> None:
    """The second undo goes back to a receipt whose generation was pruned: the same one serves."""
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"])
    world.uninstall("clock")
    world.undo()
    (generation,) = world.generations()

    world.undo()

    assert world.generations() == [generation]
    assert world.receipts()["clock"].hosts == ("cursor-user",)
    require_sound(world)


def test_a_named_change_is_taken_back_out_of_order(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("notes", hosts=["cursor"])
    first = world.history()[0].id

    world.undo(first)

    assert set(world.servers_in("cursor")) == {"mine", "notes"}
    require_sound(world)
    before = world.host_files()["cursor"]
    world.undo()
    assert set(world.servers_in("cursor")) == {"mine"}
    assert world.host_files()["cursor"] != before
    require_sound(world)


def test_every_order_of_undo_ends_in_the_original_bytes(world: World) -> None:
    before = world.host_files()
    for name in ("clock", "notes", "maps"):
        world.install(name, hosts=list(HOSTS))
    ids = [record.id for record in world.history()]

    for number in (1, 0, 2):
        world.undo(ids[number])
        require_sound(world)

    assert world.host_files() == before


def test_a_named_change_with_a_later_one_of_the_same_entry_is_refused(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"])
    first, second = (record.id for record in world.history())

    with pytest.raises(McpInstallError) as refused:
        world.undo(first)

    assert refused.value.code is ErrorCode.NOTHING_TO_UNDO
    assert second in refused.value.hint


def test_a_named_change_whose_environment_others_use_since_is_refused(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.reinstall("clock")
    world.install("clock", hosts=["cursor"], entry_name="second")

    with pytest.raises(McpInstallError) as refused:
        world.undo(world.history()[1].id)

    assert refused.value.code is ErrorCode.NOTHING_TO_UNDO
    require_sound(world)


def test_undo_of_the_first_entry_keeps_the_environment_for_the_second(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["cursor"], entry_name="second")

    world.undo(world.history()[0].id)

    assert world.starts("cursor", "second")
    require_sound(world)

    world.undo()

    assert world.host_files() == before
    assert world.homes() == []
    require_sound(world)


def test_an_unknown_id_is_refused(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    with pytest.raises(McpInstallError) as refused:
        world.undo("20200101T000000Z-000abcdef")

    assert refused.value.code is ErrorCode.NOTHING_TO_UNDO


def test_what_was_taken_back_is_not_taken_back_again(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    record = world.history()[0].id
    world.undo(record)

    with pytest.raises(McpInstallError) as refused:
        world.undo(record)

    assert refused.value.code is ErrorCode.NOTHING_TO_UNDO
    assert undo.undone(world.context) == {record}


def test_in_a_changed_file_only_our_entry_goes(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    changed = world.file("cursor").read_text().replace("/bin/mine", "/bin/other")
    world.file("cursor").write_text(changed)

    done = world.undo()

    assert world.servers_in("cursor") == {"mine": ("/bin/other",)}
    assert done.notes != ()
    require_sound(world)


def test_in_a_changed_file_only_our_entry_comes_back(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    world.uninstall("clock")
    changed = world.file("codex").read_text().replace("/bin/mine", "/bin/other")
    world.file("codex").write_text(changed)

    world.undo()

    assert world.starts("codex", "clock")
    assert world.servers_in("codex")["mine"] == ("/bin/other",)
    require_sound(world)


def test_undo_copes_with_a_file_that_is_gone(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    before = world.host_files()
    world.file("cursor").unlink()

    world.undo()

    assert not world.file("cursor").exists()
    assert world.store.chain("cursor-user").names == ()
    assert world.host_files()["codex"] != before["codex"]
    require_sound(world)


def test_undo_of_an_uninstall_makes_a_file_that_is_gone(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.uninstall("clock")
    world.file("cursor").unlink()

    world.undo()

    assert world.starts("cursor", "clock")
    require_sound(world)


def test_undo_copes_with_an_entry_that_the_user_took_out(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.write_files()
    before = world.host_files()

    world.undo()

    assert world.host_files() == before
    require_sound(world)


def test_undo_of_a_removal_that_changed_no_byte(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.write_files()
    before = world.host_files()
    world.uninstall("clock")

    world.undo()

    assert world.host_files() == before
    assert world.receipts()["clock"].hosts == ("cursor-user",)


def test_undo_of_a_printed_installation(world: World) -> None:
    before = world.host_files()
    world.install("clock", print_only=True)

    world.undo()

    world.require_clean()
    assert world.host_files() == before
    assert world.receipts() == {}
    assert world.homes() == []


def test_ids_follow_the_order_of_the_changes_and_not_the_clock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    from mcpinstall.system import machine

    world.install("clock", hosts=["cursor"])
    monkeypatch.setattr(machine, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    prepared = world.prepare("notes", hosts=["cursor"])
    world.install("maps", hosts=["codex"])

    world.carry_out(prepared)

    assert [record.entries for record in world.history()] == [("clock",), ("maps",), ("notes",)]
