"""Attack: a host's file changes between the diff and the yes.

Who: the host that saves its state, the user in an editor, another installer.
Stopped by: check 9, `hosts.write`, which compares the bytes again right before it replaces them.
Twin: `test_a_file_that_is_as_it_was_shown_is_written`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, read, write
from mcpinstall.model.host import HostChange
from tests.builders.hosts import machine, no_chain, server

ROW = find_rows("claude-code")


def proposed(home: Path) -> HostChange:
    (home / ".claude.json").write_text('{"numStartups": 1}')
    return add(read(ROW, machine(home)), no_chain(ROW), server())


def test_a_file_that_changed_since_it_was_shown_is_left_alone(tmp_path: Path) -> None:
    change = proposed(tmp_path)
    (tmp_path / ".claude.json").write_text('{"numStartups": 2}')

    with pytest.raises(McpInstallError) as refused:
        write(change, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert (tmp_path / ".claude.json").read_text() == '{"numStartups": 2}'


def test_a_file_that_is_as_it_was_shown_is_written(tmp_path: Path) -> None:
    change = proposed(tmp_path)

    write(change, tmp_path / "locks")

    assert (tmp_path / ".claude.json").read_bytes() == change.after
