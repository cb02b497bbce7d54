"""The program behind `env`, `cmd /c`, `nice`, `op run --` and other wrappers; nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcpinstall.model.audited import Value, Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """A launch without its wrappers."""

    launch: tuple[Value, ...]
    """The program and its arguments."""
    wrappers: tuple[str, ...] = ()
    """What was taken off, the outermost first."""
    variables: tuple[Variable, ...] = ()
    """What the wrappers set: `env A=b`, `A=b` before a program in a script."""
    url: Value | None = None
    """Where a bridge such as `mcp-remote` connects to."""


def unwrap(argv: Sequence[Value]) -> Unwrapped:
    """Return what `argv` starts in the end."""
    return Unwrapped(launch=tuple(argv))
