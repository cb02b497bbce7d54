"""Start a program for which `flock` fails, as on a file system that has no locks.

Run as `python -I -S without_locks.py ERRNO PROGRAM ARGUMENT…`: a seccomp filter, which needs no
rights, answers the call instead of the kernel; the program and all that it starts inherit it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

_FLOCK = {"x86_64": 73, "aarch64": 32}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_NO_NEW_PRIVILEGES, _SET_MODE_FILTER = 38, 1
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000


def is_possible() -> bool:
    """Tell whether this is a system whose calls we know."""
    return sys.platform == "linux" and platform.machine() in _FLOCK


def program(number: int) -> list[str]:
    """Return the words before a command for which `flock` fails with this `errno`."""
    return [sys.executable, "-I", "-S", str(Path(__file__)), str(number)]


def refuse_locks(number: int) -> None:
    """Let `flock` fail in this process and its children.

    Raises:
        OSError: where the kernel does not offer filters.
    """
    steps = (
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 1, _FLOCK[platform.machine()]),
        (_RETURN, 0, 0, _FAIL | number),
        (_RETURN, 0, 0, _ALLOW),
    )
    packed = b"".join(struct.pack("=HBBI", *step) for step in steps)
    filters = ctypes.create_string_buffer(packed, len(packed))
    wanted = struct.pack("@HP", len(steps), ctypes.addressof(filters))
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    call = _SECCOMP[platform.machine()]
    if library.syscall(call, _SET_MODE_FILTER, 0, ctypes.c_char_p(wanted)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    refuse_locks(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is wanted)
