"""Death right before an effect, where the system lets nobody watch system calls.

Python's audit events stand for the calls then: all that Python does itself, and nothing of
what libraries and other programs do.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_EFFECTS = {
    "os.rename": 1, "os.symlink": 1, "os.link": 1, "os.remove": 0, "os.rmdir": 0, "os.mkdir": 0,
    "os.chmod": 0, "os.truncate": 0, "open": 0,
}  # fmt: skip
"""Audit events that come right before an effect, and which argument is the path."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class AuditKiller:
    """Kills this process right before its effect number `at` in `folder`.

    A text is the first effect on a path that holds it.
    """

    def __init__(self, at: int | str, folder: Path) -> None:
        self._at, self._folder, self._seen = at, str(folder), 0
        self._lock = threading.Lock()
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EFFECTS:
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
            return
        path = arguments[_EFFECTS[event]]
        if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(self._folder):
            with self._lock:
                if self._seen == self._at if isinstance(self._at, int) else self._at in str(path):
                    os.kill(os.getpid(), signal.SIGKILL)
                self._seen += 1


def dies(work: Callable[[], object], at: int | str, folder: Path) -> bool:
    """Do `work` in a child that dies at effect `at`; False when it lives to the end."""
    child = os.fork()
    if child == 0:
        try:
            AuditKiller(at, folder)
            work()
        except BaseException:  # noqa: BLE001 (never back into pytest)
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)
