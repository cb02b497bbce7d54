"""Every system call that changes a folder, as it is made: watched, let fail, or died at.

Which calls there are is not picked by hand: a forked child does the work under a seccomp filter
(`seccomp`), and its parent is asked before each call that could change something, by whatever
library it is made.  Calls that change nothing below the watched folders go on unasked.
"""

from __future__ import annotations

import errno
import functools
import os
import pickle
import platform
import select
import signal
import socket
import stat
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mcpinstall.errors import McpInstallError
from tests.builders import seccomp
from tests.builders.seccomp import Listener, Notification

_HERE = -100  # AT_FDCWD
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_ABSENT = -1


@dataclass(frozen=True, slots=True)
class _Shape:
    """How to read one kind of call: its numbers, and which arguments say where."""

    x86_64: int
    aarch64: int = _ABSENT
    paths: tuple[int, ...] = ()
    """Places of paths; `(folder, path)` pairs where `folders`."""
    folders: bool = False
    descriptor: int | None = None
    flags: int | None = None


def _at(x86_64: int, aarch64: int, *places: int, flags: int | None = None) -> _Shape:
    return _Shape(x86_64, aarch64, paths=places, folders=True, flags=flags)


def _by_path(x86_64: int, aarch64: int = _ABSENT, *places: int, flags: int | None = None) -> _Shape:
    return _Shape(x86_64, aarch64, paths=places or (0,), flags=flags)


def _by_descriptor(x86_64: int, aarch64: int, place: int = 0) -> _Shape:
    return _Shape(x86_64, aarch64, descriptor=place)


_SHAPES = {
    "open": _by_path(2, flags=1), "openat": _at(257, 56, 0, flags=2), "creat": _by_path(85),
    "write": _by_descriptor(1, 64), "pwrite64": _by_descriptor(18, 68),
    "writev": _by_descriptor(20, 66), "pwritev": _by_descriptor(296, 70),
    "pwritev2": _by_descriptor(328, 287), "sendfile": _by_descriptor(40, 71),
    "copy_file_range": _by_descriptor(326, 285, 2), "fallocate": _by_descriptor(285, 47),
    "truncate": _by_path(76, 45), "ftruncate": _by_descriptor(77, 46),
    "rename": _by_path(82, _ABSENT, 0, 1), "renameat": _at(264, 38, 0, 2),
    "renameat2": _at(316, 276, 0, 2), "link": _by_path(86, _ABSENT, 0, 1),
    "linkat": _at(265, 37, 0, 2), "symlink": _by_path(88, _ABSENT, 1),
    "symlinkat": _at(266, 36, 1), "unlink": _by_path(87), "unlinkat": _at(263, 35, 0),
    "rmdir": _by_path(84), "mkdir": _by_path(83), "mkdirat": _at(258, 34, 0),
    "mknod": _by_path(133), "mknodat": _at(259, 33, 0),
    "chmod": _by_path(90), "fchmodat": _at(268, 53, 0), "fchmodat2": _at(452, 452, 0),
    "fchmod": _by_descriptor(91, 52), "chown": _by_path(92), "lchown": _by_path(94),
    "fchownat": _at(260, 54, 0), "fchown": _by_descriptor(93, 55),
    "utimes": _by_path(235), "utimensat": _at(280, 88, 0),
    "setxattr": _by_path(188, 5), "lsetxattr": _by_path(189, 6),
    "fsetxattr": _by_descriptor(190, 7),
    "fsync": _by_descriptor(74, 82), "fdatasync": _by_descriptor(75, 83),
    "flock": _by_descriptor(73, 32), "close": _by_descriptor(3, 57),
}  # fmt: skip
"""Calls that change files or make changes lasting.  (Nothing here maps files to write to them,
or uses `io_uring`.)"""

_WRITES = frozenset({"write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile",
                     "copy_file_range"})  # fmt: skip
_OPENS = frozenset({"open", "openat", "creat"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is about to be made."""

    name: str
    paths: tuple[str, ...]
    makes: bool
    """A file or folder of this name comes into being."""
    is_older_folder: bool
    """What it acts on is a folder that was there before: in a container, maybe of a lower layer."""

    @property
    def kind(self) -> str:
        """The call without its form: `rename` for `renameat2`."""
        plain = {"creat": "open", "openat": "open", "lchown": "chown"}
        return plain.get(self.name, self.name.removesuffix("2").removesuffix("at"))

    @property
    def is_write(self) -> bool:
        """Tell whether it writes bytes into an open file."""
        return self.name in _WRITES

    @property
    def shows(self) -> bool:
        """Tell whether other processes can see that it was made."""
        opened = self.kind == "open" and not self.makes
        return not opened and self.kind not in ("fsync", "fdatasync", "flock", "close")

    @property
    def needs_space(self) -> bool:
        """Tell whether a full disk refuses it."""
        if self.kind in ("open", "rename"):
            return self.makes
        making = ("mkdir", "symlink", "link", "mknod", "fallocate", "setxattr", "fsetxattr")
        return self.is_write or self.kind in making

    @property
    def errors(self) -> tuple[int, ...]:
        """What this very call can fail with, of the errors that a disk gives."""
        if self.is_write or self.kind in ("fsync", "fdatasync", "close", "fallocate"):
            return (errno.ENOSPC, errno.EIO)
        if self.kind == "flock":
            return (errno.ENOLCK,)
        if self.kind in ("fchmod", "fchown"):
            return (errno.EPERM, errno.EROFS, errno.EIO)
        found = [errno.EACCES, errno.EROFS, errno.EIO]
        if self.needs_space:
            found.insert(0, errno.ENOSPC)
        if self._crosses:
            found.append(errno.EXDEV)
        return tuple(found)

    @property
    def _crosses(self) -> bool:
        """Tell whether two file systems may meet: within one folder only if one is renamed."""
        apart = len({os.path.dirname(path) for path in self.paths}) > 1  # noqa: PTH120
        return self.kind in ("rename", "link") and (apart or self.is_older_folder)


DIE = -1
"""An answer: the process is killed before the call is made."""
SHORT = -2
"""An answer: of what should be written only the first half is."""

Answer = Callable[[int, Call], int]
"""`answer(n, call)` for the n-th call: 0 to go on, an `errno`, `DIE` or `SHORT`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the work ended."""

    code: str = ""
    """Of the error that a user reads; nothing when there was none."""
    text: str = ""
    """Message, hint and evidence."""
    hint: str = ""
    status: int = 0
    bug: str = ""
    """The traceback of what no user should see."""
    died: bool = False


@dataclass
class Report:
    """What happened while a child worked."""

    calls: list[Call] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """What was answered other than going on."""
    outcome: Outcome = field(default_factory=Outcome)


@functools.cache
def can_be_watched() -> bool:
    """Tell whether this system lets us answer a child's system calls."""
    if not seccomp.is_known():
        return False
    try:
        report = watched(lambda: None, lambda *_: 0, Path("/nowhere"))
    except OSError:
        return False
    return report.outcome == Outcome()


def watched(work: Callable[[], object], answer: Answer, folder: Path) -> Report:
    """Do `work` in a child; `answer` decides on each call that changes something in `folder`."""
    ours, theirs = socket.socketpair()
    result, end = os.pipe()
    child = os.fork()
    if child == 0:
        _work(work, theirs, end)
    theirs.close()
    os.close(end)
    try:
        with ours:
            _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        if not descriptors:
            raise OSError(errno.ENOSYS, "no user notification of system calls")
        watcher = _Watcher(child, Listener(descriptors[0]), answer, str(folder.resolve()))
        return watcher.watch(result)
    finally:
        os.close(result)
        if "watcher" not in locals():
            os.waitpid(child, 0)


def _work(work: Callable[[], object], theirs: socket.socket, end: int) -> None:
    """Be the child: install the filter, work, tell how it ended; never return."""
    status = 1
    try:
        numbers = _numbers()
        flagged = {
            number: (shape.flags, _CHANGING)
            for number, name in numbers.items()
            if (shape := _SHAPES[name]).flags is not None
        }
        listener = seccomp.install(numbers, flagged)
        socket.send_fds(theirs, [b"."], [listener])
        os.close(listener)
        os.write(end, pickle.dumps(_outcome(work)))
        status = 0
    finally:
        os._exit(status)  # never back into pytest


def _numbers() -> dict[int, str]:
    found = {getattr(shape, platform.machine()): name for name, shape in _SHAPES.items()}
    return {number: name for number, name in found.items() if number != _ABSENT}


def _outcome(work: Callable[[], object]) -> Outcome:
    try:
        work()
    except McpInstallError as error:
        text = f"{error.message}\n{error.hint}\n{error.evidence}"
        return Outcome(str(error.code), text, error.hint, int(error.code.exit_status))
    except BaseException:  # noqa: BLE001 (told to the parent)
        return Outcome(bug=traceback.format_exc())
    return Outcome()


class _Watcher:
    """The parent's side, until the child has ended."""

    def __init__(self, child: int, listener: Listener, answer: Answer, folder: str) -> None:
        self._child, self._listener, self._answer = child, listener, answer
        self._folder = folder
        self._names = _numbers()
        self._written: set[tuple[int, int]] = set()
        self._made: set[str] = set()
        self.report = Report()

    def watch(self, result: int) -> Report:
        """Answer calls until the child has ended, and return how it did."""
        ended = os.pidfd_open(self._child)
        poll = select.poll()
        for descriptor in (self._listener.descriptor, ended):
            poll.register(descriptor, select.POLLIN)
        try:
            while ended not in (ready := dict(poll.poll())):
                if ready[self._listener.descriptor] & select.POLLIN:
                    self._next()
                else:
                    poll.unregister(self._listener.descriptor)
        finally:
            os.close(self._listener.descriptor)
            os.close(ended)
            _, status = os.waitpid(self._child, 0)
        told = b"".join(iter(lambda: os.read(result, 1 << 16), b""))
        self.report.outcome = (
            Outcome(died=True) if os.WIFSIGNALED(status) else pickle.loads(told)  # noqa: S301
        )
        return self.report

    def _next(self) -> None:
        asked = self._listener.receive()
        if asked is None:
            return
        try:
            call = self._call(asked)
        except (OSError, ValueError):  # who asked is gone, or the path is bad: the kernel's part
            call = None
        if call is None:
            self._listener.go_on(asked)
            return
        decision = self._answer(len(self.report.calls), call)
        self.report.calls.append(call)
        if decision:
            self.report.answers.append(decision)
        self._carry_out(decision, asked)

    def _carry_out(self, decision: int, asked: Notification) -> None:
        if decision == DIE:
            os.kill(self._child, signal.SIGKILL)
        elif decision == SHORT:
            self._listener.answer(asked, self._write_half(asked))
        elif decision:
            self._listener.fail(asked, decision)
        else:
            self._listener.go_on(asked)

    def _write_half(self, asked: Notification) -> int:
        """Do half of a `write`, as a disk does that becomes full in the middle of it."""
        number, address, size = asked.arguments[:3]
        data = seccomp.memory(asked.process, address, max(1, size // 2))
        with seccomp.descriptor_of(asked.process, number) as descriptor:
            return os.write(descriptor, data)

    def _call(self, asked: Notification) -> Call | None:
        """Return the call in words; None when it changes nothing in the folder."""
        name = self._names[asked.number]
        shape = _SHAPES[name]
        paths = _paths(shape, asked)
        if not any(path == self._folder or path.startswith(f"{self._folder}/") for path in paths):
            return None
        if name == "close" and not self._was_written(asked):
            return None
        if name in _WRITES:
            self._written.add(
                (seccomp.leader(asked.process), asked.arguments[shape.descriptor or 0])
            )
        found = os.lstat(paths[0]) if os.path.lexists(paths[0]) else None
        creating = name == "creat" or (
            name in _OPENS and bool(asked.arguments[shape.flags or 0] & os.O_CREAT)
        )
        makes = not os.path.lexists(paths[-1]) and (creating or name not in _OPENS)
        if makes:
            self._made.add(paths[-1])
        folder = found is not None and stat.S_ISDIR(found.st_mode)
        return Call(name, paths, makes, folder and paths[0] not in self._made)

    def _was_written(self, asked: Notification) -> bool:
        """Tell whether a file that is closed was written to: only then closing it can fail."""
        key = (seccomp.leader(asked.process), asked.arguments[0])
        if key not in self._written:
            return False
        self._written.remove(key)
        return True


def _paths(shape: _Shape, asked: Notification) -> tuple[str, ...]:
    """Return what a call acts on, as absolute paths."""
    process, arguments = asked.process, asked.arguments
    if shape.descriptor is not None:
        return (os.readlink(f"/proc/{process}/fd/{arguments[shape.descriptor]}"),)  # noqa: PTH115
    found = []
    for place in shape.paths:
        at = _folder(process, arguments[place]) if shape.folders else _folder(process, _HERE)
        address = arguments[place + 1] if shape.folders else arguments[place]
        path = seccomp.text(process, address) if address else ""
        found.append(os.path.normpath(os.path.join(at, path)))  # noqa: PTH118
    return tuple(found)


def _folder(process: int, number: int) -> str:
    signed = number & 0xFFFFFFFF
    where = "cwd" if signed == _HERE & 0xFFFFFFFF else f"fd/{signed}"
    return os.readlink(f"/proc/{process}/{where}")  # noqa: PTH115
