"""What stops a change leaves the old state, and says what it could not put back."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from mcpinstall import environments, hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import recovery, sweeping, transaction
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files
from tests.builders import plans
from tests.builders.hosts import server
from tests.builders.unfinished import BASE, CODEX, CURSOR, NEW, OLD, Scene, failing


def refuse(*_: object) -> None:
    raise McpInstallError(ErrorCode.PROBE_FAILED, "it does not start", evidence="its words")


def run(scene: Scene, change: transaction.Transaction, probe: transaction.Probe) -> None:
    with transaction.exclusive(scene.context):
        transaction.run(change, scene.context, probe)


def test_each_new_environment_is_tried_before_anything_names_it(scene: Scene) -> None:
    asked: list[tuple[str, str]] = []

    def probe(slug: str, generation: str) -> None:
        asked.append((slug, generation))
        assert (scene.home / generation / "start.py").is_file()
        assert scene.current is None
        assert scene.file().read_bytes() == BASE

    run(scene, scene.installation(), probe)

    assert asked == [(scene.slug, OLD)]
    assert scene.current == OLD


def test_a_refusal_leaves_nothing(scene: Scene) -> None:
    with pytest.raises(McpInstallError) as stopped:
        run(scene, scene.installation(), refuse)

    assert (stopped.value.code, stopped.value.evidence) == (ErrorCode.PROBE_FAILED, "its words")
    assert not scene.home.exists()
    assert not scene.journal.exists()
    assert scene.file().read_bytes() == BASE


def test_a_refusal_says_what_changed_meanwhile_and_is_left(installed: Scene) -> None:
    change = dataclasses.replace(installed.update(), changes=installed.installation(CODEX).changes)
    write = hosts.write

    def saved(of: object, locks: Path) -> None:
        write(of, locks)  # type: ignore[arg-type]
        installed.file(CODEX).write_text("model = 'mine'\n")
        raise McpInstallError(ErrorCode.DISK_FAILED, "the disk is full", evidence="first")

    with installed.monkeypatch.context() as patch:
        patch.setattr(hosts, "write", saved)
        with pytest.raises(McpInstallError) as stopped:
            installed.do(change)

    first, second = stopped.value.evidence.splitlines()
    assert first == "first"
    assert second.endswith("changed meanwhile; left as it is")
    assert installed.current == OLD
    assert installed.file(CODEX).read_text() == "model = 'mine'\n"


def test_a_stop_that_is_no_error_takes_back_as_well(scene: Scene) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(scene, scene.installation(), interrupted)

    assert not scene.home.exists()
    assert not scene.journal.exists()


def test_what_can_not_be_taken_back_yet_is_said_and_goes_on_with_the_next(scene: Scene) -> None:
    full = McpInstallError(ErrorCode.DISK_FAILED, "no space", hint="free some", evidence="")

    with scene.monkeypatch.context() as patch:
        patch.setattr(recovery, "roll_back", failing(full, lambda _: True))
        with pytest.raises(McpInstallError) as stopped:
            run(scene, scene.installation(), refuse)

    assert stopped.value.code is ErrorCode.DISK_FAILED
    assert stopped.value.message == (
        "it does not start; and not everything could be taken back yet"
    )
    assert stopped.value.hint == ("free some; the next `mcpi` command goes on with taking it back")
    assert stopped.value.evidence == "its words\nno space"
    assert scene.journal.exists()
    with transaction.exclusive(scene.context):
        assert not scene.home.exists()
        assert not scene.journal.exists()


def test_an_interruption_stays_one_when_taking_back_fails(scene: Scene) -> None:
    full = McpInstallError(ErrorCode.DISK_FAILED, "no space")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    scene.monkeypatch.setattr(recovery, "roll_back", failing(full, lambda _: True))
    with pytest.raises(KeyboardInterrupt):
        run(scene, scene.installation(), interrupted)


def finish_then(scene: Scene, error: BaseException) -> None:
    """Let an error come right behind the moment from which the change counts."""
    finish = ReceiptStore.finish

    def finished(store: ReceiptStore, record: object) -> None:
        finish(store, record)  # type: ignore[arg-type]
        raise error

    scene.monkeypatch.setattr(ReceiptStore, "finish", finished)


def test_a_change_that_may_not_last_is_done_and_cleans_up_later(installed: Scene) -> None:
    with installed.monkeypatch.context():
        finish_then(installed, McpInstallError(ErrorCode.DISK_FAILED, "not written"))
        third = dataclasses.replace(installed.update())
        record = installed.do(third)

    assert installed.store.is_finished(record.id)
    assert installed.current == NEW
    assert (installed.home / OLD).is_dir(), "the way back"
    assert installed.journal.exists()


def test_an_interruption_behind_the_end_takes_nothing_back(scene: Scene) -> None:
    finish_then(scene, KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        scene.do(scene.installation())

    assert scene.current == OLD
    assert b'"clock"' in scene.file().read_bytes()


def test_a_change_begins_with_the_end_of_the_one_before(scene: Scene) -> None:
    scene.die_before_the_end(scene.installation())

    with transaction.exclusive(scene.context):
        assert not scene.home.exists()
        assert scene.file().read_bytes() == BASE


@pytest.mark.parametrize("what", ["content", "place", "chain"])
def test_what_is_not_as_it_was_shown_is_refused(scene: Scene, home: Path, what: str) -> None:
    change = scene.installation()
    if what == "content":
        scene.file().write_bytes(BASE + b"\n")
    elif what == "place":
        (home / "elsewhere.json").write_bytes(BASE)
        (home / ".cursor/mcp.json").unlink()
        (home / ".cursor/mcp.json").symlink_to(home / "elsewhere.json")
    else:
        shown = hosts.read(hosts.find_rows(CURSOR), scene.context.machine)
        other = hosts.add(shown, scene.store.chain(CURSOR), server("another"))
        scene.store.write_chain(other.chain_after)

    with pytest.raises(McpInstallError) as refused:
        run(scene, change, lambda *_: pytest.fail("a server was started"))

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert not scene.home.exists()
    assert scene.store.journal() is None


def test_the_first_environment_makes_its_folder_for_its_user_alone(scene: Scene) -> None:
    scene.do(scene.installation())

    assert scene.context.paths.servers.stat().st_mode & 0o777 == 0o700


def test_environments_are_put_into_no_folder_behind_a_link(scene: Scene, home: Path) -> None:
    change = scene.installation()
    (home / "elsewhere").mkdir(mode=0o700)
    files.private_folder(scene.context.paths.data)
    scene.context.paths.servers.symlink_to(home / "elsewhere")

    with pytest.raises(McpInstallError) as refused:
        scene.do(change)

    assert refused.value.code is ErrorCode.STATE_UNSAFE
    assert list((home / "elsewhere").iterdir()) == []
    assert scene.file().read_bytes() == BASE


def test_a_change_without_an_environment_makes_no_folder_for_one(scene: Scene) -> None:
    change = dataclasses.replace(scene.installation(), additions=(), switches=(), receipts_after=())

    scene.do(change)

    assert not scene.context.paths.servers.exists()


# Records


def test_a_record_is_of_the_time_of_the_yes(scene: Scene) -> None:
    early = dataclasses.replace(scene.context, now=scene.context.now - timedelta(minutes=9))
    with transaction.exclusive(early):
        record = transaction.run(scene.installation(), early)

    assert sweeping.moment(record.id) > early.now + timedelta(minutes=8)


def test_a_record_is_behind_all_others_when_the_clock_went_back(scene: Scene) -> None:
    ahead = sweeping.identifier(scene.context.now + timedelta(days=400), "aaaaaa")
    scene.store.finish(plans.record(id=ahead))

    record = scene.do(scene.installation())

    assert sweeping.moment(record.id) - sweeping.moment(ahead) == timedelta(milliseconds=1)


def test_two_records_of_one_millisecond_are_in_their_order(installed: Scene) -> None:
    moment = installed.context.now + timedelta(days=1)
    context = dataclasses.replace(installed.context, now=moment)
    ids = []
    for change in (installed.update(), dataclasses.replace(installed.update(), additions=())):
        with transaction.exclusive(context):
            ids.append(transaction.run(change, context).id)

    assert sweeping.moment(ids[0]) < sweeping.moment(ids[1])


@pytest.mark.parametrize("row", [CURSOR, CODEX])
def test_a_record_counts_the_folders_that_were_made(scene: Scene, row: str) -> None:
    made = 0 if scene.file(row).parent.is_dir() else 1

    record = scene.do(scene.installation(row))

    assert [file.made_folders for file in record.files] == [made]
    assert [file.gone_folders for file in record.files] == [0]


def test_folders_go_only_with_a_file_that_goes(installed: Scene) -> None:
    (file,) = installed.installation(CODEX).changes
    staying = dataclasses.replace(installed.update(), changes=(file,), gone_folders=((CODEX, 1),))

    assert installed.do(staying).files[0].gone_folders == 0
    assert installed.file(CODEX).is_file()


def test_a_file_that_goes_takes_no_folder_that_was_there_before(installed: Scene) -> None:
    change = dataclasses.replace(installed.uninstallation(), gone_folders=())

    assert installed.do(change).files[0].gone_folders == 0
    assert installed.file().parent.is_dir()


# What is swept behind a change


def test_the_last_two_generations_of_an_installed_server_stay(installed: Scene) -> None:
    installed.do(installed.update())
    assert {path.name for path in installed.home.iterdir()} == {OLD, NEW, "current"}

    third = installed.addition("20261122T120000000Z-1.0.2-00000c")
    environments.place(third.staged, installed.home)
    environments.switch(installed.home, third.staged.generation)
    assert sweeping.sweep(installed.context)

    names = {path.name for path in installed.home.iterdir()}
    assert names == {NEW, third.staged.generation, "current"}


def test_a_server_that_nothing_names_goes(installed: Scene) -> None:
    installed.do(installed.update())
    environments.switch(installed.home, None)
    installed.store.remove_receipt("clock")

    assert sweeping.sweep(installed.context)

    assert not installed.home.exists()


def test_where_there_are_no_servers_nothing_is_swept(scene: Scene) -> None:
    assert sweeping.sweep(scene.context)


def test_one_home_that_can_not_go_keeps_no_other(installed: Scene) -> None:
    for name in ("a-111111111111", "z-222222222222"):
        (installed.context.paths.servers / name).mkdir()
    full = McpInstallError(ErrorCode.DISK_FAILED, "no space")
    stuck = failing(full, lambda path: path.name.startswith("a-"), files.remove_empty)

    with installed.monkeypatch.context() as patch:
        patch.setattr(files, "remove_empty", stuck)
        assert not sweeping.sweep(installed.context)

    assert {path.name[0] for path in installed.context.paths.servers.iterdir()} == {
        "a",
        installed.slug[0],
    }
    assert sweeping.sweep(installed.context)


def test_what_a_dead_process_was_writing_goes_from_each_folder(installed: Scene) -> None:
    paths = installed.context.paths
    left = [
        files.private_folder(folder) / ".record.json.0123456789ab.mcpi"
        for folder in (paths.data, paths.receipts, paths.history, paths.hosts, paths.registries)
    ]
    for path in left:
        path.touch()

    assert sweeping.sweep(installed.context)

    assert [path for path in left if path.exists()] == []


def test_old_history_goes_and_the_rest_stays(installed: Scene) -> None:
    now = installed.context.now
    old, kept = (sweeping.identifier(now - timedelta(days=days), "aaaaaa") for days in (400, 2))
    for one in (old, kept):
        installed.store.finish(plans.record(id=one))

    sweeping.sweep(installed.context)

    assert not installed.store.is_finished(old)
    assert installed.store.is_finished(kept)


def test_one_change_by_a_clock_that_is_ahead_costs_no_history(installed: Scene) -> None:
    kept = sweeping.identifier(installed.context.now - timedelta(days=2), "aaaaaa")
    installed.store.finish(plans.record(id=kept))
    ahead = installed.context.now + timedelta(days=4000)
    installed.store.finish(plans.record(id=sweeping.identifier(ahead, "bbbbbb")))

    sweeping.sweep(dataclasses.replace(installed.context, now=ahead))

    assert installed.store.is_finished(kept)


@pytest.mark.parametrize("record_id", ["20261340T000000Z-000aaaaaa", "19700101T000000Z-000aaaaaa"])
def test_an_id_of_no_time_is_refused(record_id: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        sweeping.moment(record_id)

    assert refused.value.code is ErrorCode.STATE_INVALID


def test_the_time_of_an_id_is_exact(scene: Scene) -> None:
    moment = scene.context.now.replace(microsecond=123_000)

    assert sweeping.moment(sweeping.identifier(moment, "aaaaaa")) == moment
