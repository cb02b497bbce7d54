"""What the user asks for, what will be done, and the digest of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mcpinstall.model.artifact import Artifact
from mcpinstall.model.checks import CheckResult
from mcpinstall.model.environment import Command, Interpreter
from mcpinstall.model.host import HostChange, ServerEntry
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.registry import ReviewedServer

ALLOWANCES = ("unreviewed", "stale", "yanked", "vulnerable")
"""What `--allow` takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user typed for an installation, checked for form only."""

    names: tuple[str, ...]
    """`time`, `io.github.user/server`, either with `@VERSION`."""
    hosts: tuple[str, ...] = ()
    """Products or row ids; empty means the default-host rule."""
    settings: tuple[tuple[str, str], ...] = ()
    """`--set` pairs in order: `repository` or `server.repository` → value."""
    entry_name: str | None = None
    python: str | None = None
    extra_arguments: tuple[str, ...] = ()
    """After `--`; shown as unreviewed."""
    allow: frozenset[str] = field(default_factory=frozenset)
    plaintext_secrets: bool = False
    offline: bool = False
    print_only: bool = False
    """`--print`: no host file is changed."""
    replace: bool = False
    unattended: bool = False
    """Nobody reads the screen before the yes (`--yes`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlan:
    """One server of a plan: what will run, from which files."""

    reviewed: ReviewedServer
    entry: ServerEntry
    """As every host gets it (hosts spell references their own way)."""
    slug: str
    generation: str
    command: Command
    """Executable and arguments that hosts start: the stable `current` form."""
    argv_template: tuple[str, ...]
    """The same with `{home}` for the server's home: no path of this machine."""
    inputs: tuple[InputValue, ...]
    extra_arguments: tuple[str, ...]
    interpreter: Interpreter
    artifacts: tuple[Artifact, ...]
    """The wheels of this platform."""
    already_installed: bool = False
    """The same version is in place and intact; only host entries are added."""

    @property
    def name(self) -> str:
        """Full name of the server."""
        return self.reviewed.manifest.name

    @property
    def version(self) -> str:
        """Version of the server."""
        return self.reviewed.manifest.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that one yes would do."""

    servers: tuple[ServerPlan, ...]
    changes: tuple[HostChange, ...]
    checks: tuple[CheckResult, ...]
    digest: str
    """sha256 of the canonical plan: equal on every machine for the same decision."""
    home: Path
    """`<data>/servers`."""
