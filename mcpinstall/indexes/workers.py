"""Threads that never keep the program from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from mcpinstall.errors import McpInstallError

T = TypeVar("T")
Settle = Callable[[], None]
"""What the main thread does about a finished job."""


class Workers:
    """A few daemon threads; what follows from their jobs is done by the main thread.

    An executor of the standard library waits for its threads when the program ends, so one
    silent server would hold up Ctrl-C for half a minute.
    """

    def __init__(self, finished: queue.SimpleQueue[Settle], count: int) -> None:
        self._finished = finished
        self._jobs: queue.SimpleQueue[Settle | None] = queue.SimpleQueue()
        self._count = count
        self._threads: list[threading.Thread] = []

    def submit(self, job: Callable[[], T], then: Callable[[T | McpInstallError], None]) -> None:
        """Do `job` in a thread; `then` gets its result or its refusal, in the main thread."""
        self._jobs.put(partial(self._do, job, then))
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._work, daemon=True, name="mcpi-fetch")
            self._threads.append(thread)
            thread.start()

    def end(self, seconds: float) -> None:
        """Drop the jobs that wait; let the threads end, for no longer than `seconds`."""
        while not self._jobs.empty():
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                break
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(seconds / len(self._threads))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _do(self, job: Callable[[], T], then: Callable[[T | McpInstallError], None]) -> None:
        try:
            self._finished.put(partial(then, job()))
        except McpInstallError as error:
            self._finished.put(partial(then, error))
        except BaseException as error:  # noqa: BLE001 (raised again by the main thread)
            self._finished.put(partial(_raise, error))


def _raise(error: BaseException) -> None:
    raise error
