"""Commands and hosts as processes that run at the same time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.builders.command import Command, program

SECONDS = 240  # a command waits 60 s for the others before it gives up; a bound, not a measure


@dataclass(frozen=True)
class Ended:
    """One command that has ended."""

    command: str
    status: int
    out: str
    words: str

    @property
    def code(self) -> str:
        """Return the code of the error that it ended with, or nothing."""
        first = self.words.rpartition("error[")[2] if "error[" in self.words else ""
        return first.partition("]")[0]


def begin(
    mcpi: Command,
    words: str | Sequence[str],
    *,
    before: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start a command, and don't wait for it; `before` is a program that starts it."""
    environment = {
        **os.environ,
        "HOME": str(mcpi.home),
        "PYTHONPATH": str(mcpi.source),
        **mcpi.variables,
        **(variables or {}),
    }
    arguments = words.split() if isinstance(words, str) else words
    return subprocess.Popen(
        [*before, program(), *arguments],
        env=environment, cwd=mcpi.cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, errors="strict",
    )  # fmt: skip


def end(running: subprocess.Popen[str], command: str = "") -> Ended:
    """Wait for a command to end; a crash of it is a failure of the test."""
    out, words = running.communicate(timeout=SECONDS)
    assert "Traceback" not in words, words
    return Ended(command=command, status=running.returncode, out=out, words=words)


def together(
    mcpi: Command, *commands: str, statuses: frozenset[int] = frozenset({0, 3, 5})
) -> list[Ended]:
    """Run commands at once, each with `--yes`; return how each ended."""
    running = [(begin(mcpi, acting(command)), command) for command in commands]
    ended = [end(one, command) for one, command in running]
    for one in ended:
        assert one.status in statuses, (one.command, one.status, one.words)
    return ended


def acting(command: str) -> str:
    """Return a command line with the yes, where it asks."""
    asks = command.split(maxsplit=1)[0] in {
        "install",
        "uninstall",
        "reinstall",
        "configure",
        "update",
        "rollback",
        "undo",
    }
    return f"{command} --yes" if asks else command
