"""The command line inside this process, at a terminal that remembers every character."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass

import pytest

from mcpinstall import cli
from tests.builders import screens

_PROGRESS = re.compile(r"\r\x1b\[2K|\x1b\[1A\x1b\[2K|\x1b\[\?25[lh]|\r")
"""What keeps one line on the screen while work goes on."""


class Terminal(io.StringIO):
    """A stream that a person looks at, or a file."""

    def __init__(self, text: str = "", *, person: bool = True) -> None:
        super().__init__(text)
        self._person = person

    def isatty(self) -> bool:
        return self._person


@dataclass(frozen=True)
class Ran:
    """How a command ended, and every character that it wrote."""

    status: int
    out: str
    err: str

    @property
    def seen(self) -> str:
        """All that a person could see."""
        return without_progress(self.out + self.err)

    def faults(self) -> list[str]:
        """Return what no screen may hold; a bug is one too."""
        bug = ["a bug"] if self.status not in range(6) else []
        return [*bug, *screens.hidden(self.seen, colour=True), *screens.forged(self.seen)]


def without_progress(text: str) -> str:
    """Return what a person can see at any time; what is written over is a line of its own."""
    return _PROGRESS.sub("\n", text)


def run(*arguments: str, typed: str = "", person: bool = True, columns: int = 80) -> Ran:
    """Run one command; `typed` is what the person answers."""
    out, err = Terminal(person=person), Terminal(person=person)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("LINES", "500")
        patch.setenv("TERM", "xterm-256color")
        patch.setattr(sys, "stdin", Terminal(typed, person=person))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        status = cli.run(arguments)
    return Ran(int(status), out.getvalue(), err.getvalue())
