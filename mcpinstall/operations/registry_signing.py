"""`mcpi registry sign`: holders of keys sign a staged change, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.operations import registry_folder, registry_keys
from mcpinstall.operations.context import Context
from mcpinstall.operations.registry_keys import KeyAt, Passphrase

if TYPE_CHECKING:
    from mcpinstall.registries.tuf_changes import RoleChange
    from mcpinstall.registries.tuf_repository import Repository
    from mcpinstall.registries.tuf_staging import Staged


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A staged change that was read once: what is shown is what gets signed."""

    repository: Repository
    staged: Staged
    changes: tuple[RoleChange, ...]
    missing: Mapping[str, tuple[str, ...]]
    """Ids of the keys that each role waits for."""

    @property
    def digest(self) -> str:
        """sha256 over what is signed, the same for every holder."""
        return self.staged.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What one holder's keys did."""

    roles: tuple[str, ...]
    """Roles that were signed."""
    missing: Mapping[str, tuple[str, ...]]
    """What still waits, and for whose keys; empty once the change is live."""
    state: int | None = None
    """Version of the new timestamp; None while it waits, and of a first root."""


def waiting(folder: Path, context: Context) -> Waiting:
    """Read what waits for signatures, and compare it with what is live.

    Raises:
        McpInstallError: `not-found`, or `registry-invalid` for a change that nobody can sign.
    """
    from mcpinstall.registries import tuf_changes, tuf_staging
    from mcpinstall.registries.tuf_repository import Repository

    repository = Repository(context.machine.cwd / folder, (), context.now)
    staged = tuf_staging.read(repository)
    return Waiting(
        repository=repository,
        staged=staged,
        changes=tuf_changes.changes(repository, staged),
        missing=tuf_staging.missing(repository, staged),
    )


def sign(wanted: Waiting, keys: Sequence[KeyAt], ask: Passphrase, context: Context) -> Signed:
    """Add the signatures of these keys; the last one that is wanted makes the change live.

    Raises:
        McpInstallError: `input-invalid` for a key that no waiting role asks for;
            `registry-invalid` where something else was made live since it was shown.
    """
    from mcpinstall.registries import tuf_staging

    signers = registry_keys.open_keys(keys, ask, context)
    repository, staged = wanted.repository, wanted.staged
    with registry_folder.alone(repository.folder, context):
        tuf_staging.require_next(repository, staged)
        roles = tuf_staging.sign(repository, staged, signers)
        missing = tuf_staging.missing(repository, staged, signers)
        if missing:
            return Signed(roles=roles, missing=missing)
        state = tuf_staging.make_live(repository, staged, signers, context.now)
    return Signed(roles=roles, missing={}, state=state)
