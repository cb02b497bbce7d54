"""`mcpi registry key|init|publish|delegate|rotate`: a TUF registry as its owner works on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.secret import Secret
from mcpinstall.operations import delivered_trust, registry_keys
from mcpinstall.operations.context import Context
from mcpinstall.operations.registry_folder import alone
from mcpinstall.operations.registry_keys import Elsewhere, KeyAt, Passphrase
from mcpinstall.system import files, limits

if TYPE_CHECKING:
    from mcpinstall.registries.tuf_prune import Unused
    from mcpinstall.registries.tuf_publish import Published
    from mcpinstall.registries.tuf_repository import Repository
    from mcpinstall.registries.tuf_roots import RootFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Who holds a role: files of keys (private, or `.pub`), and how many must sign."""

    keys: tuple[Path, ...]
    threshold: int


def make_key(path: Path, passphrase: Secret, context: Context) -> str:
    """Make an encrypted key and its `.pub`; return its id."""
    from mcpinstall.registries import tuf_keys

    return tuf_keys.make(context.machine.cwd / path, passphrase)


def begin(
    folder: Path,
    roles: dict[str, Held],
    ask: Passphrase,
    context: Context,
    *,
    others: Sequence[Elsewhere] = (),
    stage: bool = False,
) -> RootFacts | None:
    """Make the first root of a registry; `roles` are `root`, `targets` and `online`.

    Private keys of the root sign, and `others`, which are in no file.  `stage` leaves it for more
    holders to sign, and returns None.

    Raises:
        McpInstallError: `input-invalid` where there is one already, or a threshold that can't
            be met; what opening the keys refuses.
    """
    from mcpinstall.registries import tuf_keys, tuf_roots

    here = context.machine.cwd / folder
    if files.exists(here / "metadata"):
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{here}` holds a TUF registry already",
            hint="`mcpi registry rotate` changes its keys",
        )
    named = {
        "root": roles["root"], "targets": roles["targets"],
        "snapshot": roles["online"], "timestamp": roles["online"],
    }  # fmt: skip
    keys = {
        role: [tuf_keys.public(context.machine.cwd / path) for path in held.keys]
        for role, held in named.items()
    }
    thresholds = {role: held.threshold for role, held in named.items()}
    private = [path for path in roles["root"].keys if path.suffix != tuf_keys.PUBLIC]
    repository = _repository(here, [*private, *others], ask, context, stage=stage)
    with alone(here, context):
        data = repository.begin(keys, thresholds)
    return None if stage else tuf_roots.read(data, "1.root.json")


def publish(
    folder: Path,
    source: Path | None,
    keys: Sequence[KeyAt],
    ask: Passphrase,
    context: Context,
    *,
    stage: bool = False,
) -> Published:
    """Publish what `source` holds; without it, sign again what expires soon.

    `stage` leaves it where no client reads it, for others to sign: `registry_signing`.

    Raises:
        McpInstallError: what the checks of `source` refuse; `input-missing` for a role whose
            keys are not at hand.
    """
    from mcpinstall.registries import tuf_publish

    repository = _repository(context.machine.cwd / folder, keys, ask, context, stage=stage)
    repository.root()
    if source is None:
        with alone(repository.folder, context):
            return tuf_publish.renew(repository)
    manifests = context.machine.cwd / source
    registry = registries.open_folder(manifests, context.paths, context.now)
    facts = files.read_bounded(manifests / "registry.toml", limits.REGISTRY_BYTES)
    root = registry.trusted_root()
    if root is not None:  # what no user could read is not published
        delivered_trust.read(root, registry.state.name)
    with alone(repository.folder, context):
        return tuf_publish.publish(repository, registry, facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Who signs for a namespace from now on; None: the registry itself."""

    namespace: str
    held: Held | None


def delegate(
    folder: Path,
    change: Delegation,
    keys: Sequence[KeyAt],
    ask: Passphrase,
    context: Context,
    *,
    stage: bool = False,
) -> Published:
    """Give a namespace to reviewers of its own, or take it back."""
    from mcpinstall.registries import tuf_keys, tuf_publish

    who, held = None, change.held
    if held is not None:
        public = tuple(tuf_keys.public(context.machine.cwd / path) for path in held.keys)
        who = tuf_publish.Namespace(keys=public, threshold=held.threshold)
    repository = _repository(context.machine.cwd / folder, keys, ask, context, stage=stage)
    with alone(repository.folder, context):
        return tuf_publish.delegate(repository, change.namespace, who)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A change of the keys of `root`, `targets` or `online`."""

    role: str
    add: tuple[Path, ...] = ()
    revoke: tuple[str, ...] = ()
    threshold: int | None = None


def rotate(
    folder: Path,
    change: Rotation,
    keys: Sequence[KeyAt],
    ask: Passphrase,
    context: Context,
    *,
    stage: bool = False,
) -> RootFacts | None:
    """Change the keys of a role, and sign again what they signed; None where it is staged."""
    from mcpinstall.registries import tuf_keys, tuf_publish, tuf_roots

    if change.role not in ("root", "targets", "online"):
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"there is no role `{change.role}`",
            hint="it is `root`, `targets` or `online`",
        )
    repository = _repository(context.machine.cwd / folder, keys, ask, context, stage=stage)
    added = [tuf_keys.public(context.machine.cwd / path) for path in change.add]
    with alone(repository.folder, context):
        data = tuf_publish.rotate(
            repository, change.role, add=added, revoke=change.revoke, threshold=change.threshold
        )
    return None if stage else tuf_roots.read(data, "root.json")


def prune(folder: Path, context: Context, *, dry_run: bool) -> Unused:
    """Delete what no client can ask for any more; a dry run only says what that is."""
    from mcpinstall.registries import tuf_prune

    here = context.machine.cwd / folder
    with alone(here, context):
        found = tuf_prune.unused(here, context.now)
        for path in () if dry_run else found.paths:
            with files.disk_errors(f"delete `{path}`"):
                path.unlink()
    return found


def _repository(
    folder: Path, keys: Sequence[KeyAt], ask: Passphrase, context: Context, *, stage: bool
) -> Repository:
    from mcpinstall.registries.tuf_repository import Repository
    from mcpinstall.registries.tuf_staging import StagingRepository

    signers = registry_keys.open_keys(keys, ask, context)
    return (StagingRepository if stage else Repository)(folder, signers, context.now)
