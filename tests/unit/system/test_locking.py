"""Locks that only keep writers out: nothing is made, and what can't be locked is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import files


def test_a_missing_lock_is_not_made(tmp_path: Path) -> None:
    with files.locked_to_read(tmp_path / "none" / "lock", seconds=0):
        pass

    assert list(tmp_path.iterdir()) == []


def test_readers_let_each_other_read_and_writers_keep_them_out(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch(mode=0o600)

    with files.locked_to_read(lock, seconds=0), files.locked(lock, seconds=0, shared=True):
        pass
    with (
        files.locked(lock, seconds=0),
        pytest.raises(McpInstallError) as refused,
        files.locked_to_read(lock, seconds=0),
    ):
        pass

    assert refused.value.code is ErrorCode.STATE_BUSY


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_pipe_or_a_link_in_its_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    for name in ("pipe", "link"):
        with files.locked_to_read(tmp_path / name, seconds=0):
            pass

    assert not (tmp_path / "elsewhere").exists()


def test_what_fails_inside_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), files.locked_to_read(tmp_path / "lock", seconds=0):
        (tmp_path / "missing").read_bytes()
