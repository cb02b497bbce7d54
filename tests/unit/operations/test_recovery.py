"""A change that did not end: all old or all new, whatever was in the way and whoever came by."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from pathlib import Path

import pytest

from mcpinstall import environments, hosts
from mcpinstall.environments.layout import LOCK_NAME
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import recovery, settling
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files, locking
from tests.builders.hosts import VSCODE
from tests.builders.unfinished import BASE, CODEX, CURSOR, NEW, OLD, Scene, failing

DISK = McpInstallError(ErrorCode.DISK_FAILED, "the disk is full")
NO_LOCKS = McpInstallError(ErrorCode.LOCK_UNSUPPORTED, "`/x` has no file locks")
BUSY = McpInstallError(ErrorCode.STATE_BUSY, "another mcpinstall is at work")


def no_lock(scene: Scene, error: McpInstallError) -> None:
    """Let the lock of all changes be refused."""
    held = files.locked

    def locked(path: Path, **how: object) -> object:
        if path == scene.context.paths.lock:
            raise error
        return held(path, **how)  # type: ignore[arg-type]

    scene.monkeypatch.setattr(files, "locked", locked)


def require_old(scene: Scene) -> None:
    """Nothing of the first installation is there."""
    assert scene.file().read_bytes() == BASE
    assert scene.store.receipts() == ()
    assert scene.store.chain(CURSOR).entries == ()
    assert not scene.home.exists()
    assert not scene.journal.exists()


def require_new(scene: Scene) -> None:
    assert b'"clock"' in scene.file().read_bytes()
    assert scene.store.receipts() == (scene.old,)
    assert scene.store.chain(CURSOR).names == ("clock",)
    assert scene.current == OLD
    assert not scene.journal.exists()


# The first step of every command


def test_where_nothing_is_unfinished_nothing_is_locked(installed: Scene) -> None:
    no_lock(installed, DISK)

    assert settling.settle(installed.context) == ()


def test_what_did_not_end_is_taken_back_and_told(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())

    assert settling.settle(scene.context) == ("taking back an unfinished change",)
    require_old(scene)


def test_what_ended_is_completed_and_not_told(scene: Scene) -> None:
    scene.die_behind_the_end(scene.installation())

    assert settling.settle(scene.context) == ()
    require_new(scene)


def test_beside_another_mcpinstall_nothing_is_settled(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    no_lock(scene, BUSY)

    assert settling.settle(scene.context) == ()
    assert scene.journal.exists()


def test_without_locks_a_reader_is_told_and_goes_on(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    no_lock(scene, NO_LOCKS)

    (note,) = settling.settle(scene.context)

    assert note == "an unfinished change is not taken back: `/x` has no file locks"
    assert scene.journal.exists()


@pytest.mark.parametrize("error", [NO_LOCKS, DISK])
def test_what_waits_for_a_change_that_has_happened_is_told_to_nobody(
    scene: Scene, error: McpInstallError
) -> None:
    scene.die_behind_the_end(scene.installation())
    no_lock(scene, error)

    assert settling.settle(scene.context) == ()


def test_a_change_that_another_mcpinstall_settled_meanwhile_is_told_to_nobody(
    scene: Scene,
) -> None:
    no_lock(scene, DISK)

    assert recovery.settle(scene.context) == ()


def test_what_can_not_be_taken_back_stops_the_command(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    no_lock(scene, DISK)

    with pytest.raises(McpInstallError) as stopped:
        settling.settle(scene.context)

    assert stopped.value.code is ErrorCode.DISK_FAILED
    assert scene.journal.exists()


# A change that has happened


def test_what_may_not_last_is_not_cleaned_up_behind(
    installed: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generation before is the way back should a power cut take the record."""
    installed.die_behind_the_end(installed.update())
    full = failing(DISK, lambda path: path == installed.context.paths.history)
    monkeypatch.setattr(files, "sync_folder", full)

    assert installed.recover() == ()

    assert installed.journal.exists()
    assert installed.current == NEW


def test_the_folders_of_a_file_that_went_go_as_well(installed: Scene) -> None:
    installed.die_behind_the_end(installed.uninstallation())
    assert installed.file().parent.is_dir()

    installed.recover()

    assert not installed.file().parent.exists()
    assert not installed.journal.exists()
    assert not installed.home.exists()


def test_a_folder_that_can_not_go_keeps_the_journal(
    installed: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.die_behind_the_end(installed.uninstallation())
    folder = installed.file().parent

    with monkeypatch.context() as patch:
        keeping = failing(DISK, lambda path: path == folder, files.remove_empty)
        patch.setattr(files, "remove_empty", keeping)
        assert installed.recover() == ()
        assert installed.journal.exists()
        assert not installed.home.exists(), "the rest is swept"

    installed.recover()
    assert not installed.journal.exists()
    assert not folder.exists()


def test_an_environment_that_can_not_go_keeps_the_journal(
    installed: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.die_behind_the_end(installed.uninstallation())

    with monkeypatch.context() as patch:
        home = installed.home
        keeping = failing(DISK, lambda path: path.parent == home, files.remove_tree)
        patch.setattr(files, "remove_tree", keeping)
        assert installed.recover() == ()
        assert installed.journal.exists()
        assert not installed.file().parent.exists(), "the rest is done"

    installed.recover()
    assert not installed.journal.exists()
    assert not installed.home.exists()


def test_a_journal_that_can_not_go_is_no_failure(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(_: ReceiptStore) -> None:
        raise DISK

    monkeypatch.setattr(ReceiptStore, "close", close)

    scene.do(scene.installation())

    assert scene.store.receipts() == (scene.old,)
    assert scene.recover() == ()


# A change that has not


def test_the_generation_before_is_current_again(installed: Scene) -> None:
    installed.die_before_the_end(installed.update())
    assert installed.current == NEW

    installed.recover()

    require_new(installed)
    assert {path.name for path in installed.home.iterdir()} == {OLD, "current"}


def test_an_entry_that_went_is_back(installed: Scene) -> None:
    before = installed.file().read_bytes()
    installed.die_before_the_end(installed.uninstallation())
    assert not installed.file().exists()

    installed.recover()

    require_new(installed)
    assert installed.file().read_bytes() == before


@pytest.mark.parametrize("row", [CODEX, VSCODE])
@pytest.mark.parametrize("written", [True, False])
def test_folders_that_were_made_go_again(scene: Scene, row: str, *, written: bool) -> None:
    missing = [one for one in scene.file(row).parents if not one.exists()]
    scene.die_before_the_end(scene.installation(row))
    assert all(one.is_dir() for one in missing)
    if not written:  # it died between the folders and the file
        scene.file(row).unlink()

    scene.recover()

    assert missing
    assert [one for one in missing if one.exists()] == []
    assert missing[-1].parent.is_dir()


def test_folders_that_somebody_uses_meanwhile_stay(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation(CODEX))
    other = scene.file(CODEX).with_name("auth.json")
    other.write_text("{}")

    scene.recover()

    assert [one.name for one in other.parent.iterdir()] == ["auth.json"]
    assert not scene.journal.exists()


def test_folders_of_a_file_that_is_elsewhere_now_stay(
    scene: Scene, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = scene.installation(CODEX)
    scene.do(change)
    file = hosts.read(hosts.find_rows(CODEX), scene.context.machine)
    gone = hosts.take_out(file, scene.store.chain(CODEX), "clock")
    removal = dataclasses.replace(
        change,
        additions=(),
        switches=(),
        changes=(dataclasses.replace(gone, after=None),),
        receipts_before=(scene.old,),
        receipts_after=(),
        gone_folders=((CODEX, 2),),
    )
    scene.die_behind_the_end(removal)
    empty = home / "elsewhere" / "codex"
    empty.mkdir(parents=True)
    monkeypatch.setenv("CODEX_HOME", str(empty))
    moved = Scene(Context.current(), monkeypatch)

    moved.recover()

    assert moved.file(CODEX).parent == empty
    assert empty.is_dir()


def test_what_the_dead_process_was_writing_goes(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    left = scene.context.paths.receipts / ".clock.json.0123456789ab.mcpi"
    left.touch()

    scene.recover()

    assert not left.exists()


def test_what_is_as_it_was_is_not_written(
    installed: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is the commonest reason to be here."""
    installed.die(installed.update(), where=environments, name="place")
    link = (installed.home / "current").lstat().st_ino

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_atomic", failing(DISK, lambda _: True))
        installed.recover()

    assert (installed.home / "current").lstat().st_ino == link
    require_new(installed)


def test_a_link_that_leads_nowhere_goes_with_the_first_generation(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    (scene.home / "current").unlink()
    (scene.home / "current").symlink_to("../elsewhere")

    scene.recover()

    require_old(scene)


def test_a_generation_that_is_gone_is_not_current_again(installed: Scene) -> None:
    installed.die_before_the_end(installed.update())
    files.remove_tree(installed.home / OLD)

    installed.recover()

    assert installed.current is None
    assert not (installed.home / NEW).exists()
    assert not installed.journal.exists()


def test_the_generation_that_an_undone_removal_had_stays(installed: Scene) -> None:
    """A change that only switches has put nothing there that it may delete."""
    switch = dataclasses.replace(installed.update().switches[0], added=False)
    change = dataclasses.replace(installed.update(), additions=(), switches=(switch,))
    environments.place(installed.update().additions[0].staged, installed.home)

    installed.die_before_the_end(change)
    installed.recover()

    assert installed.current == OLD
    assert (installed.home / NEW).is_dir()


def test_half_a_generation_goes(installed: Scene) -> None:
    installed.die(installed.update(), where=environments, name="place")
    half = installed.home / f".{NEW}.partial"
    half.mkdir()
    (half / "start.py").write_text("half")

    installed.recover()

    assert not half.exists()


def test_a_running_generation_is_left_for_a_later_change(installed: Scene) -> None:
    installed.die_before_the_end(installed.update())
    lock = installed.home / NEW / LOCK_NAME
    lock.touch()

    with locking.hold(lock, seconds=0, shared=True):
        installed.recover()
        assert (installed.home / NEW).is_dir()

    assert installed.current == OLD
    assert not installed.journal.exists()


def test_the_server_of_a_probe_that_died_has_a_moment_to_end(installed: Scene) -> None:
    installed.die_before_the_end(installed.update())
    lock = installed.home / NEW / LOCK_NAME
    lock.touch()
    ending = threading.Event()

    def server() -> None:
        with locking.hold(lock, seconds=0, shared=True):
            ending.set()
            time.sleep(0.2)

    thread = threading.Thread(target=server)
    thread.start()
    ending.wait()
    installed.recover()
    thread.join()

    assert not (installed.home / NEW).exists()


# Host files that somebody else has touched


def test_a_file_that_changed_meanwhile_is_left(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    mine = scene.file().read_bytes().replace(b"/bin/other", b"/bin/mine!")
    scene.file().write_bytes(mine)

    notes = scene.recover()

    assert notes[1:] == (f"Cursor: `{scene.file()}` changed meanwhile; left as it is",)
    assert scene.file().read_bytes() == mine
    assert not scene.journal.exists()


def test_a_file_that_can_not_be_read_any_more_is_left(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    scene.file().unlink()
    scene.file().mkdir()

    notes = scene.recover()

    assert notes[1].startswith(f"{CURSOR}: left as it is (")
    assert scene.store.receipts() == ()
    assert not scene.journal.exists()


def test_a_file_at_another_place_is_left(scene: Scene, home: Path) -> None:
    scene.die_before_the_end(scene.installation())
    other = home / "elsewhere.json"
    other.write_bytes(scene.file().read_bytes())
    scene.file().unlink()
    (home / ".cursor/mcp.json").symlink_to(other)
    content = other.read_bytes()

    notes = scene.recover()

    assert "Cursor: its file is another one now" in notes[1]
    assert other.read_bytes() == content


def test_a_record_that_does_not_fit_its_file_writes_nothing(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    record = scene.store.journal()
    assert record is not None
    wrong = dataclasses.replace(record.files[0], before_sha256="a" * 64)
    scene.store.begin(dataclasses.replace(record, files=(wrong,)))
    content = scene.file().read_bytes()

    notes = scene.recover()

    assert notes[1:] == (f"Cursor: the record does not fit `{scene.file()}`; left as it is",)
    assert scene.file().read_bytes() == content


def test_what_a_write_left_beside_the_file_goes(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())
    left = scene.file().with_name(".mcp.json.0123456789ab.mcpi")
    left.touch()

    scene.recover()

    assert not left.exists()


def test_another_program_that_writes_there_is_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its temporary file is not ours while the folder is locked."""
    if os.name != "posix":
        pytest.skip("needs POSIX")
    scene.die_before_the_end(scene.installation())
    held: list[Path] = []
    remove = files.remove_temporary

    def removed(folder: Path, name: str | None = None) -> None:
        if folder == scene.file().parent:
            with pytest.raises(McpInstallError), locking.hold(folder, seconds=0, shared=False):
                pass
            held.append(folder)
        remove(folder, name)

    monkeypatch.setattr("mcpinstall.hosts.writing.remove_temporary", removed)

    scene.recover()

    assert held == [scene.file().parent]
