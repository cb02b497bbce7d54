"""Listeners of an operation: what a terminal, a log or nobody sees of its progress."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from threading import RLock
from typing import TextIO

from mcpinstall.cli.layout import cut
from mcpinstall.model.text import printable

_ECHO = 4  # columns left free: a terminal echoes `^C` there, and would wrap the line
_LEAST_WIDTH = 20
_CLEAR = "\r\x1b[2K"
"""Back to the first column, and the line away."""


class GatedProgress:
    """Listener that shows nothing; and the gate that keeps others quiet during a question."""

    def __init__(self) -> None:
        self.open = False

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show progress inside the block only: work goes on while the person reads."""
        self.open = True
        try:
            yield
        finally:
            self.open = False
            self.clear()

    def step(self, text: str) -> None:
        """Ignore it."""

    def transferred(self, done: int, total: int) -> None:
        """Ignore it."""

    def clear(self) -> None:
        """Take away what stands on the screen."""


class SpokenProgress(GatedProgress):
    """Listener that says each step, for `--verbose` without a terminal."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def step(self, text: str) -> None:
        """Say it."""
        if self.open:
            self._say(text)


class TerminalProgress(GatedProgress):
    """Listener that keeps one line on a terminal: the step, then a bar with bytes and rate."""

    def __init__(self, stream: TextIO, emit: Callable[[str], None], width: int) -> None:
        super().__init__()
        self._stream = stream
        self._emit = emit
        self._width = width
        self._lock = RLock()
        self._text = ""
        self._bar: _Bar | None = None

    def step(self, text: str) -> None:
        """Show what is being done now."""
        with self._lock:
            if not self.open:
                return
            self._end_bar()
            self._text = text
            self._emit(f"{_CLEAR}{cut(f'{text} …', self._width - 1)}")

    def transferred(self, done: int, total: int) -> None:
        """Show how many of `total` bytes have arrived."""
        with self._lock:
            if not self.open or done >= total:
                self._end_bar()
                return
            if self._bar is None:
                self._emit(_CLEAR)
                self._bar = _Bar(self._stream)
            self._bar.move(self._text, done, total)

    def clear(self) -> None:
        """Take bar and step away."""
        with self._lock:
            self._end_bar()
            if self._text:
                self._emit(_CLEAR)
                self._text = ""

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class _Bar:
    """A bar by rich, which is loaded with the first byte that arrives."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TransferSpeedColumn,
        )

        console = Console(file=stream, markup=False, emoji=False, highlight=False)
        console.width = max(console.width - _ECHO, _LEAST_WIDTH)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("")
        self._progress.start()

    def move(self, text: str, done: int, total: int) -> None:
        """Show `done` of `total` bytes."""
        self._progress.update(self._task, description=printable(text), completed=done, total=total)

    def stop(self) -> None:
        """Take the bar away."""
        self._progress.stop()
