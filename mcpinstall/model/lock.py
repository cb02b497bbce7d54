"""The lock: every file of the whole closure by digest, and no location (PEP 751)."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall.model.artifact import Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One package at one exact version, with its wheels for all platforms."""

    name: str
    version: str
    marker: str | None
    """PEP 508 marker made of the allowed variables only."""
    wheels: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A checked `pylock.toml`.  `text` is the very file, which uv reads at installation."""

    requires_python: str
    packages: tuple[LockedPackage, ...]
    text: bytes
    sha256: str
    constraints: tuple[str, ...] = ()
    """Requirements (PEP 508) that held packages back when it was made: the next one keeps them."""
    exclude_newer: str = ""
    """Time, RFC 3339, after which nothing was taken; empty where the lock does not say."""


NO_LOCK = Lock(requires_python="", packages=(), text=b"", sha256="")
"""Of a server that has no package: nothing of it is installed."""
