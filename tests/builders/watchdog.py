"""End a test that never ends: a bound on its processor time, not on the clock on the wall."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def ends(seconds: float = 30.0) -> Iterator[None]:
    """Fail when the block takes `seconds` of this process's own computing.

    For input that takes milliseconds, or minutes where an algorithm is not linear.  Without
    interval timers (Windows) the block just runs.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        message = f"more than {seconds:.0f} s of computing"
        raise AssertionError(message)

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
