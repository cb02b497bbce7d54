"""Who else can change a place: everybody, or a group with somebody else in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mcpinstall.system import permissions

grp = pytest.importorskip("grp", reason="needs POSIX")
pwd = pytest.importorskip("pwd", reason="needs POSIX")

OURS, SHARED, ADMIN = 4_001, 4_002, 80


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name this user `user`, with the group of that name, and a group with a friend in it."""
    user = pwd.struct_passwd(("user", "x", os.geteuid(), OURS, "", "/", ""))
    known = {
        OURS: grp.struct_group(("user", "x", OURS, ["user"])),
        SHARED: grp.struct_group(("staff", "x", SHARED, ["user", "friend"])),
    }
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {os.geteuid(): user}[uid])
    monkeypatch.setattr(grp, "getgrgid", lambda gid: known[gid])


def found(mode: int, group: int) -> os.stat_result:
    """Return what `stat` says of a folder of ours."""
    return os.stat_result((0o040000 | mode, 1, 1, 1, os.geteuid(), group, 0, 0, 0, 0))


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    ("mode", "group", "expected"),
    [
        (0o755, SHARED, False),
        (0o757, OURS, True),
        (0o775, OURS, False),
        (0o775, SHARED, True),
        (0o775, 0, False),
        (0o775, 3_999_999, True),
        (0o775, ADMIN, sys.platform != "darwin"),
        (0o1777, OURS, True),
    ],
)
def test_a_place_is_open_to_all_or_to_a_group_with_others(
    mode: int, group: int, expected: bool
) -> None:
    assert permissions.others_write(found(mode, group)) is expected
    sticky = bool(mode & 0o1000)
    assert permissions.others_exchange(found(mode, group)) is (expected and not sticky)


def test_a_group_of_our_name_with_a_friend_in_it_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    user = pwd.struct_passwd(("user", "x", os.geteuid(), OURS, "", "/", ""))
    group = grp.struct_group(("user", "x", OURS, ["friend"]))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: user)
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: group)

    assert permissions.others_write(found(0o770, OURS))


@pytest.mark.usefixtures("groups")
def test_the_folder_above_that_others_can_rename_in_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "shared" / "ours"
    folder.mkdir(parents=True, mode=0o700)
    assert permissions.exchangeable_above(folder) is None

    folder.parent.chmod(0o777)

    assert permissions.exchangeable_above(folder) == folder.parent
