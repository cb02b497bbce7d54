"""Access lists of POSIX.1e, as Linux keeps them: made without any tool."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest

NAME = "system.posix_acl_access"
SOMEBODY = 4242
"""A user who is neither root nor the one who runs the tests."""

_NOBODY = 0xFFFFFFFF


def give(path: Path, *, user: int = SOMEBODY, allowed: int = 4, name: str = NAME) -> bytes:
    """Let `user` do what `allowed` says (4 read, 2 write), and the owning group nothing."""
    entries = [(1, 6, _NOBODY), (2, allowed, user), (4, 0, _NOBODY), (16, allowed, _NOBODY),
               (32, 0, _NOBODY)]  # fmt: skip
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    if sys.platform != "linux":
        pytest.skip("needs Linux")
    try:
        os.setxattr(path, name, acl)
    except OSError:
        pytest.skip("needs Linux with access lists on the disk")
    return acl


def of(path: Path) -> bytes:
    """The list of a file, as it is on the disk."""
    assert sys.platform == "linux"
    return os.getxattr(path, NAME)
