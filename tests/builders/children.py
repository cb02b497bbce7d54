"""Every program that this process starts, with its arguments and its environment."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Child:
    """One start of a program, as the interpreter announces it."""

    program: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


_recorders: list[list[Child]] = []


@contextlib.contextmanager
def recorded() -> Iterator[list[Child]]:
    """Collect what the block starts, in any thread, from Python's own audit events."""
    _hook_once()
    children: list[Child] = []
    _recorders.append(children)
    try:
        yield children
    finally:
        _recorders.remove(children)


def _hook_once() -> None:
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_heard)  # there for good: Python knows no way to take one out


_hooked: list[bool] = []


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _recorders or event not in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn"):
        return
    program, words, environment = arguments[0], arguments[1], arguments[-1]
    child = Child(
        program=os.fsdecode(program),
        arguments=tuple(map(os.fsdecode, words)),
        environment=dict(os.environ) if environment is None else _texts(environment),
    )
    for children in _recorders:
        children.append(child)


def _texts(environment: Mapping[Any, Any]) -> dict[str, str]:
    return {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()}


def names(children: Sequence[Child]) -> set[str]:
    """Return the names of all variables that any child gets."""
    return {name for child in children for name in child.environment}
