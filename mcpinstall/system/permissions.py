"""Who else can change a file, or exchange it: one rule for state, hosts and interpreters."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

from mcpinstall.system import attributes

_MACOS_ADMIN = 80  # group of the administrators, who may become root anyway


def others_write(found: os.stat_result) -> bool:
    """Tell whether users other than root, the owner and this one can write there.

    A sticky folder counts as well; see `others_exchange`.
    """
    if os.name != "posix":
        return False
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_closed(found.st_gid, found.st_uid)


def acl_lets_others_write(path: Path, found: os.stat_result) -> bool:
    """Tell whether an ACL lets such users write there; a mode does not show it."""
    if os.name != "posix":
        return False
    return any(
        not _is_closed(number, found.st_uid) if is_group else not _is_us(number, found.st_uid)
        for is_group, number in attributes.named_writers(path)
    )


def administrators_alone_write(path: Path, found: os.stat_result) -> bool:
    """Tell whether nobody but root, or an administrator of a Mac, can write there; not even we."""
    if found.st_mode & stat.S_IWOTH:
        return False
    if found.st_mode & stat.S_IWGRP and not _is_administrators(found.st_gid):
        return False
    return all(
        _is_administrators(number) if is_group else number == 0
        for is_group, number in attributes.named_writers(path)
    )


def is_closed_group(found: os.stat_result) -> bool:
    """Tell whether nobody but root, the owner and this user is in the group of a file."""
    return os.name != "posix" or _is_closed(found.st_gid, found.st_uid)


def others_exchange(folder: os.stat_result) -> bool:
    """Tell whether such users can rename or replace what is in a folder."""
    return others_write(folder) and not folder.st_mode & stat.S_ISVTX


def exchangeable_above(path: Path) -> Path | None:
    """Return a folder above `path` in which other users can rename what is there, or None."""
    for folder in dict.fromkeys((*path.parents, *Path(os.path.realpath(path)).parents)):
        with contextlib.suppress(OSError):
            if others_exchange(folder.stat()):
                return folder
    return None


def _is_us(user: int, owner: int) -> bool:
    return user in (0, owner, os.geteuid())


def _is_closed(group: int, owner: int) -> bool:
    """Tell whether a group holds nobody but root, administrators of a Mac, the owner or us."""
    if _is_administrators(group):
        return True
    return any(_is_private_group(group, user) for user in {owner, os.geteuid()})


def _is_administrators(group: int) -> bool:
    return group == 0 or (sys.platform == "darwin" and group == _MACOS_ADMIN)


def _is_private_group(group: int, user: int) -> bool:
    """Tell whether a group is the one that bears the user's name and has no further member."""
    import grp
    import pwd

    try:
        person, members = pwd.getpwuid(user), grp.getgrgid(group)
    except KeyError:
        return False
    named = group == person.pw_gid and members.gr_name == person.pw_name
    return named and set(members.gr_mem) <= {person.pw_name}
