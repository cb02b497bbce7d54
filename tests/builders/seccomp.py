"""Linux lets one process answer another's system calls: seccomp user notification, by ctypes.

The process to be watched installs a filter on itself; no right is needed for that.  Calls that
the filter names stop until whoever holds the listener answers them.  strace could do the same,
but it is no part of a Linux system and needs a new process for each run; a preloaded library
sees the C library's functions only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_PIDFD_GETFD = 438  # the same everywhere

_NO_NEW_PRIVILEGES = 38
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_GO_ON = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # places in `struct seccomp_data`


@dataclass(frozen=True, slots=True)
class Notification:
    """A call that waits for its answer."""

    id: int
    process: int
    number: int
    arguments: tuple[int, ...]


def is_known() -> bool:
    """Tell whether this is a system whose calls we can name."""
    return sys.platform == "linux" and platform.machine() in _ARCHITECTURES


def install(numbers: Collection[int], flagged: Mapping[int, tuple[int, int]]) -> int:
    """Let calls of these numbers by this process and its children wait; return the listener.

    `flagged` calls wait only when an argument (its place, little-endian) has one of some bits.

    Raises:
        OSError: where the kernel does not offer it.
    """
    steps = _program(numbers, flagged)
    packed = b"".join(struct.pack("=HBBI", *step) for step in steps)
    filters = ctypes.create_string_buffer(packed, len(packed))
    program = struct.pack("@HP", len(steps), ctypes.addressof(filters))
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    found = library.syscall(
        _SECCOMP[platform.machine()], _SET_MODE_FILTER, _NEW_LISTENER, ctypes.c_char_p(program)
    )
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(found)


def _program(
    numbers: Collection[int], flagged: Mapping[int, tuple[int, int]]
) -> list[tuple[int, int, int, int]]:
    """Return the filter: instruction, steps ahead when true, steps ahead when false, operand."""
    plain = sorted(set(numbers) - set(flagged))
    allow = 3 + len(plain) + len(flagged)
    notify = allow + 1
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, allow - 2, _ARCHITECTURES[platform.machine()]),
        (_LOAD, 0, 0, _NUMBER),
    ]
    steps += [(_EQUAL, notify - 1 - place, 0, one) for place, one in enumerate(plain, 3)]
    for block, number in enumerate(flagged):
        here = len(steps)
        steps.append((_EQUAL, notify + 4 * block - here, 0, number))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _NOTIFY)]
    for argument, bits in flagged.values():
        steps += [
            (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
            (_ANY_BIT, 0, 1, bits),
            (_RETURN, 0, 0, _NOTIFY),
            (_RETURN, 0, 0, _ALLOW),
        ]
    return steps


@dataclass(frozen=True, slots=True)
class Listener:
    """The other end of `install`, in the process that answers."""

    descriptor: int

    def receive(self) -> Notification | None:
        """Return the next call; None when who made it is gone."""
        buffer = bytearray(_NOTIFICATION.size)
        try:
            _control(self.descriptor, _RECEIVE, buffer)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):
                return None
            raise
        identity, process, _, number, _, _, *arguments = _NOTIFICATION.unpack(buffer)
        return Notification(identity, process, number, tuple(arguments))

    def go_on(self, call: Notification) -> None:
        """Let the kernel do it."""
        self._send(call, 0, 0, _GO_ON)

    def fail(self, call: Notification, number: int) -> None:
        """Let it fail with this `errno`."""
        self._send(call, 0, -number, 0)

    def answer(self, call: Notification, value: int) -> None:
        """Let it return a value without the kernel's doing."""
        self._send(call, value, 0, 0)

    def _send(self, call: Notification, value: int, error: int, flags: int) -> None:
        with contextlib.suppress(FileNotFoundError):  # killed meanwhile
            response = bytearray(_RESPONSE.pack(call.id, value, error, flags))
            _control(self.descriptor, _SEND, response)


def _control(descriptor: int, request: int, buffer: bytearray) -> None:
    import fcntl  # not there on Windows, where tests that need it are only collected

    fcntl.ioctl(descriptor, request, buffer)


def memory(process: int, address: int, size: int) -> bytes:
    """Return bytes of another process's memory."""
    descriptor = os.open(f"/proc/{process}/mem", os.O_RDONLY)
    try:
        return os.pread(descriptor, size, address)
    finally:
        os.close(descriptor)


def text(process: int, address: int) -> str:
    """Return a C string in another process's memory."""
    found = b""
    while b"\0" not in found:
        here = address + len(found)
        found += memory(process, here, 4096 - here % 4096)  # never beyond a page that is there
    return os.fsdecode(found.partition(b"\0")[0])


def leader(thread: int) -> int:
    """Return the process that a thread belongs to."""
    with open(f"/proc/{thread}/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("Tgid:"))


@contextlib.contextmanager
def descriptor_of(process: int, number: int) -> Iterator[int]:
    """Share an open file of another process."""
    owner = os.pidfd_open(leader(process))
    try:
        library = ctypes.CDLL(None, use_errno=True)
        found = library.syscall(_PIDFD_GETFD, owner, number, 0)
        if found < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        try:
            yield found
        finally:
            os.close(found)
    finally:
        os.close(owner)
