"""Lines to and from a program that may be hostile: bounded, timed, and ended with its tree."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits
from mcpinstall.system.process_tree import ProcessTree

_CHUNK = 1 << 16  # bytes read at once
_CHUNKS_WAITING = 16  # chunks read ahead; a flood waits in the pipe
_FULL_SECONDS = 0.1  # seconds until a full queue is tried again
_STATUS_SECONDS = 0.5  # seconds from the end of the output to the end of the process


class Stop(Enum):
    """Why no line came."""

    SILENT = auto()
    """The time is up."""
    ENDED = auto()
    """The program closed its output, most likely by ending."""


class LineReader:
    """Bytes in, whole lines out; a line longer than `limit` is refused while it arrives."""

    def __init__(self, limit: int = limits.PROBE_LINE) -> None:
        self._limit = limit
        self._pending = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        r"""Return the lines that `chunk` completes, without `\n` or `\r\n`.

        Raises:
            McpInstallError: `probe-failed`.
        """
        *whole, rest = chunk.split(b"\n")
        lines = []
        for part in whole:
            self._take(part)
            lines.append(bytes(self._pending.removesuffix(b"\r")))
            self._pending.clear()
        self._take(rest)
        return lines

    def _take(self, part: bytes) -> None:
        if len(self._pending) + len(part) > self._limit:
            raise _failed(f"the server sent a line longer than {self._limit} bytes")
        self._pending += part


class Conversation:
    """A running program that is spoken to line by line; a context manager.

    Threads do the reading and writing, so that no pipe can make the caller wait longer than
    it wants to.  After the block the program and everything that it started has ended.
    """

    def __init__(self, argv: Sequence[str], *, environment: Mapping[str, str], cwd: Path) -> None:
        """Start the program `argv[0]`, an absolute path, with exactly this environment.

        Raises:
            McpInstallError: `probe-failed` when it can't be started.
        """
        if not Path(argv[0]).is_absolute():
            message = f"a server needs an absolute executable, not {argv[0]!r}"
            raise ValueError(message)
        try:
            self._tree = ProcessTree(argv, environment, cwd)
        except (OSError, ValueError) as error:  # ValueError: a null byte in an argument
            raise _failed(f"`{argv[0]}` could not be started: {error}") from error
        try:
            self._listen()
        except BaseException:
            self._tree.abandon()
            raise

    def _listen(self) -> None:
        self._reader = LineReader()
        self._lines: deque[bytes] = deque()
        self._received = 0
        self._ended = False
        self._closing = False
        self._tail = bytearray()
        self._chunks: queue.Queue[bytes] = queue.Queue(_CHUNKS_WAITING)
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._threads = self._start_threads(self._tree.process)

    def _start_threads(self, process: subprocess.Popen[bytes]) -> tuple[threading.Thread, ...]:
        threads = (
            threading.Thread(target=_pump, args=(process.stdout, self._offer), daemon=True),
            threading.Thread(target=_pump, args=(process.stderr, self._keep_tail), daemon=True),
            threading.Thread(target=_write, args=(process.stdin, self._outgoing), daemon=True),
        )
        for thread in threads:
            thread.start()
        return threads

    def _offer(self, chunk: bytes) -> None:
        """Hand a chunk to `receive`; a flood waits here, and is thrown away at the end."""
        while not self._closing:
            with contextlib.suppress(queue.Full):
                self._chunks.put(chunk, timeout=_FULL_SECONDS)
                return

    def _keep_tail(self, chunk: bytes) -> None:
        self._tail += chunk
        del self._tail[: -limits.PROBE_STDERR]

    def send(self, line: bytes) -> None:
        """Queue one line; a program that has ended is noticed by `receive`."""
        self._outgoing.put(line + b"\n")

    def receive(self, deadline: float) -> bytes | Stop:
        """Return the next line, or why there is none; `deadline` is of `time.monotonic`.

        Raises:
            McpInstallError: `probe-failed` for a line or an output that is too long.
        """
        while (remaining := deadline - time.monotonic()) > 0:
            if self._lines:
                return self._lines.popleft()
            if self._ended:
                return Stop.ENDED
            with contextlib.suppress(queue.Empty):
                self._take(self._chunks.get(timeout=remaining))
        return Stop.SILENT

    def _take(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > limits.PROBE_OUTPUT:
            raise _failed(f"the server sent more than {limits.PROBE_OUTPUT} bytes")
        self._ended = not chunk
        self._lines.extend(self._reader.feed(chunk))

    def exit_status(self) -> int | None:
        """Return the status of a program that has just ended by itself, else None."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._tree.process.wait(_STATUS_SECONDS)
        return None

    @property
    def last_words(self) -> str:
        """The end of standard error, as it came; complete after the block."""
        text = bytes(self._tail).decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-limits.PROBE_EVIDENCE :])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing = True
        self._outgoing.put(None)
        left = self._tree.end()
        for thread in self._threads:  # one whose pipe a survivor holds ends with us
            thread.join(limits.PROBE_GRACE_SECONDS)
        if left and kind is None:
            numbers = ", ".join(str(pid) for pid in left)
            raise _failed(
                f"processes that the server started could not be ended: {numbers}",
                hint="look at them and end them by hand",
            )


def _pump(pipe: IO[bytes], take: Callable[[bytes], None]) -> None:
    """Hand on what comes through `pipe`, and an empty chunk at its end; close it."""
    with contextlib.suppress(OSError), pipe:
        while chunk := os.read(pipe.fileno(), _CHUNK):
            take(chunk)
    take(b"")


def _write(pipe: IO[bytes], outgoing: queue.SimpleQueue[bytes | None]) -> None:
    """Write what is queued; None closes the pipe.  A reader that is gone is no failure here."""
    with contextlib.suppress(OSError), pipe:
        while (line := outgoing.get()) is not None:
            pipe.write(line)
            pipe.flush()


def _failed(message: str, *, hint: str = "") -> McpInstallError:
    return McpInstallError(ErrorCode.PROBE_FAILED, message, hint=hint)
