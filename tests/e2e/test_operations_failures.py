"""What refuses or fails leaves everything as it was."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import writing
from mcpinstall.model.host import HostFile
from mcpinstall.operations import commit, transaction, verify
from mcpinstall.operations.prepared import Prepared
from mcpinstall.system import files, limits
from tests.builders import servers
from tests.builders import world as worlds
from tests.builders.registry_folders import RegistryFolder
from tests.builders.world import HOSTS, World

pytestmark = pytest.mark.e2e

CRASHING = "sys.exit('the server has a bad day')"
SILENT = "time.sleep(60)"
FLOODING = "while True: sys.stdout.write('x' * 65536)"
OTHER_TOOLS = [servers.CLOCK]


@contextlib.contextmanager
def refused(code: ErrorCode, status: int) -> Iterator[pytest.ExceptionInfo[McpInstallError]]:
    with pytest.raises(McpInstallError) as error:
        yield error
    assert worlds.refusal(error) == (str(code), status), error.value.message


@pytest.mark.parametrize(
    ("body", "tools", "code", "status"),
    [
        (CRASHING, servers.TOOLS, ErrorCode.PROBE_FAILED, 5),
        (SILENT, servers.TOOLS, ErrorCode.PROBE_FAILED, 5),
        (FLOODING, servers.TOOLS, ErrorCode.PROBE_FAILED, 5),
        (servers.MODERN, OTHER_TOOLS, ErrorCode.TOOLS_CHANGED, 3),
    ],
    ids=["crashes", "silent", "floods", "other tools"],
)
def test_a_server_that_does_not_answer_as_reviewed_leaves_nothing(
    world: World,
    body: str,
    tools: list[object],
    code: ErrorCode,
    status: int,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = probing.probe
    monkeypatch.setattr(
        probing, "probe", lambda command, **more: asked(command, **more, seconds=0.6)
    )
    world.offer("broken", body=body, tools=tools)
    before = world.host_files()

    with refused(code, status):
        world.install("broken", hosts=list(HOSTS))

    world.require_untouched(before)
    world.install("clock", hosts=["cursor"])
    world.require_clean()


def test_of_two_servers_the_broken_one_takes_the_other_along(world: World) -> None:
    world.offer("broken", body=CRASHING)
    before = world.host_files()

    with refused(ErrorCode.PROBE_FAILED, 5) as error:
        world.install("clock", "broken", hosts=["cursor"])

    assert "bad day" in error.value.evidence
    world.require_untouched(before)


def test_a_failed_new_version_keeps_the_old_one(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before = world.host_files(), world.receipts(), world.generations()
    world.offer("clock", "2.0", body=CRASHING)

    with refused(ErrorCode.PROBE_FAILED, 5):
        world.install("clock", hosts=["cursor"])

    assert (world.host_files(), world.receipts(), world.generations()) == before
    assert world.starts("cursor", "clock")
    world.require_clean()


def test_a_failed_reinstall_over_a_missing_environment_can_be_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    world.install("clock", hosts=["cursor"])
    shutil.rmtree(world.generations()[0])
    with monkeypatch.context() as broken:
        broken.setattr(probing, "probe", fail)
        with refused(ErrorCode.PROBE_FAILED, 5):
            world.reinstall("clock")

    world.reinstall("clock")

    assert world.starts("cursor", "clock")
    world.require_clean()


def fail(*_: object, **__: object) -> Any:  # noqa: ANN401
    raise McpInstallError(ErrorCode.PROBE_FAILED, "the server has a bad day")


def test_a_package_without_the_script_is_refused(world: World) -> None:
    before = world.host_files()
    world.offer("broken", script="other")

    with refused(ErrorCode.MANIFEST_INVALID, 3):
        world.install("broken", hosts=["cursor"])

    world.require_untouched(before)


def test_an_old_plan_is_not_carried_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world.host_files()
    prepared = world.prepare("clock", hosts=["cursor"])
    later = time.monotonic() + limits.PREPARED_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)

    with refused(ErrorCode.PLAN_CHANGED, 3):
        commit.commit(prepared, world.context)

    world.require_untouched(before)


def change_manifest(world: World) -> None:
    """Let the registry say something else about the version."""
    world.registry.folder.joinpath("index.toml").unlink()
    fresh = RegistryFolder(world.registry.folder)
    fresh.file = dataclasses.replace(world.registry.file, aliases=())
    world.registry = fresh
    world.offer("clock", body=servers.LEGACY)


def revoke(world: World) -> None:
    from mcpinstall.model.revocation import Revocation

    item = Revocation(
        name="io.github.user/clock", version="1.0", reason="it eats cheese", date="2026-11-23"
    )
    world.registry.file = dataclasses.replace(world.registry.file, revocations=(item,))
    world.registry.publish(serial=2, expires=world.registry.file.expires)


@pytest.mark.parametrize(
    ("happens", "code"),
    [(change_manifest, ErrorCode.PLAN_CHANGED), (revoke, ErrorCode.VERSION_REVOKED)],
    ids=["another manifest", "revoked"],
)
def test_a_registry_that_changes_before_the_yes_stops_the_installation(
    world: World, happens: Callable[[World], None], code: ErrorCode
) -> None:
    before = world.host_files()
    prepared = world.prepare("clock", hosts=["cursor"])
    happens(world)

    with refused(code, 3):
        commit.commit(prepared, world.context)

    world.require_untouched(before)


def edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def replace_by_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("happens", [edit, Path.unlink, replace_by_link])
def test_a_host_file_that_changes_before_the_yes_stops_the_installation(
    world: World, happens: Callable[[Path], None]
) -> None:
    prepared = world.prepare("clock", hosts=list(HOSTS))
    happens(world.file("codex"))
    before = world.host_files()

    with refused(ErrorCode.HOST_CONFIG_CHANGED, 3):
        commit.commit(prepared, world.context)

    world.require_untouched(before)


def test_a_host_file_that_changes_during_the_probe_stops_the_installation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last moment: between the first comparison and the write."""
    asked = probing.probe

    def meddle(command: Any, **more: Any) -> Any:  # noqa: ANN401
        edit(world.file("codex"))
        return asked(command, **more)

    monkeypatch.setattr(probing, "probe", meddle)
    prepared = world.prepare("clock", hosts=list(HOSTS))
    expected = world.host_files()
    expected["codex"] = (expected["codex"] or b"") + b"\n"

    with refused(ErrorCode.HOST_CONFIG_CHANGED, 3):
        commit.commit(prepared, world.context)

    world.require_untouched(expected)


def test_a_file_that_its_host_overwrites_at_once_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our text is gone again before it could be read back: the host's text stays."""
    place = writing._place

    def overwritten(file: HostFile, after: bytes, temporary: Path, target: Path) -> None:
        place(file, after, temporary, target)
        target.write_bytes(b'{"theirs": true}')

    monkeypatch.setattr(writing, "_place", overwritten)

    with refused(ErrorCode.HOST_CONFIG_CHANGED, 3) as error:
        world.install("clock", hosts=["cursor"])

    assert "changed meanwhile; left as it is" in error.value.evidence
    world.require_untouched({**world.host_files(), "cursor": b'{"theirs": true}'})


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user other than root")
def test_a_folder_that_may_not_be_written_to_stops_all_hosts(world: World) -> None:
    before = world.host_files()
    world.file("codex").parent.chmod(0o500)

    with refused(ErrorCode.DISK_FAILED, 5):
        world.install("clock", hosts=list(HOSTS))

    world.file("codex").parent.chmod(0o700)
    world.require_untouched(before)


@pytest.mark.parametrize("victim", list(HOSTS))
def test_one_write_of_three_that_fails_takes_the_others_back(
    world: World, victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.host_files()
    with monkeypatch.context() as broken:
        place = writing._place

        def failing(file: HostFile, after: bytes, temporary: Path, target: Path) -> None:
            if target == world.file(victim):
                raise PermissionError(errno.EACCES, "Permission denied", str(target))
            place(file, after, temporary, target)

        broken.setattr(writing, "_place", failing)
        with refused(ErrorCode.DISK_FAILED, 5):
            world.install("clock", hosts=list(HOSTS))

    world.require_untouched(before)


class FullDisk:
    """From the given write on, and for a while, nothing more fits on the disk."""

    def __init__(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number, self.written = number, 0
        self._write = files._write_new
        monkeypatch.setattr(files, "_write_new", self.write)

    def write(self, path: Path, *rest: Any) -> None:  # noqa: ANN401
        self.written += 1
        if self.number <= self.written:
            path.touch()
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        self._write(path, *rest)


def test_a_full_disk_at_any_write_leaves_everything_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where even the way back needs space, the next command goes it."""
    before = world.host_files()
    number, failures = 0, 0
    while True:
        number += 1
        prepared = world.prepare("clock", hosts=list(HOSTS))
        prepared.staged[0][1].result()
        with monkeypatch.context() as full, contextlib.ExitStack() as failing:
            disk = FullDisk(number, full)
            failing.push(expected_failure)
            commit.commit(prepared, world.context)
            failures -= 1
        failures += 1
        if disk.written < number:
            break
        settle(world)
        if world.receipts():  # only what comes after the change failed
            world.uninstall("clock")
        assert world.host_files() == before
        assert world.receipts() == {}
        world.require_clean()
    assert failures >= 8
    assert world.starts("cursor", "clock")


def expected_failure(
    kind: type[BaseException] | None, error: BaseException | None, _: object
) -> bool:
    """Swallow the one error that a full disk should give."""
    assert error is None or isinstance(error, McpInstallError)
    assert error is None or (error.code is ErrorCode.DISK_FAILED and "disk space" in error.hint)
    return error is not None


def settle(world: World) -> None:
    from mcpinstall.operations.settling import settle as settled

    settled(world.context)


def test_an_interruption_takes_everything_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.host_files()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(transaction, "_write_receipts", interrupt)
        with pytest.raises(KeyboardInterrupt):
            world.install("clock", hosts=list(HOSTS))

    world.require_untouched(before)


def test_an_interruption_after_the_change_leaves_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcpinstall.receipts.store import ReceiptStore

    finish = ReceiptStore.finish

    def interrupted(self: ReceiptStore, *rest: Any) -> None:  # noqa: ANN401
        finish(self, *rest)
        raise KeyboardInterrupt

    with monkeypatch.context() as late:
        late.setattr(ReceiptStore, "finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            world.install("clock", hosts=["cursor"])
    settle(world)

    assert world.starts("cursor", "clock")
    assert len(world.history()) == 1
    world.require_clean()


def test_a_failed_sweep_is_no_failed_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.install("clock", hosts=["cursor"])
    damaged = world.data / "history" / f"{world.history()[0].id}.json"
    damaged.write_text("{}")

    world.install("notes", hosts=["cursor"])

    assert world.starts("cursor", "notes")


def test_a_plan_on_an_environment_that_goes_meanwhile_is_refused(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    prepared: Prepared = world.prepare("clock", hosts=["codex"])
    world.uninstall("clock")
    before = world.host_files()

    with refused(ErrorCode.PLAN_CHANGED, 3):
        commit.commit(prepared, world.context)

    world.require_clean()
    assert world.host_files() == before


def test_a_plan_on_an_environment_that_is_built_once_more_meanwhile_goes_on(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    prepared: Prepared = world.prepare("clock", hosts=["codex"])
    world.reinstall("clock")

    commit.commit(prepared, world.context)

    world.require_clean()
    assert world.receipts()["clock"].hosts == ("codex-user", "cursor-user")
    assert world.starts("codex", "clock")


def test_a_plan_on_an_environment_that_becomes_another_version_is_refused(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    prepared: Prepared = world.prepare("clock", hosts=["codex"])
    world.offer("clock", "2.0")
    world.install("clock", hosts=["cursor"])
    before = world.host_files()

    with refused(ErrorCode.PLAN_CHANGED, 3):
        commit.commit(prepared, world.context)

    world.require_clean()
    assert world.host_files() == before


def test_a_name_that_is_given_away_meanwhile_is_refused(world: World) -> None:
    prepared = world.prepare("clock", hosts=["cursor"], entry_name="mix")
    world.install("notes", hosts=["codex"], entry_name="mix")

    with refused(ErrorCode.SERVER_EXISTS, 3):
        commit.commit(prepared, world.context)

    world.require_clean()
    assert world.receipts()["mix"].name == "io.github.user/notes"


def test_an_uninstallation_of_what_changes_meanwhile_is_refused(world: World) -> None:
    from mcpinstall.operations import uninstall

    world.install("clock", hosts=["cursor"])
    prepared = uninstall.prepare(["clock"], [], world.context)
    world.install("clock", hosts=["codex"])

    with refused(ErrorCode.PLAN_CHANGED, 3):
        uninstall.commit(prepared, world.context)

    world.require_clean()
    assert world.starts("codex", "clock")


def test_an_uninstallation_beside_a_new_second_entry_is_refused(world: World) -> None:
    from mcpinstall.operations import uninstall

    world.install("clock", hosts=["cursor"])
    prepared = uninstall.prepare(["clock"], [], world.context)
    world.install("clock", hosts=["codex"], entry_name="second")

    with refused(ErrorCode.PLAN_CHANGED, 3):
        uninstall.commit(prepared, world.context)

    world.require_clean()
    assert [one.findings for one in verify.verify((), world.context)] == [(), ()]


def test_an_undo_of_what_changes_meanwhile_is_refused(world: World) -> None:
    from mcpinstall.operations import undo

    world.install("clock", hosts=["cursor"])
    prepared = undo.prepare(None, world.context)
    world.install("clock", hosts=["codex"])

    with refused(ErrorCode.NOTHING_TO_UNDO, 5):
        undo.commit(prepared, world.context)

    world.require_clean()


def test_an_unparsable_host_file_is_refused_and_not_touched(world: World) -> None:
    world.file("cursor").write_bytes(b'{"mcpServers": {')
    before = world.host_files()

    with refused(ErrorCode.HOST_CONFIG_INVALID, 3):
        world.install("clock", hosts=list(HOSTS))

    world.require_untouched(before)


def test_new_folders_of_a_failed_installation_go(world: World) -> None:
    world.file("cursor").unlink()
    world.file("cursor").parent.rmdir()
    prepared = world.prepare("clock", hosts=["cursor", "codex"])
    edit(world.file("codex"))

    with refused(ErrorCode.HOST_CONFIG_CHANGED, 3):
        commit.commit(prepared, world.context)

    assert not world.file("cursor").parent.exists()
