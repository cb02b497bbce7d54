"""Attack: an edit of a host's file loses its mode, its owner or its link, or follows one too far.

Who: nobody in particular; a careless installer that writes a new file in the old one's place.
Stopped by: check 9, `hosts.read`, which refuses a target out of the home folder, and
`hosts.write`, which keeps mode, owner and link.
Twin: `test_a_plain_file_is_edited`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, read, write
from tests.builders.hosts import machine, no_chain, server

ROW = find_rows("claude-code")


def installed(home: Path, locks: Path) -> None:
    write(add(read(ROW, machine(home)), no_chain(ROW), server()), locks)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_private_file_stays_private_and_a_link_stays_a_link(home: Path, tmp_path: Path) -> None:
    real = home / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o600)
    (home / ".claude.json").symlink_to(real)

    installed(home, tmp_path / "locks")

    assert (home / ".claude.json").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert "time" in real.read_text()


def test_a_link_out_of_the_home_is_not_followed(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "system.json"
    target.write_text("{}")
    (home / ".claude.json").symlink_to(target)

    with pytest.raises(McpInstallError) as refused:
        installed(home, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_PATH_REFUSED
    assert target.read_text() == "{}"


def test_a_plain_file_is_edited(home: Path, tmp_path: Path) -> None:
    (home / ".claude.json").write_text("{}")

    installed(home, tmp_path / "locks")

    assert "time" in (home / ".claude.json").read_text()
