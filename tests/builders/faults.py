"""What can be wrong with a disk, as answers to the calls that change it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass

from tests.builders.system_calls import DIE, SHORT, Answer, Call


def nothing(_: int, __: Call) -> int:
    """Let every call be made."""
    return 0


def death(at: int) -> Answer:
    """Return: the process dies right before call `at`."""
    return lambda number, _: DIE if number == at else 0


def death_on(part: str) -> Answer:
    """Return: the process dies right before the first call on a path that holds `part`."""
    return lambda _, call: DIE if call.shows and any(part in path for path in call.paths) else 0


def once(at: int, error: int) -> Answer:
    """Return: call `at` fails, where it can fail like that, and all is well afterwards."""
    return lambda number, call: error if number == at and error in call.errors else 0


def another_file_system(part: str) -> Answer:
    """Return: what is on a path that holds `part` is on another file system than the rest."""

    def answer(_: int, call: Call) -> int:
        crosses = call.kind in ("rename", "link") and len({part in path for path in call.paths}) > 1
        return errno.EXDEV if crosses else 0

    return answer


@dataclass
class Full:
    """From call `at` on there is no space; the first write still has room for its half."""

    at: int
    half_written: bool = False

    def __call__(self, number: int, call: Call) -> int:
        if number < self.at or not call.needs_space:
            return 0
        if call.name == "write" and not self.half_written:
            self.half_written = True
            return SHORT
        return errno.ENOSPC


def read_only(at: int) -> Answer:
    """Return: from call `at` on the file system is read-only, as after an error that it met."""

    def answer(number: int, call: Call) -> int:
        if number < at or call.kind in ("flock", "close"):
            return 0
        return errno.EROFS if errno.EROFS in call.errors else errno.EIO

    return answer


def dying(at: int) -> Answer:
    """Return: from call `at` on the device answers nothing but errors."""
    return lambda number, call: errno.EIO if number >= at and call.kind != "flock" else 0


@dataclass
class Denied:
    """From call `at` on its folder, and no other one, may not be written to."""

    at: int
    folder: str = ""

    def __call__(self, number: int, call: Call) -> int:
        if errno.EACCES not in call.errors or call.kind == "chmod":
            return 0
        folders = [os.path.dirname(path) for path in call.paths]  # noqa: PTH120
        if number == self.at:
            self.folder = folders[-1]
        existing = call.kind == "open" and not call.makes
        return errno.EACCES if self.folder in folders and not existing else 0


LASTING: dict[str, Callable[[int], Answer]] = {
    "full": Full, "read-only": read_only, "dying": dying, "denied": Denied,
}  # fmt: skip
"""Faults that stay once they are there."""
