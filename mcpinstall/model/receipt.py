"""Receipts, history and the journal of a running change."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mcpinstall.model.adoption import KeptFields
from mcpinstall.model.backing import NO_BACKING, Backing
from mcpinstall.model.checks import CheckResult
from mcpinstall.model.host import Chain, Patch
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.publisher import PackagePublisher
from mcpinstall.model.value_edit import ValueChange


class Hold(StrEnum):
    """What keeps a server in its version."""

    NONE = ""
    PINNED = "pinned"
    """It was installed by an exact version."""
    HELD = "held"
    """`mcpi hold`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Record of one installed entry and the evidence for it.

    Two entries of one server (`--as`) have two receipts and share one environment.  No path to
    write or delete is read back from a receipt: paths follow from registry root, server name
    and host rows.
    """

    entry_name: str
    """Name in the hosts, unique among receipts."""
    name: str
    """Full name of the server."""
    version: str
    title: str
    registry_name: str
    registry_root: str
    review: str
    generation: str
    manifest_sha256: str
    lock_sha256: str
    tools_sha256: str
    tree_sha256: str
    plan_digest: str
    python_path: str
    """Shown, compared by `verify`, and preferred when the environment is built again; it is
    trusted no more than a `--python` that the user types."""
    python_version: str
    python_sha256: str
    argv_template: tuple[str, ...]
    """What hosts start, `{home}` for the server's home."""
    inputs: tuple[InputValue, ...]
    """Secret values are absent: only references are kept."""
    extra_arguments: tuple[str, ...]
    hosts: tuple[str, ...]
    """Row ids of the host files that hold the entry."""
    artifacts: tuple[tuple[str, str], ...]
    """File name → sha256."""
    checks: tuple[CheckResult, ...]
    platform: str
    machine: str
    """Digest of the machine's id, so that a copied home is noticed."""
    installed: str
    """Time, RFC 3339, UTC."""
    tool_version: str
    """Version of mcpinstall."""
    transport: str = "stdio"
    """`streamable-http` or `sse` for a server that is used where it runs: it has no environment,
    so generation, lock, tree and Python are empty."""
    url: str = ""
    """Its whole address."""
    headers: tuple[str, ...] = ()
    """Names of the HTTP headers that hosts send."""
    publishers: tuple[PackagePublisher, ...] = ()
    """Whose attestations check 5 verified, of any package of the closure: facts, no level."""
    backing: Backing = NO_BACKING
    """Publisher and reviews that it was installed by."""
    hold: Hold = Hold.NONE
    """Of all entries of one server alike."""
    adopted: str = ""
    """What hosts started before `mcpi adopt` took the entry over, such as `uvx NAME`."""
    keeps: KeptFields | None = None
    """What such an entry keeps of what stood there."""

    @property
    def is_remote(self) -> bool:
        """Tell whether the server is used where it runs."""
        return self.transport != "stdio"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One host file of a finished or running change, as one span."""

    row_id: str
    path_sha256: str
    """Digest of the path written to: another path today means another file."""
    before_sha256: str
    """64 zeros when there was no file."""
    after_sha256: str
    """64 zeros when the change removed the file."""
    patch: Patch
    """From the content before to the content after; a missing file counts as empty."""
    marked_before: bool = False
    """A byte-order mark stood before the content, which `patch` does not count."""
    marked_after: bool = False
    """The same, of the content after."""
    made_folders: int = 0
    """How many folders above a new file did not exist before."""
    gone_folders: int = 0
    """How many folders above a file that goes were made for it, and go with it while empty."""
    values: tuple[ValueChange, ...] = ()
    """Of a fix, whose values are no entries of ours: what became of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecord:
    """One change: what `mcpi history` shows and `mcpi undo` takes back."""

    id: str
    """Sortable: `20261122T134501Z-0423f9a12`."""
    action: str
    """`install`, `adopt`, `update`, `rollback`, `hold`, `unhold`, `uninstall`, `reinstall`,
    `configure`, `fix` or `undo`."""
    entries: tuple[str, ...]
    """Entry names; none for a `fix`, which changes values of others' entries."""
    files: tuple[FileChange, ...]
    chains_before: tuple[Chain, ...]
    chains_after: tuple[Chain, ...]
    receipts_before: tuple[Receipt, ...]
    """Receipts of the touched entries as they were; absent entries are not listed."""
    receipts_after: tuple[Receipt, ...]
    undoes: str | None = None
    """Id of the record that an `undo` took back."""
    switches: tuple[Switch, ...] = field(default=())
    secrets_added: tuple[str, ...] = ()
    """Accounts that the change put into the keyring; never a secret."""
    secrets_removed: tuple[str, ...] = ()
    """Accounts that nothing needs once the change has happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What a change does to one server's `current`."""

    slug: str
    before: str | None
    """Generation that was current; None when there was none."""
    after: str | None
    """Generation that is current afterwards; None when the server goes."""
    added: bool = False
    """Whether the change itself puts that generation there."""
