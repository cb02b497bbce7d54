"""A host's own lock on its file, which is a folder beside it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, read, remove_leftovers, write
from mcpinstall.hosts.host_lock import held
from mcpinstall.model.host import HostChange
from mcpinstall.system import limits
from tests.builders.hosts import machine, no_chain, server

FILE = ".cline/data/settings/cline_mcp_settings.json"


@pytest.fixture
def change(tmp_path: Path) -> HostChange:
    """A change of Cline's file, which exists."""
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    return add(read(find_rows("cline"), machine(tmp_path)), no_chain("cline"), server())


def lock_of(tmp_path: Path) -> Path:
    return tmp_path / f"{FILE}.lock"


def test_the_lock_is_held_while_the_file_changes(
    change: HostChange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    real = os.replace

    def watched(*names: str) -> None:
        seen.append(lock_of(tmp_path).is_dir())
        real(*names)

    monkeypatch.setattr("mcpinstall.system.exchange.swap", lambda *_: False)
    monkeypatch.setattr("mcpinstall.system.files.os.replace", watched)

    write(change, tmp_path / "locks")

    assert seen == [True]
    assert not lock_of(tmp_path).exists()
    assert (tmp_path / FILE).read_bytes() == change.after


def test_a_host_that_saves_is_waited_for(change: HostChange, tmp_path: Path) -> None:
    lock_of(tmp_path).mkdir()
    ended = threading.Timer(0.2, lock_of(tmp_path).rmdir)
    ended.start()

    write(change, tmp_path / "locks")

    ended.join()
    assert (tmp_path / FILE).read_bytes() == change.after


def test_a_host_that_keeps_its_lock_stops_the_write(
    change: HostChange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HOST_LOCK_SECONDS", 0.1)
    lock_of(tmp_path).mkdir()

    with pytest.raises(McpInstallError) as refused:
        write(change, tmp_path / "locks")

    assert refused.value.code is ErrorCode.STATE_BUSY
    assert lock_of(tmp_path).is_dir()
    assert (tmp_path / FILE).read_text() == "{}"


def test_the_lock_of_a_process_that_died_is_taken_away(change: HostChange, tmp_path: Path) -> None:
    lock_of(tmp_path).mkdir()
    long_ago = time.time() - 11
    os.utime(lock_of(tmp_path), (long_ago, long_ago))

    write(change, tmp_path / "locks")

    assert not lock_of(tmp_path).exists()
    assert (tmp_path / FILE).read_bytes() == change.after


def test_recovery_takes_away_a_dead_lock_and_leaves_a_live_one(
    change: HostChange, tmp_path: Path
) -> None:
    lock_of(tmp_path).mkdir()
    remove_leftovers(change.file)
    alive = lock_of(tmp_path).is_dir()

    os.utime(lock_of(tmp_path), (1, 1))
    remove_leftovers(change.file)

    assert alive
    assert not lock_of(tmp_path).exists()


def test_a_folder_with_something_in_it_is_nobodys_lock(
    change: HostChange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HOST_LOCK_SECONDS", 0.1)
    (lock_of(tmp_path) / "mine").mkdir(parents=True)
    os.utime(lock_of(tmp_path), (1, 1))

    with pytest.raises(McpInstallError):
        write(change, tmp_path / "locks")

    assert (lock_of(tmp_path) / "mine").is_dir()


def test_hosts_without_such_a_lock_get_none(tmp_path: Path) -> None:
    (tmp_path / ".cursor").mkdir()
    file = read(find_rows("cursor"), machine(tmp_path))

    with held(file):
        assert list((tmp_path / ".cursor").iterdir()) == []
