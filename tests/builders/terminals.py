"""A real terminal of its own for a command: typed at, resized, closed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.builders.odd_places import SECONDS


@dataclass
class Terminal:
    """The other end of a terminal that a command runs at."""

    process: int
    descriptor: int
    seen: bytes = b""
    _status: int | None = field(default=None, repr=False)

    def until(self, text: str) -> None:
        """Read until the screen shows `text`."""
        wanted, begin = text.encode(), len(self.seen)
        while wanted not in self.seen[begin:]:
            assert self._read(), f"it ended without {text!r}: {self.shown}"

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.descriptor, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Give the window another size; its programs are told."""
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command."""
        os.kill(self.process, number)

    def close(self) -> None:
        """Close the window."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def status(self) -> int:
        """Read to the end and return the exit status, negative for a signal."""
        if self._status is None:
            while self.descriptor >= 0 and self._read():
                pass
            _, ended = os.waitpid(self.process, 0)
            self._status = os.waitstatus_to_exitcode(ended)
            assert "Traceback" not in self.shown, self.shown
            assert self._status != 70, self.shown
        return self._status

    @property
    def shown(self) -> str:
        """What was written to the screen, codes and all."""
        return self.seen.decode("utf-8", "backslashreplace").replace("\r\n", "\n")

    def _read(self) -> bool:
        poll = select.poll()  # unlike `select`, it takes a descriptor of any number
        poll.register(self.descriptor, select.POLLIN)
        ready = poll.poll(SECONDS * 1000)
        assert ready, f"nothing more came: {self.shown}"
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # Linux says so when the last program has gone
            return False
        self.seen += data
        return bool(data)


class Started(Protocol):
    """Which program runs, where, and with which environment."""

    @property
    def program(self) -> str: ...

    @property
    def cwd(self) -> Path: ...

    def environment(self) -> dict[str, str]: ...


@contextlib.contextmanager
def at_a_terminal(
    place: Started, *words: str, rows: int = 24, columns: int = 80, ignores_hang_up: bool = False
) -> Iterator[Terminal]:
    """Run a command at a terminal of that size; it is killed at the end if it still runs."""
    environment = {"TERM": "xterm", **place.environment()}
    process, descriptor = pty.fork()
    if process == 0:
        with contextlib.suppress(OSError):
            # Whoever runs the tests may ignore some of them, as `nohup` and `&` do.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            if ignores_hang_up:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.chdir(place.cwd)
            os.execve(place.program, [place.program, *words], environment)  # noqa: S606
        os._exit(127)
    terminal = Terminal(process, descriptor)
    terminal.resize(rows, columns)
    try:
        yield terminal
    finally:
        if terminal._status is None:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        terminal.close()
