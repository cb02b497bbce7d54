"""What the user asks for, what will be done, and the digest of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mcpinstall.model.adoption import Adoption
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.checks import CheckResult
from mcpinstall.model.environment import Command, Interpreter
from mcpinstall.model.host import HostChange, ServerEntry
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.policy import NO_POLICY, Policy
from mcpinstall.model.publisher import ServerPublishers
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.secret import Secret

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
    strip_bom: bool = False
    """`--strip-bom`: a byte-order mark goes where the host does not take one."""
    unattended: bool = False
    """Nobody reads the screen before the yes (`--yes`)."""
    secrets: tuple[tuple[str, Secret], ...] = ()
    """What was typed for the keyring: `TOKEN` or `server.TOKEN` → secret."""
    transport: str | None = None
    """`--transport`: `stdio`, `streamable-http` or `sse`; None leaves it to the plan."""
    adopted: Adoption | None = None
    """Of `mcpi adopt`: the entries that are taken over, instead of being added."""
    headers: tuple[str, ...] = ()
    """`--header`: names of HTTP headers that a `remote:URL` wants, beside `Authorization`."""
    lock_file: Path | None = None
    """`--lock`: what an earlier plan pinned for the one unreviewed server that is named."""
    locks: tuple[tuple[str, ReviewedServer], ...] = field(default=(), repr=False)
    """By name as typed, what a draft has pinned already, and all that was said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePlan:
    """How a server is used where it runs: nothing of it comes to this machine."""

    transport: str
    """`streamable-http` or `sse`."""
    url: str
    """The whole address."""
    url_template: str
    """As `server.json` has it, variables in braces: no value of this user."""
    headers: tuple[str, ...]
    """Names of the headers that hosts send."""
    declared: tuple[str, ...] = ()
    """What authorization the server says it needs, as sentences; nothing when it says nothing."""
    named_by_user: bool = False
    """The user typed the address: it may lie inside the user's own network."""


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
    interpreter: Interpreter | None
    """None for a remote server."""
    artifacts: tuple[Artifact, ...]
    """The wheels of this platform."""
    already_installed: bool = False
    """The same version is in place and intact; only host entries are added."""
    launcher: Command | None = None
    """What hosts start instead of `command` where the keyring has secrets of it."""
    keyring: bool = False
    """Secrets that nobody placed go to the keyring where a host does not keep them itself."""
    remote: RemotePlan | None = None
    """Set for a server that is used where it runs; it has no command then."""
    replaces: str = ""
    """The version that is installed, where it is another one."""
    keeps_entries: bool = False
    """Hosts keep the entries that they have; `entry` and `command` only say how these begin."""
    advice: str = ""
    """Which transport is recommended and why, where the server offers several."""

    @property
    def python(self) -> Interpreter:
        """The interpreter; only for a server that is known to run here."""
        if self.interpreter is None:
            message = f"{self.name} does not run on this machine"
            raise ValueError(message)
        return self.interpreter

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
    publishers: tuple[ServerPublishers, ...] = ()
    """Check 5 of each server."""
    policy: Policy = NO_POLICY
    """Rules of policy files that every server was judged by; no part of the digest, for it
    differs from machine to machine where the decision is the same."""
