"""`mcpi doctor` and `mcpi why` on a machine with installed servers and hosts' files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import environments
from mcpinstall.operations import doctor, why
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.why import PlaceState
from mcpinstall.system import files
from tests.builders.hosts import put
from tests.builders.world import World, slug

pytestmark = pytest.mark.e2e


@pytest.fixture
def installed(world: World) -> World:
    for product in ("cursor", "codex", "claude-code"):  # what its user had starts nothing
        world.file(product).write_text("")
    world.install("clock", hosts=["cursor", "codex"], settings=(("zone", "UTC"),))
    return world


def kinds(world: World) -> list[Kind]:
    report = doctor.examine(world.context)
    assert report.unseen == ()
    return [one.kind for one in report.troubles]


def home_of(world: World) -> Path:
    (receipt,) = world.receipts().values()
    return environments.server_home(world.context.paths.servers, slug(receipt))


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the lock, which every look takes."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.name != "lock"
    }


@pytest.mark.parametrize("full", [False, True])
def test_what_was_just_installed_is_as_it_should_be(installed: World, *, full: bool) -> None:
    before = everything(installed.home)

    report = doctor.examine(installed.context, full=full)

    assert (report.troubles, report.unseen) == ((), ())
    (server,) = report.servers
    assert server.receipt.entry_name == "clock"
    assert {seen.row.product for seen in report.hosts.files if seen.servers} == {"cursor", "codex"}
    assert everything(installed.home) == before


def test_the_quick_look_says_what_it_compared_with(installed: World) -> None:
    (quick,) = doctor.examine(installed.context).servers
    (full,) = doctor.examine(installed.context, full=True).servers

    assert quick.anchor.startswith("receipt only")
    assert full.anchor == "registry bundled, serial 1"


def test_a_changed_file_of_an_environment_is_found_at_once(installed: World) -> None:
    changed = next(home_of(installed).glob("*/**/clock*/__init__.py"))
    changed.chmod(0o600)
    changed.write_text("print()\n")

    assert kinds(installed) == [Kind.NOT_AS_VERIFIED]


def test_an_environment_that_is_gone_is_told_once_not_for_each_host(installed: World) -> None:
    shutil.rmtree(home_of(installed))

    found = kinds(installed)

    assert found == [Kind.ENVIRONMENT_MISSING]
    installed.reinstall("clock")
    assert kinds(installed) == []


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ({"python_path": "/gone/python3"}, Kind.INTERPRETER_MISSING),
        ({"python_sha256": "0" * 64}, Kind.INTERPRETER_CHANGED),
        ({"machine": "0" * 64}, Kind.OTHER_MACHINE),
    ],
)
def test_an_interpreter_or_a_machine_that_is_another_one_is_found(
    installed: World, claim: dict[str, Any], kind: Kind
) -> None:
    (receipt,) = installed.receipts().values()
    installed.store.write_receipt(replace(receipt, **claim))

    (trouble,) = doctor.examine(installed.context).troubles

    assert trouble.kind is kind
    assert "`mcpi reinstall clock`" in trouble.fix


def test_an_entry_that_vanished_comes_back_by_the_fix_that_is_named(installed: World) -> None:
    installed.file("cursor").write_text("{}")

    (trouble,) = doctor.examine(installed.context).troubles

    assert (trouble.kind, trouble.subject) == (Kind.ENTRY_GONE, "clock (in Cursor)")
    assert trouble.fix.startswith("`mcpi configure clock` writes it again")
    installed.configure("clock")
    assert "clock" in installed.servers_in("cursor")
    assert kinds(installed) == []


def test_an_entry_that_was_changed_is_found_and_written_again(installed: World) -> None:
    text = installed.file("codex").read_text()
    installed.file("codex").write_text(text.replace("UTC", "CET"))

    assert kinds(installed) == [Kind.ENTRY_CHANGED]
    installed.configure("clock")
    assert kinds(installed) == []


def test_an_unfinished_change_is_shown_and_not_taken_back(installed: World) -> None:
    (record,) = installed.history()
    installed.store.begin(replace(record, id="20990101T000000Z-000aaaaaa"))
    before = everything(installed.home)

    found = installed.command().answer("doctor", status=1)

    assert [one["kind"] for one in found["findings"]] == ["change-unfinished"]
    assert everything(installed.home) == before


def test_a_change_that_runs_right_now_is_no_finding(installed: World) -> None:
    (record,) = installed.history()
    installed.store.begin(replace(record, id="20990101T000000Z-000aaaaaa"))

    with files.locked(installed.context.paths.lock):
        report = doctor.examine(installed.context)

    assert report.state.busy
    assert report.troubles == ()


def test_a_damaged_receipt_is_found_and_the_hosts_are_looked_at_still(installed: World) -> None:
    (installed.context.paths.receipts / "clock.json").write_text("{")
    put(installed.home / ".gemini/settings.json", {"mcpServers": {"a": {"command": "/none"}}})

    report = doctor.examine(installed.context)

    assert [one.kind for one in report.troubles] == [Kind.RECORD_DAMAGED, Kind.COMMAND_MISSING]
    assert len(report.unseen) == 1


def test_why_tells_where_an_entry_comes_from_and_how_it_starts(installed: World) -> None:
    reason = why.explain("clock", installed.context)

    (origin,) = reason.origins
    assert reason.others == ()
    assert origin.command == installed.servers_in("cursor")["clock"]
    assert [record.action for record in origin.records] == ["install"]
    assert [place.state for place in origin.places] == [PlaceState.AS_WRITTEN] * 2
    assert {place.path for place in origin.places} == {
        installed.file("cursor"), installed.file("codex"),
    }  # fmt: skip
    assert origin.current == origin.receipt.generation
    assert origin.removed_by == "mcpi uninstall clock"


def test_why_tells_ours_from_an_entry_of_the_same_name_in_another_host(installed: World) -> None:
    theirs = installed.home / ".gemini/settings.json"
    put(theirs, {"mcpServers": {"clock": {"command": "/bin/sh", "args": ["--token", "x"]}}})

    reason = why.explain("clock", installed.context)

    assert len(reason.origins) == 1
    (other,) = reason.others
    assert (other.path, other.state, other.command) == (theirs, PlaceState.NOT_OURS, "/bin/sh")


def test_why_says_that_an_entry_is_gone_or_changed(installed: World) -> None:
    installed.file("cursor").write_text("{}")
    text = installed.file("codex").read_text()
    installed.file("codex").write_text(text.replace("UTC", "CET"))

    (origin,) = why.explain("clock", installed.context).origins

    states = {place.row.product: place.state for place in origin.places}
    assert states == {"cursor": PlaceState.GONE, "codex": PlaceState.CHANGED}


def test_why_knows_two_entries_of_one_server_by_its_full_name(installed: World) -> None:
    installed.install("clock", hosts=["cursor"], entry_name="clock-two")

    origins = why.explain("io.github.user/clock", installed.context).origins

    assert [one.receipt.entry_name for one in origins] == ["clock", "clock-two"]


def test_the_commands_end_with_the_documented_statuses(installed: World) -> None:
    command = installed.command()

    clean = command.run("doctor", status=0)
    reason = command.answer("why", "clock", status=0)
    installed.file("cursor").write_text("{")
    broken = command.run("doctor", status=1)
    command.run("why", "nobody", status=5)

    assert "Nothing is wrong" in clean.stdout
    assert reason["servers"][0]["entry"] == "clock"
    assert "file-invalid  Cursor:" in broken.stdout
    assert "line 1, column 2" in broken.stdout
