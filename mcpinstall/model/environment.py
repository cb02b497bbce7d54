"""Interpreters and the environments that are built with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A base interpreter of this machine: named in plan and receipt, not vouched for."""

    path: Path
    """The real executable, absolute, links resolved."""
    version: str
    """Full version, such as `3.12.4`."""
    sha256: str
    """Digest of the executable."""
    markers: tuple[tuple[str, str], ...]
    """PEP 508 environment of this interpreter, sorted."""
    tags: tuple[str, ...]
    """Wheel tags that it accepts, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeDigest:
    """A folder's content as one digest."""

    sha256: str
    """Over sorted lines `mode-class path size sha256` of every file and link."""
    files: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedEnvironment:
    """An environment that equals the inspected archives, compiled, not yet in place."""

    path: Path
    """Where it stands now: a private folder in the cache."""
    generation: str
    """Name of the folder that it will have under the server's home."""
    tree: TreeDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a host starts: an absolute executable and its arguments."""

    executable: str
    arguments: tuple[str, ...]

    @property
    def argv(self) -> tuple[str, ...]:
        """Executable and arguments as one tuple."""
        return (self.executable, *self.arguments)
