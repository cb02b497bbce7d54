"""Files of packages: claimed, stored, verified; and what inspection found in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from mcpinstall.model.manifest import Hook


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file that a plan needs.

    Every field is a *claim* made by a lock.  A function that needs checked bytes takes a
    `VerifiedArtifact` instead.
    """

    filename: str
    """Bare name such as `mcp_server_time-2026.10.19-py3-none-any.whl`; never a path."""

    package: str
    """Normalised name of the package that it belongs to."""

    version: str
    """Exact version of that package."""

    size: int
    """Length in bytes.  A download stops at the first byte past it."""

    sha256: str
    """Digest of the bytes, 64 lowercase hexadecimal characters."""

    hint: str | None = None
    """Path relative to the index's file host, without scheme; saves a look-up, never trusted."""

    uploaded: datetime | None = None
    """When the index got it, as the lock says."""


class Scheme(StrEnum):
    """Where a wheel's file goes (wheel specification, `.data` directory)."""

    SITE = "site"
    """`site-packages`: purelib and platlib, which are one folder in a virtual environment."""
    COMPILED = "compiled"
    """Compiled code in `site-packages` whose source is beside it: deleted, compiled anew."""
    SCRIPTS = "scripts"
    DATA = "data"
    HEADERS = "headers"


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """One file that installing the wheel writes."""

    scheme: Scheme
    path: str
    """POSIX path relative to the scheme's folder, normalised, without `..`."""
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoint:
    """A console script: its name and what it calls (entry points specification)."""

    name: str
    module: str
    """Dotted module path, each part an identifier."""
    attribute: str
    """Dotted attribute path inside the module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What one parser found in a wheel, after every check of the archive passed."""

    files: tuple[WheelFile, ...]
    """Everything that is written, sorted; `RECORD` itself included with its own digest."""

    record: bytes
    """The wheel's own RECORD file, as it stands in the archive."""

    dist_info: str
    """Name of the `.dist-info` folder."""

    scripts: tuple[EntryPoint, ...]
    """Console scripts and GUI scripts of `entry_points.txt`."""

    accepted: tuple[Hook, ...]
    """Start-up hooks, scripts and executables found in the wheel that the manifest accepts."""

    members: int
    """Number of members in the archive."""

    programs: tuple[str, ...] = ()
    """Members in `site-packages` that are native programs: told, not refused (decision 0003)."""

    native: tuple[str, ...] = ()
    """Members that are native code of any kind, wherever they go; `programs` are among them."""

    open_packages: tuple[str, ...] = ()
    """Folders whose `__init__.py` invites other wheels to add modules (`pkgutil.extend_path`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedArtifact:
    """A file whose bytes were compared with their digest and inspected.

    Made only by `mcpinstall.verification`.
    """

    artifact: Artifact
    path: Path
    """The checked copy, in a private folder of this process."""
    inspection: Inspection
