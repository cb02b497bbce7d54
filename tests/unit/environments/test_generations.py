from __future__ import annotations

import errno
import fcntl
import os
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.system import locking
from tests.builders.environments import interpreter, machine_at

NAMES = (
    "20260101T000000Z-1.0-aaaaaa",
    "20260201T000000Z-1.1-bbbbbb",
    "20260301T000000Z-1.2-cccccc",
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A server's home with three generations, the last of them current."""
    home = tmp_path / "servers" / "time-0123456789ab"
    for name in NAMES:
        (home / name).mkdir(parents=True, mode=0o700)
        (home / name / ".lock").touch(mode=0o600)
        (home / name / "start.py").write_text(name)
        (home / name / "start.py").chmod(0o444)
    home.chmod(0o700)
    environments.switch(home, NAMES[-1], "linux")
    return home


def staged_at(folder: Path) -> StagedEnvironment:
    root = folder / "staged"
    (root / "lib").mkdir(parents=True)
    (root / "lib" / "a.py").write_text("a = 1\n")
    (root / "lib" / "a.py").chmod(0o444)
    (root / "lib64").symlink_to("lib")
    return StagedEnvironment(path=root, generation=NAMES[0], tree=environments.measure(root))


def left(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir())


def test_a_generation_is_named_by_time_and_version() -> None:
    name = environments.new_generation(
        "1.0+local 1", datetime(2026, 11, 22, 13, 45, 1, 42_999, UTC)
    )

    assert name.startswith("20261122T134501042Z-1.0-local-1-")
    assert name != environments.new_generation("1.0")
    assert " " not in name


def test_hosts_start_whatever_is_current(tmp_path: Path) -> None:
    machine = machine_at(tmp_path, platform="linux")

    found = environments.command(Path("/data/servers/time-1"), ("--x", "a b"), machine)

    assert found.executable == "/data/servers/time-1/current/bin/python"
    assert found.arguments == (
        "-I", "-B", "-X", "utf8", "/data/servers/time-1/current/start.py", "--x", "a b",
    )  # fmt: skip


def test_one_generation_is_started_by_its_own_path(tmp_path: Path) -> None:
    machine = machine_at(tmp_path, platform="darwin")

    found = environments.generation_command(Path("/data/time-1/g1"), (), machine)

    assert found.argv[0] == "/data/time-1/g1/bin/python"
    assert found.argv[-1] == "/data/time-1/g1/start.py"


def test_windows_starts_the_base_interpreter_without_its_packages(tmp_path: Path) -> None:
    machine = machine_at(tmp_path, platform="win32")
    python = replace(interpreter(), path=Path("/python.exe"))

    found = environments.command(Path("/data/time-1"), ("--x",), machine, python)

    assert found.argv == (
        "/python.exe", "-I", "-S", "-B", "-X", "utf8", "/data/time-1/launch.py", "--x",
    )  # fmt: skip
    with pytest.raises(McpInstallError):
        environments.command(Path("/data/time-1"), (), machine)


def test_the_template_is_the_same_on_every_system() -> None:
    found = environments.command_template("{home}", ("--x",))

    assert found.argv == (
        "{home}/current/bin/python", "-I", "-B", "-X", "utf8", "{home}/current/start.py", "--x",
    )  # fmt: skip


def test_a_staged_environment_is_moved_to_its_name(tmp_path: Path) -> None:
    staged, home = staged_at(tmp_path), tmp_path / "servers" / "time-1"

    placed = environments.place(staged, home)

    assert placed == home / NAMES[0]
    assert environments.measure(placed) == staged.tree
    assert not staged.path.exists()
    assert home.stat().st_mode & 0o777 == 0o700


def no_rename(self: Path, target: Path) -> Path:
    if self.name == "staged":
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    os.rename(self, target)  # noqa: PTH104 (it is what is replaced)
    return target


def test_across_file_systems_a_copy_is_made_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged, home = staged_at(tmp_path), tmp_path / "servers"
    monkeypatch.setattr(Path, "rename", no_rename)

    placed = environments.place(staged, home)

    assert environments.measure(placed) == staged.tree
    assert not staged.path.exists()
    assert left(home) == [NAMES[0]]


@pytest.mark.parametrize("waited", [True, False])
def test_a_copy_that_differs_is_refused_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, waited: bool
) -> None:
    staged, home = staged_at(tmp_path), tmp_path / "servers"
    monkeypatch.setattr(Path, "rename", no_rename)
    (staged.path / "lib" / "b.py").write_text("tampered")

    with pytest.raises(McpInstallError) as refused:
        environments.place(staged, home, waited=waited)

    assert refused.value.code is ErrorCode.ENVIRONMENT_DIFFERS
    assert left(home) == []


def test_a_generation_is_never_placed_over_another(tmp_path: Path, home: Path) -> None:
    with pytest.raises(McpInstallError) as refused:
        environments.place(staged_at(tmp_path), home)

    assert refused.value.code is ErrorCode.DISK_FAILED


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_current_is_switched_there_and_back_and_taken_away(home: Path, platform: str) -> None:
    environments.switch(home, None)
    assert environments.current(home) is None

    for name in (NAMES[0], NAMES[1], NAMES[0]):
        environments.switch(home, name, platform)
        assert environments.current(home) == name

    environments.switch(home, None)
    assert environments.current(home) is None
    assert left(home) == list(NAMES)


def test_a_failed_switch_leaves_what_was_current(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(McpInstallError):
        environments.switch(home, NAMES[0], "linux")

    assert environments.current(home) == NAMES[-1]
    assert left(home) == [*NAMES, "current"]


@pytest.mark.parametrize("name", ["nothing", "..", "../other", "", "/etc", ".hidden", "a\n"])
def test_only_a_generation_of_this_server_becomes_current(home: Path, name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        environments.switch(home, name)

    assert refused.value.code is ErrorCode.STATE_UNSAFE
    assert environments.current(home) == NAMES[-1]


@pytest.mark.parametrize("target", ["..", "/etc", "../../other/g1", ".hidden"])
def test_a_current_that_leads_elsewhere_is_refused(home: Path, target: str) -> None:
    (home / "current").unlink()
    (home / "current").symlink_to(target)

    with pytest.raises(McpInstallError) as refused:
        environments.current(home)

    assert refused.value.code is ErrorCode.STATE_UNSAFE


@pytest.mark.parametrize("text", [b"", b"..", b"a/b", b"\xff\n"])
def test_a_pointer_that_leads_elsewhere_is_refused(home: Path, text: bytes) -> None:
    (home / "current").unlink()
    (home / "current").write_bytes(text)

    with pytest.raises(McpInstallError) as refused:
        environments.current(home)

    assert refused.value.code is ErrorCode.STATE_UNSAFE


def test_the_last_two_generations_and_the_current_one_are_kept(home: Path) -> None:
    assert environments.prune(home) == (NAMES[0],)
    assert left(home) == [*NAMES[1:], "current"]


def test_after_a_rollback_the_current_one_is_kept_though_it_is_old(home: Path) -> None:
    environments.switch(home, NAMES[0], "linux")

    assert environments.prune(home, keep=1) == (NAMES[1],)
    assert left(home) == [NAMES[0], NAMES[2], "current"]


def test_a_generation_that_runs_is_kept(home: Path) -> None:
    with (home / NAMES[0] / ".lock").open("rb") as running:
        fcntl.flock(running, fcntl.LOCK_SH)
        assert environments.prune(home, keep=1) == (NAMES[1],)

    assert environments.prune(home, keep=1) == (NAMES[0],)


def test_where_locks_do_not_work_nothing_is_deleted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(path: Path, **how: object) -> AbstractContextManager[None]:
        raise McpInstallError(ErrorCode.LOCK_UNSUPPORTED, str(path))

    monkeypatch.setattr(locking, "hold", unsupported)

    with pytest.raises(McpInstallError) as error:
        environments.prune(home, keep=0)

    assert error.value.code is ErrorCode.LOCK_UNSUPPORTED
    assert left(home) == [*NAMES, "current"]


def test_a_server_that_is_gone_leaves_no_folder(home: Path) -> None:
    environments.discard_if_empty(home)
    assert home.exists()

    environments.switch(home, None)
    assert environments.prune(home, keep=0) == NAMES
    environments.discard_if_empty(home)

    assert not home.exists()
    assert environments.prune(home) == ()


def test_what_is_no_generation_is_not_pruned(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (home / "00000000T000000Z-link").symlink_to(tmp_path / "elsewhere")
    (home / "notes.txt").write_text("mine")

    environments.prune(home, keep=2)
    assert "00000000T000000Z-link" in left(home)
    environments.prune(home, keep=0)

    assert left(home) == [NAMES[-1], "current", "notes.txt"]  # the link has gone,
    assert (tmp_path / "elsewhere").is_dir()  # and not what is behind it


def test_a_generation_whose_interpreter_is_gone_is_not_startable(home: Path) -> None:
    generation = home / NAMES[0]
    (generation / "bin").mkdir()
    (generation / "bin" / "python").symlink_to(interpreter().path)
    assert environments.is_startable(generation)

    (generation / "bin" / "python").unlink()
    (generation / "bin" / "python").symlink_to("/nowhere/python3")
    assert not environments.is_startable(generation)
    assert not environments.is_startable(home / "nothing")


def test_discarding_deletes_read_only_files(home: Path) -> None:
    environments.discard(home / NAMES[0])

    assert not (home / NAMES[0]).exists()


def test_what_a_dead_process_left_is_swept(home: Path) -> None:
    for name in (f".{NAMES[0]}.partial", f".{NAMES[0]}.gone"):
        (home / name / "lib").mkdir(parents=True)
    (home / ".current.0123456789ab").symlink_to(NAMES[0])

    environments.prune(home, keep=3)

    assert left(home) == [*NAMES, "current"]


def test_a_generation_that_the_system_keeps_open_is_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(McpInstallError) as error:
        environments.prune(home, keep=0)

    assert error.value.code is ErrorCode.DISK_FAILED
    assert left(home) == [*NAMES, "current"]


def test_a_broken_disk_is_reported_when_placing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = staged_at(tmp_path)

    def fail(self: Path, target: Path) -> Path:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(McpInstallError) as failed:
        environments.place(staged, environments.server_home(tmp_path / "servers", "time-1"))

    assert failed.value.code is ErrorCode.DISK_FAILED
    assert staged.path.exists()
