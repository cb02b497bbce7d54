"""A host that saves its own file again and again, as a process of its own.

It keeps all that it finds in the file and counts its saves in it.  Whenever it finds a lower
number than it wrote last, somebody has overwritten a save: that is what it reports at its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcpinstall.system import exchange

ROOT = Path(__file__).resolve().parents[2]
STYLES = ("in place", "by renaming")


@dataclass
class Report:
    """What a host found out; filled when it has ended."""

    saves: int = 0
    lost: int = 0


@contextlib.contextmanager
def saving(path: Path, style: str, pause: float) -> Iterator[Report]:
    """Let a host save `path` during the block, with a pause of some seconds between two saves."""
    report = Report()
    words = [sys.executable, "-P", __file__, str(path), style, str(pause)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == "ready\n"
        try:
            yield report
        finally:
            host.terminate()
            words_at_end = host.stdout.read()
    report.saves, report.lost = json.loads(words_at_end)


class Host:
    """The host itself; only its process makes one."""

    def __init__(self, path: Path, style: str) -> None:
        self.path, self.save = path, self.in_place if style == STYLES[0] else self.by_renaming
        self.saves = self.lost = 0
        self.last = -1

    def read(self) -> dict[str, Any]:
        """Read the file, and look whether the last save is in it."""
        found: dict[str, Any] = json.loads(self.path.read_bytes())
        number = found.get("counter", -1)
        if number < self.last:
            self.lost += 1
        self.last = max(self.last, number)
        return found

    def counted(self, found: dict[str, Any]) -> bytes:
        self.last, self.saves = self.last + 1, self.saves + 1
        return json.dumps({**found, "counter": self.last}).encode()

    def in_place(self) -> None:
        """Empty the file, then write it."""
        self.path.write_bytes(self.counted(self.read()))

    def by_renaming(self) -> None:
        """Write another file and exchange the two; what another program saved meanwhile stays."""
        other, before = self.path.with_name("saving"), self.path.read_bytes()
        other.write_bytes(self.counted(self.read()))
        if not exchange.swap(other, self.path):
            other.replace(self.path)
            return
        while (out := other.read_bytes()) != before:
            merged = {**json.loads(out), "counter": self.last}
            before = self.path.read_bytes()
            other.write_bytes(json.dumps(merged).encode())
            exchange.swap(other, self.path)
        other.unlink()


def main() -> None:
    path, style, pause = sys.argv[1:]
    host = Host(Path(path), style)
    signalled, wakes = socket.socketpair()  # no `Event`, which isn't for signal handlers
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    host.save()
    print("ready", flush=True)  # noqa: T201 (it is how it answers)
    while not select.select([signalled], [], [], float(pause))[0]:
        host.save()
    host.read()
    print(json.dumps([host.saves, host.lost]))  # noqa: T201


if __name__ == "__main__":
    main()
