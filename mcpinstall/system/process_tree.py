"""A program and everything that it starts, ended together: no daemon outlives its probe."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.system import limits

_ROUND_SECONDS = 0.01
"""Between two looks at the processes, so that killed ones have time to go."""

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
"""Numbers of prctl(2), `linux/prctl.h`."""

_only_tree = threading.Lock()
"""One tree at a time: an orphan that comes to us does not tell whose it was."""


class ProcessTree:
    """A running program in a session of its own, with three pipes.

    Linux: we become the subreaper, so that daemons which fork twice come back to us; all
    descendants outside our own session are its.  Windows: a job object.  Elsewhere only the
    process group is ended, and a daemon that makes its own session escapes.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        _only_tree.acquire()
        self._adoption = contextlib.ExitStack()
        self._adoption.callback(_only_tree.release)
        try:
            self._before = frozenset(_strangers(frozenset()))
            self._adoption.enter_context(_subreaper())
        except BaseException:
            self._adoption.close()
            raise
        try:
            self._job = _Job()
            self.process = subprocess.Popen(  # noqa: S603 (a list, an absolute program, no shell)
                argv, env=dict(environment), cwd=cwd, start_new_session=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                creationflags=_Job.CREATION_FLAGS,
            )  # fmt: skip
            self._job.take(self.process)
        except BaseException:  # an interruption may come when the program runs already
            self.abandon()
            raise

    def abandon(self) -> None:
        """End a program whose beginner is interrupted, and close its pipes."""
        with self._adoption:
            process: subprocess.Popen[bytes] | None = getattr(self, "process", None)
            if process is not None:
                self._job.end(process)
            self._sweep()
            for pipe in (process.stdin, process.stdout, process.stderr) if process else ():
                with contextlib.suppress(OSError, AttributeError):
                    pipe.close()  # type: ignore[union-attr]

    def end(self) -> tuple[int, ...]:
        """Kill and reap the whole tree; return the process ids that could not be ended.

        The program itself has a moment to end, for its input is closed by now.
        """
        with self._adoption:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(limits.PROBE_GRACE_SECONDS)
            self._job.end(self.process)
            left = self._sweep()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(limits.PROBE_GRACE_SECONDS)
            return left

    def _sweep(self) -> tuple[int, ...]:
        deadline = time.monotonic() + limits.PROBE_SWEEP_SECONDS
        while left := _strangers(self._before):
            for stranger in left:
                self._kill(stranger.pid)
            if time.monotonic() > deadline:
                break
            time.sleep(_ROUND_SECONDS)
        return tuple(stranger.pid for stranger in left)

    def _kill(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        process = getattr(self, "process", None)  # not there yet while it begins
        if process is not None and pid == process.pid:
            process.poll()
            return
        with contextlib.suppress(OSError):  # not yet our child: its parent goes first
            os.waitpid(pid, os.WNOHANG)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stranger:
    """A process of /proc, told apart from a later one with the same number by its start."""

    pid: int
    start: str


def _strangers(known: frozenset[_Stranger]) -> tuple[_Stranger, ...]:
    """Return our descendants in other sessions, except `known` ones and theirs; Linux only.

    What we start in other ways stays in our session; no process can enter a session that
    exists, so nothing of the tree can hide there.
    """
    if sys.platform != "linux":
        return ()
    children: dict[int, list[tuple[_Stranger, int]]] = {}
    for stranger, parent, session in _processes():
        children.setdefault(parent, []).append((stranger, session))
    own_session = os.getsid(0)
    found: list[_Stranger] = []
    waiting = [os.getpid()]
    while waiting:
        for stranger, session in children.get(waiting.pop(), []):
            if stranger in known:
                continue
            waiting.append(stranger.pid)
            if session != own_session:
                found.append(stranger)
    return tuple(found)


def _processes() -> Iterator[tuple[_Stranger, int, int]]:
    """Yield every process with its parent and session (proc_pid_stat(5))."""
    for name in os.listdir("/proc"):  # noqa: PTH208 (names only)
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # The program's name stands in parentheses and may hold any character.
            words = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
            stranger = _Stranger(pid=int(name), start=words[19].decode("ascii"))
            yield stranger, int(words[1]), int(words[3])


@contextlib.contextmanager
def _subreaper() -> Iterator[None]:
    """Be the parent of our descendants' orphans during the block; Linux only."""
    if sys.platform != "linux":
        yield
        return
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    before = ctypes.c_int(0)
    prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)


if sys.platform == "win32":  # pragma: no cover (run on Windows only)
    from mcpinstall.system.windows_job import Job as _Job
else:

    class _Job:
        """The process group, which on Unix does a part of what a job object does."""

        CREATION_FLAGS = 0

        def take(self, process: subprocess.Popen[bytes]) -> None:
            """Do nothing: the new session has made the group."""

        def end(self, process: subprocess.Popen[bytes]) -> None:
            """Kill the group."""
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
