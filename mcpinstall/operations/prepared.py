"""What stands between `prepare` and `commit`: everything decided, nothing done."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.errors import McpInstallError
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.host import HostChange, HostRow
from mcpinstall.model.plan import Plan, Request, ServerPlan
from mcpinstall.model.receipt import HistoryRecord, Hold, Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.secret import KeptSecret
from mcpinstall.planning.inputs import Question

if TYPE_CHECKING:
    from mcpinstall.operations.describing import Comparison


INSTALLING = frozenset({"install", "adopt"})
"""Actions after which hosts have entries that were not there, or were not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingInput:
    """A required input that the request does not give."""

    entry_name: str
    """Server of the plan that asks for it."""
    question: Question
    for_keyring: bool = False
    """It is a secret that the keyring is to hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedHost:
    """A host of `--host all` that can't take the entries."""

    row: HostRow
    error: McpInstallError
    """Why, and what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuestion:
    """Something about a host's file that only the person can tell."""

    row: HostRow
    paths: tuple[Path, ...]
    """Files of which the host reads one; a single one has a byte-order mark to strip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChoice:
    """Which hosts an installation goes to (design §7, default-host rule)."""

    chosen: tuple[HostRow, ...]
    """Decided: named by the request, or the only one found."""
    candidates: tuple[HostRow, ...]
    """Several were found and none was named: the person picks, preselected first."""
    preselected: tuple[str, ...]
    """Row ids that the tick list starts with."""
    files: tuple[tuple[str, Path], ...] = ()
    """Row id → the file that `--host HOST=PATH` named."""
    optional: frozenset[str] = frozenset()
    """Row ids that `--host all` brought: they may be passed over."""
    skipped: tuple[SkippedHost, ...] = ()
    """Found by `--host all`, and not written at all."""
    questions: tuple[FileQuestion, ...] = ()
    """Asked on a terminal, once the hosts are chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a request comes to before anything is downloaded; the command line asks the rest."""

    request: Request
    servers: tuple[ReviewedServer, ...]
    missing: tuple[MissingInput, ...]
    hosts: HostChoice
    exact: frozenset[str] = frozenset()
    """Digests of the manifests of servers that were named in an exact version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """An installed server and the version that takes its place."""

    slug: str
    before: tuple[Receipt, ...]
    """Of all its entries, as they are."""
    server: ReviewedServer
    comparison: Comparison | None
    """What changed; None where the installed version can't be described any more."""
    notes: tuple[str, ...] = ()
    """What a person has to know of it, as sentences."""
    siblings: tuple[ServerPlan, ...] = ()
    """Its other entries, with what hosts start for them afterwards."""

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of all its entries."""
        return tuple(one.entry_name for one in self.before)

    @property
    def old_version(self) -> str:
        """The version that is installed."""
        return self.before[0].version


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan with its checks done, environments being staged, and nothing written.

    Good for `limits.PREPARED_SECONDS`.  `discard` takes the staged folders away.
    """

    request: Request
    action: str
    """`install`, `adopt`, `reinstall`, `configure` or `update`."""
    plan: Plan
    print_rows: tuple[HostRow, ...]
    """Rows for which the entry is printed instead of written (`--print`, or no host found)."""
    printed: tuple[tuple[str, str], ...]
    """Row title and entry text, as they are printed after the yes."""
    started: float
    """`time.monotonic()` when it was prepared."""
    staging: Path | None
    """Folder below which environments are staged; None when nothing is staged."""
    staged: tuple[tuple[str, Future[StagedEnvironment]], ...] = field(default=(), repr=False)
    """Slug → the environment, when it is ready."""
    kept: tuple[KeptSecret, ...] = field(default=(), repr=False)
    """What the keyring gets after the yes."""

    skipped: tuple[SkippedHost, ...] = ()
    """Hosts of `--host all` that can't take the entries, and why."""
    locks: tuple[Path, ...] = ()
    """Files of the cache with what was pinned for servers that nobody reviewed (`--lock`)."""
    other_text: bool = False
    """The launcher is to put other text around a secret, which no host's file shows."""

    replacements: tuple[Replacement, ...] = ()
    """Of an update: what was there, and what changed."""
    holds: tuple[tuple[str, Hold], ...] = ()
    """By slug, what keeps a server in its version from now on; others stay as they are."""

    @property
    def installs(self) -> bool:
        """Entries come that were not there, or were not ours."""
        return self.action in INSTALLING

    @property
    def nothing_to_do(self) -> bool:
        """Everything asked for is in place already."""
        in_place = all(server.already_installed for server in self.plan.servers)
        return in_place and not (self.plan.changes or self.kept or self.other_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRemoval:
    """An uninstallation: entries that go, host files that change, environments that go."""

    receipts: tuple[Receipt, ...]
    changes: tuple[HostChange, ...]
    servers_removed: tuple[str, ...]
    """Full names of servers whose environment goes with their last entry."""
    kept: tuple[Receipt, ...] = ()
    """Receipts of the entries that stay in other hosts, as they are afterwards."""
    unwritten: tuple[HostChange, ...] = ()
    """Files that need no change of bytes, for the entry is gone from them already."""
    notes: tuple[str, ...] = ()
    """Facts such as "the entry is no longer in ~/.cursor/mcp.json"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedUndo:
    """A change that is to be taken back."""

    record: HistoryRecord
    changes: tuple[HostChange, ...]
    unwritten: tuple[HostChange, ...] = ()
    """Files whose bytes stay; only what is kept about them changes."""
    notes: tuple[str, ...] = ()
    whole: bool = True
    """All of the change goes back; else the part of some entries, which `record` is then."""
    allow: frozenset[str] = frozenset()
    """`vulnerable`: also a version with a known vulnerability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A finished change."""

    record: HistoryRecord
    receipts: tuple[Receipt, ...]
    """Receipts of the touched entries as they are now."""
    printed: tuple[tuple[str, str], ...] = ()
    """Row title and entry text, where the person pastes it."""
    notes: tuple[str, ...] = ()
    probe_seconds: float = 0.0
    """How long the servers took to start and answer: their time, not ours."""
