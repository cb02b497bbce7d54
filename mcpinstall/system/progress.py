"""How long work tells that it goes on; the default says nothing."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Listener of an operation; the command line shows it, a library user may ignore it."""

    def step(self, text: str) -> None:
        """Say what is being done now, such as `downloading 32 files`."""

    def transferred(self, done: int, total: int) -> None:
        """Say how many of `total` bytes have arrived; called from several threads."""


class SilentProgress:
    """The listener that ignores everything."""

    def step(self, text: str) -> None:
        """Ignore it."""

    def transferred(self, done: int, total: int) -> None:
        """Ignore it."""
