"""Writing a host's file: only what was shown, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, read, take_out, write, writing
from mcpinstall.model.host import HostChange
from mcpinstall.system import files
from tests.builders.hosts import machine, no_chain, server

ROW = find_rows("cursor")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


def config(home: Path, content: str = '{"mcpServers": {}}') -> Path:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir(mode=0o700)
    path.write_text(content)
    return path


def proposed(home: Path) -> HostChange:
    return add(read(ROW, machine(home)), no_chain(ROW), server())


def test_a_file_is_replaced_and_nothing_lies_beside_it(home: Path, tmp_path: Path) -> None:
    path = config(home)
    change = proposed(home)

    write(change, tmp_path / "locks")

    assert path.read_bytes() == change.after
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_new_file_and_its_folders_are_private(home: Path, tmp_path: Path) -> None:
    write(proposed(home), tmp_path / "locks")

    path = home / ".cursor" / "mcp.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o444])
def test_the_mode_is_kept(home: Path, tmp_path: Path, mode: int) -> None:
    path = config(home)
    path.chmod(mode)

    write(proposed(home), tmp_path / "locks")

    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_link_stays_a_link(home: Path, tmp_path: Path) -> None:
    path = config(home)
    real = path.rename(home / "real.json")
    path.symlink_to(real)
    change = proposed(home)

    write(change, tmp_path / "locks")

    assert path.is_symlink()
    assert real.read_bytes() == change.after


def test_a_file_that_we_made_is_deleted(home: Path, tmp_path: Path) -> None:
    change = proposed(home)
    write(change, tmp_path / "locks")

    back = take_out(read(ROW, machine(home)), change.chain_after, "time")
    write(back, tmp_path / "locks")

    assert not (home / ".cursor" / "mcp.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_deletion_reaches_the_disk(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(home)
    write(change, tmp_path / "locks")
    path, fsync, synced = change.file.path, os.fsync, list[tuple[int, bool]]()

    def followed(descriptor: int) -> None:
        fsync(descriptor)
        synced.append((os.fstat(descriptor).st_ino, path.exists()))

    monkeypatch.setattr(os, "fsync", followed)
    write(take_out(read(ROW, machine(home)), change.chain_after, "time"), tmp_path / "locks")

    assert (path.parent.stat().st_ino, False) in synced


def test_no_file_stays_open(home: Path, tmp_path: Path) -> None:
    def is_open(descriptor: int) -> bool:
        with contextlib.suppress(OSError):
            os.fstat(descriptor)
            return True
        return False

    config(home)
    change, closed = proposed(home), [one for one in range(256) if not is_open(one)]

    write(change, tmp_path / "locks")

    assert not [one for one in closed if is_open(one)]


def test_no_change_writes_nothing(home: Path, tmp_path: Path) -> None:
    path = config(home)
    file = read(ROW, machine(home))
    before = path.stat()
    nothing = no_chain(ROW)

    write(
        HostChange(file=file, after=file.content, chain_before=nothing, chain_after=nothing),
        tmp_path / "locks",
    )

    assert path.stat() == before


def test_a_file_that_changed_meanwhile_is_not_written(home: Path, tmp_path: Path) -> None:
    path = config(home)
    change = proposed(home)
    path.write_text('{"mine": 1}')

    with pytest.raises(McpInstallError) as refused:
        write(change, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert path.read_text() == '{"mine": 1}'


@pytest.mark.parametrize("there", [True, False])
def test_a_file_that_came_or_went_meanwhile_is_not_written(
    home: Path, tmp_path: Path, *, there: bool
) -> None:
    path = home / ".cursor" / "mcp.json"
    if there:
        config(home)
    change = proposed(home)
    if there:
        path.unlink()
    else:
        config(home, "{}")

    with pytest.raises(McpInstallError) as refused:
        write(change, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert path.exists() is not there


def test_a_link_that_leads_elsewhere_meanwhile_is_not_written(home: Path, tmp_path: Path) -> None:
    path = config(home)
    change = proposed(home)
    other = path.rename(home / "other.json")
    path.symlink_to(other)

    with pytest.raises(McpInstallError) as refused:
        write(change, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED


@pytest.mark.parametrize("sign", ["st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns"])
def test_one_sign_is_enough_to_tell_that_a_file_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    """A clock stands still for milliseconds, a host may put a time back, a number comes again."""
    signs = dict.fromkeys(["st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns"], 1)
    monkeypatch.setattr(Path, "lstat", lambda _: SimpleNamespace(**signs))
    before = writing._identity(tmp_path)
    assert writing._identity(tmp_path) == before

    signs[sign] = 2

    assert writing._identity(tmp_path) != before


def test_a_host_that_saves_while_we_write_wins(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(home)
    change = proposed(home)
    write_new = files._write_new

    def slow(*arguments: object) -> None:
        write_new(*arguments)  # type: ignore[arg-type]
        path.write_text('{"saved": true}')

    monkeypatch.setattr(files, "_write_new", slow)

    with pytest.raises(McpInstallError) as refused:
        write(change, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert path.read_text() == '{"saved": true}'
    assert list(path.parent.iterdir()) == [path]


def test_a_host_that_overwrites_at_once_is_reported(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(home)
    change = proposed(home)
    write_atomic = files.write_atomic

    def overwritten(*arguments: object, **options: object) -> None:
        write_atomic(*arguments, **options)  # type: ignore[arg-type]
        path.write_text("{}")

    monkeypatch.setattr(writing, "write_atomic", overwritten)

    with pytest.raises(McpInstallError) as refused:
        write(change, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert "quit Cursor" in refused.value.hint


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_file_of_another_user_is_refused_if_its_owner_would_change(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(home)
    change = proposed(home)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 4242)
    monkeypatch.setattr(writing, "private_folder", lambda folder: folder)
    (tmp_path / "locks").mkdir()

    with pytest.raises(McpInstallError) as refused:
        write(change, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_PATH_REFUSED


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")
def test_the_owner_is_kept(home: Path, tmp_path: Path) -> None:
    path = config(home)
    os.chown(path, 1234, 2345)

    write(proposed(home), tmp_path / "locks")

    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_one_of_us_writes_at_a_time(home: Path, tmp_path: Path) -> None:
    config(home)
    change = proposed(home)
    write(change, tmp_path / "locks")
    (lock,) = (tmp_path / "locks").iterdir()

    assert lock.suffix == ".lock"
    assert "cursor" not in lock.name
