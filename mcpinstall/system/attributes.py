"""What a file carries beside its bytes, owner and mode: extended attributes, its ACL among them.

Source: acl(5), and the kernel's `posix_acl_xattr.h` for the ACL's bytes.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_ACL = "system.posix_acl_access"
_VERSION = struct.Struct("<I")
_ENTRY = struct.Struct("<HHI")
"""Tag, permissions, user or group."""
_USER, _GROUP, _MASK = 0x02, 0x08, 0x10
_WRITE = 2


def keep(source: Path, target: Path) -> None:
    """Give `target` the extended attributes of `source`, and its ACL or none.

    Others than the ACL are kept as far as the system lets this user set them.

    Raises:
        OSError: The ACL can't be kept.
    """
    if sys.platform != "linux":
        return
    names = _names(source)
    if _ACL in names:
        os.setxattr(target, _ACL, os.getxattr(source, _ACL))
    elif _ACL in _names(target):  # from the folder's default
        os.removexattr(target, _ACL)
    for name in names - {_ACL}:
        with contextlib.suppress(OSError):
            os.setxattr(target, name, os.getxattr(source, name))


def named_writers(path: Path) -> Iterator[tuple[bool, int]]:
    """Yield the users (False) and groups (True) whom an ACL lets write, by their number."""
    entries = list(_entries(path))
    mask = next((allowed for tag, allowed, _ in entries if tag == _MASK), 0)
    for tag, allowed, number in entries:
        if tag in (_USER, _GROUP) and allowed & mask & _WRITE:
            yield tag == _GROUP, number


def _entries(path: Path) -> Iterator[tuple[int, int, int]]:
    if sys.platform != "linux":
        return
    try:
        acl = os.getxattr(path, _ACL)
    except OSError:  # none, or a file system without
        return
    yield from _ENTRY.iter_unpack(acl[_VERSION.size :])


def _names(path: Path) -> set[str]:
    if sys.platform != "linux":
        return set()
    try:
        return set(os.listxattr(path))
    except OSError:
        return set()
