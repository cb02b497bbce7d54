"""Attack: an edit of a host's file loses its mode, its owner or its link, or follows one too far.

Who: nobody in particular; a careless installer that writes a new file in the old one's place.
Stopped by: check 9, `hosts.read`, which refuses a target out of the home folder, and
`hosts.write`, which keeps mode, owner, access list and link.
Twin: `test_a_plain_file_is_edited`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, read, write
from tests.builders import access_lists
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


def test_whom_an_access_list_shuts_out_stays_out(home: Path, tmp_path: Path) -> None:
    path = home / ".claude.json"
    path.write_text("{}")
    acl = access_lists.give(path)

    installed(home, tmp_path / "locks")

    assert "time" in path.read_text()
    assert access_lists.of(path) == acl  # its group may read nothing, whatever the mode shows


def test_a_folders_access_list_lets_nobody_in_who_was_out(home: Path, tmp_path: Path) -> None:
    path = home / ".claude.json"
    path.write_text("{}")
    path.chmod(0o640)
    access_lists.give(home, name="system.posix_acl_default")

    installed(home, tmp_path / "locks")

    assert "time" in path.read_text()
    assert access_lists.NAME not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_mark_of_its_user_stays_on_a_file(home: Path, tmp_path: Path) -> None:
    path = home / ".claude.json"
    path.write_text("{}")
    access_lists.give(path, user=0)  # (skips where there are no attributes)
    os.setxattr(path, "user.note", b"mine")

    installed(home, tmp_path / "locks")

    assert os.getxattr(path, "user.note") == b"mine"


@pytest.mark.parametrize("place", [".claude.json", "."])
def test_a_file_that_an_access_list_opens_to_another_user_is_refused(
    home: Path, tmp_path: Path, place: str
) -> None:
    (home / ".claude.json").write_text("{}")
    access_lists.give(home / place, allowed=6 if place != "." else 7)

    with pytest.raises(McpInstallError) as refused:
        installed(home, tmp_path / "locks")

    assert refused.value.code is ErrorCode.HOST_PATH_REFUSED
    assert "other users can write to" in refused.value.message
    assert (home / ".claude.json").read_text() == "{}"


def test_another_name_of_a_file_is_told_of(home: Path, tmp_path: Path) -> None:
    path = home / ".claude.json"
    path.write_text("{}")
    alone = read(ROW, machine(home)).warnings
    (home / "dotfiles.json").hardlink_to(path)

    (warning,) = set(read(ROW, machine(home)).warnings) - set(alone)

    assert "hard link" in warning
    installed(home, tmp_path / "locks")
    assert (home / "dotfiles.json").read_text() == "{}"


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
