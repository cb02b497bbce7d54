"""Metadata that waits for more signatures: key holders sign one after the other.

A staged change is a folder of signed roles beside the live ones.  No client reads it.  Each
holder reads it once, is shown what it changes, and signs those very bytes; the last one makes it
live.  No machine ever holds the keys of a whole threshold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets
from tuf.api.serialization.json import JSONSerializer

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import tuf_layout
from mcpinstall.registries import tuf_made
from mcpinstall.registries.tuf_repository import Repository, add_signature
from mcpinstall.system import files, limits

Delegator: TypeAlias = Root | Targets
_AGAIN = "make the change again: the same command with `--stage`"


class StagingRepository(Repository):
    """Writes what changes to the staged folder, signed as far as the keys at hand go."""

    def __init__(self, folder: Path, signers: Sequence[Signer], now: datetime) -> None:
        super().__init__(folder, signers, now)
        self._out = folder / tuf_layout.STAGED
        self._root: Metadata[Root] | None = None

    def root(self) -> Metadata[Root]:
        """Return the root of this change, else the live one."""
        return self._root or super().root()

    def put_metadata(self, name: str, data: bytes) -> None:
        """Write a role; the first one takes the place of a change that waited before."""
        if not self.changed and files.exists(self._out):
            files.remove_tree(self._out)
        super().put_metadata(name, data)

    def finish(self, versions: Mapping[str, int]) -> int:  # noqa: ARG002 (they come last)
        """Leave snapshot and timestamp alone; return the state that is live."""
        found = self._timestamp()
        return found.signed.version if found else 0

    def _write_root(self, root: Metadata[Root], before: Metadata[Root]) -> bytes:
        data = super()._write_root(root, before)
        self._root = root
        return data

    def require_keys(self, root: Root, roles: Iterable[str]) -> None:
        """Let it be: the others sign later."""

    def _require_signed(self, delegator: Root | Targets, role: str, signed: object) -> None:
        """Let it be: the others sign later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRole:
    """One role that waits."""

    name: str
    signed: Metadata[Root] | Metadata[Targets]
    judges: tuple[Delegator, ...]
    """Who says which keys must sign it: for a root the one before and itself."""
    before: Root | Targets | None
    """What is live."""

    @property
    def file(self) -> str:
        """Name of its file, without its ending."""
        return f"{self.signed.signed.version}.{self.name}"

    @property
    def keys(self) -> dict[str, Key]:
        """Keys that may sign it, by id."""
        return {
            keyid: judge.get_key(keyid)
            for judge in self.judges
            for keyid in judge.get_delegated_role(self.name).keyids
        }

    @property
    def is_complete(self) -> bool:
        """Whether enough have signed."""
        return all(self._verified(judge) for judge in self.judges)

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of keys that have not signed, where signatures are wanting."""
        if self.is_complete:
            return ()
        return tuple(keyid for keyid in self.keys if keyid not in self.signed.signatures)

    def _verified(self, judge: Delegator) -> bool:
        return judge.get_verification_result(
            self.name, self.signed.signed_bytes, self.signed.signatures
        ).verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A change that waits for signatures, as it was read once."""

    roles: tuple[StagedRole, ...]
    """Those that people sign; bins are signed by the machine that publishes."""
    bins: tuple[StagedRole, ...]
    digest: str
    """sha256 over what is signed, the same for every holder."""

    @property
    def root(self) -> Metadata[Root] | None:
        """The new root, or None where it stays."""
        found = (one.signed for one in self.roles if one.name == "root")
        return next((one for one in found if isinstance(one.signed, Root)), None)


def read(repository: Repository) -> Staged:
    """Read what waits; every signature that is there must be good.

    Raises:
        McpInstallError: `not-found` when nothing waits; `registry-invalid` for a file that was
            changed after somebody signed it, a signature of a key that isn't of its role, a
            change of another state than the live one, or one that does more than can be shown.
    """
    folder = repository.folder / tuf_layout.STAGED
    with files.disk_errors(f"look into `{folder}`"):
        paths = sorted(folder.glob("*.json"))
    if not paths:
        raise McpInstallError(
            ErrorCode.NOT_FOUND, f"nothing waits for signatures in `{repository.folder}`"
        )
    loaded = dict(_loaded(path) for path in paths)
    roots = [one.signed for one in loaded.values() if isinstance(one.signed, Root)]
    live = _live_root(repository)
    root = roots[0] if roots else live
    if root is None:
        raise _invalid(folder, "it has no root")
    found = [
        _role(repository, name, signed, _judges(name, signed, root, live, loaded))
        for name, signed in loaded.items()
    ]
    for one in found:
        _require_good(folder, one)
        latest = repository.latest_end(one.name)
        if fault := tuf_made.fault(one.name, one.signed.signed, root, latest):
            raise _invalid(folder, fault)
    text = b"".join(name.encode() + loaded[name].signed_bytes for name in sorted(loaded))
    return Staged(
        roles=tuple(one for one in found if not one.name.startswith(tuf_layout.BINS)),
        bins=tuple(one for one in found if one.name.startswith(tuf_layout.BINS)),
        digest=hashlib.sha256(text).hexdigest(),
    )


def sign(repository: Repository, staged: Staged, signers: Sequence[Signer]) -> tuple[str, ...]:
    """Sign every role that one of these keys is in charge of; return their names.

    Raises:
        McpInstallError: `input-invalid` for a key that no waiting role asks for.
    """
    asked = {keyid for role in staged.roles for keyid in role.keys}
    asked.update(_root_of(repository, staged).roles["timestamp"].keyids)
    for signer in signers:
        if (keyid := signer.public_key.keyid) not in asked:
            raise McpInstallError(
                ErrorCode.INPUT_INVALID,
                f"the key `{keyid[:16]}` may sign nothing of what waits",
                hint=_wanted(missing(repository, staged)),
            )
    done = []
    for role in staged.roles:
        mine = [signer for signer in signers if signer.public_key.keyid in role.keys]
        for signer in mine:
            add_signature(role.signed, signer)
        if mine:
            done.append(role.name)
            _put_back(repository, role)
    return tuple(done)


def missing(
    repository: Repository, staged: Staged, signers: Sequence[Signer] = ()
) -> dict[str, tuple[str, ...]]:
    """Return the keys that each unfinished role waits for; last the machine that publishes."""
    found = {one.name: one.missing for one in staged.roles if not one.is_complete}
    has_targets = "targets" in {one.name for one in staged.roles} or repository.targets()
    if found or not has_targets:
        return found
    held = {signer.public_key.keyid for signer in signers}
    roles = _root_of(repository, staged).roles
    for name in ("snapshot", "timestamp"):
        if len(held & set(roles[name].keyids)) < roles[name].threshold:
            found[name] = tuple(roles[name].keyids)
    return found


def make_live(
    repository: Repository, staged: Staged, signers: Sequence[Signer], now: datetime
) -> int | None:
    """Publish a change that enough have signed; return the new state, or None of a root alone.

    Raises:
        McpInstallError: `input-missing` for signatures that are wanting, the machine's own too.
    """
    if wanting := missing(repository, staged, signers):
        raise McpInstallError(
            ErrorCode.INPUT_MISSING,
            f"`{next(iter(wanting))}` still waits for signatures",
            hint=_wanted(wanting),
        )
    state = _Finished(repository.folder, signers, now, staged.root).publish(staged)
    files.remove_tree(repository.folder / tuf_layout.STAGED)
    return state


class _Finished(Repository):
    """The live repository under the new root; the machine that publishes signs the rest."""

    def __init__(
        self, folder: Path, signers: Sequence[Signer], now: datetime, root: Metadata[Root] | None
    ) -> None:
        super().__init__(folder, signers, now)
        self._new_root = root

    def root(self) -> Metadata[Root]:
        return self._new_root or super().root()

    def publish(self, staged: Staged) -> int | None:
        """Write every role, the one that clients begin with last."""
        top = next((one.signed.signed for one in staged.roles if one.name == "targets"), None)
        live = self.targets()
        if top is None and live is not None:
            top = live.signed
        versions = self._versions(staged, top) if isinstance(top, Targets) else {}
        for one in staged.roles:
            self.put_metadata(one.file, _text(one.signed))
        return self.finish(versions) if versions else None

    def _versions(self, staged: Staged, top: Targets) -> dict[str, int]:
        """Return the version of every role; bins are signed here."""
        waiting = {one.name: one for one in (*staged.roles, *staged.bins)}
        roles = top.delegations.roles if top.delegations else None
        versions = {}
        for name in ("targets", *(roles or {})):
            one = waiting.get(name)
            found = one.signed if one else self.delegated(name)
            if found is None or not isinstance(found.signed, Targets):
                raise _invalid(self.folder, f"`{name}` is missing")
            if name.startswith(tuf_layout.BINS):
                versions[name] = self.put_targets(name, found.signed.targets, top)
                continue
            delegator = self.root().signed if name == "targets" else top
            self._require_signed(delegator, name, found)
            versions[name] = found.signed.version
        return versions


def _loaded(path: Path) -> tuple[str, Metadata[Root] | Metadata[Targets]]:
    data = files.read_bounded(path, limits.TUF_TARGETS_BYTES)
    try:
        found = tuf_made.parsed(data)
    except RepositoryError as error:
        raise _invalid(path, str(error)) from None
    name = path.name.partition(".")[2].removesuffix(".json")
    is_root = isinstance(found.signed, Root)
    if (
        not isinstance(found.signed, Root | Targets)
        or path.name != f"{found.signed.version}.{name}.json"
        or is_root != (name == "root")
    ):
        raise _invalid(path, "it is not what its name says")
    return name, found


def _judges(
    name: str,
    signed: Metadata[Root] | Metadata[Targets],
    root: Root,
    live: Root | None,
    loaded: Mapping[str, Metadata[Root] | Metadata[Targets]],
) -> tuple[Delegator, ...] | None:
    """Return who says which keys sign a role; None: the live `targets`."""
    if isinstance(signed.signed, Root):
        return (live, signed.signed) if live is not None else (signed.signed,)
    if name == "targets":
        return (root,)
    top = loaded.get("targets")
    return (top.signed,) if top is not None else None


def require_next(repository: Repository, staged: Staged) -> None:
    """Refuse a change that was shown before something else was made live.

    Raises:
        McpInstallError: `registry-invalid`.
    """
    for one in staged.roles:
        _before(repository, one.name, one.signed.signed)


def _before(repository: Repository, name: str, role: Root | Targets) -> Root | Targets | None:
    """Return what is live of a role, whose next version must be the one that waits."""
    before: Root | Targets | None
    if name == "root":
        before = _live_root(repository)
    else:
        found = repository.delegated(name)
        before = found.signed if found else None
    now = before.version if before is not None else 0
    again = name == "root" and before == role  # it was made live, and then all stopped
    if role.version != now + 1 and not name.startswith(tuf_layout.BINS) and not again:
        where = repository.folder / tuf_layout.STAGED
        raise _invalid(where, f"`{name}` is not the next version: {now} is live")
    return before


def _role(
    repository: Repository,
    name: str,
    signed: Metadata[Root] | Metadata[Targets],
    judges: tuple[Delegator, ...] | None,
) -> StagedRole:
    """Return a staged role beside what is live, whose next version it must be."""
    where = repository.folder / tuf_layout.STAGED
    before = _before(repository, name, signed.signed)
    if judges is None:
        live = repository.targets()
        judges = (live.signed,) if live is not None else ()
    known = [judge for judge in judges if _knows(judge, name)]
    if not known or len(known) != len(judges):
        raise _invalid(where, f"nobody gave the role `{name}` to anybody")
    return StagedRole(name=name, signed=signed, judges=judges, before=before)


def _knows(judge: Delegator, name: str) -> bool:
    try:
        judge.get_delegated_role(name)
    except ValueError:
        return False
    return True


def _require_good(folder: Path, role: StagedRole) -> None:
    keys = role.keys
    for keyid, signature in role.signed.signatures.items():
        if keyid not in keys:
            raise _invalid(folder, f"`{role.name}` is signed by `{keyid[:16]}`, who may not")
        try:
            keys[keyid].verify_signature(signature, role.signed.signed_bytes)
        except UnverifiedSignatureError:
            raise _invalid(
                folder, f"`{role.name}` was changed after `{keyid[:16]}` had signed it"
            ) from None


def _put_back(repository: Repository, role: StagedRole) -> None:
    path = repository.folder / tuf_layout.STAGED / f"{role.file}.json"
    files.write_atomic(path, _text(role.signed), mode=0o644)


def _wanted(wanting: Mapping[str, Sequence[str]]) -> str:
    return "wanted: " + "; ".join(
        f"{name}: {', '.join(key[:16] for key in keys)}" for name, keys in wanting.items()
    )


def _root_of(repository: Repository, staged: Staged) -> Root:
    root = staged.root
    return root.signed if root is not None else repository.root().signed


def _live_root(repository: Repository) -> Root | None:
    metadata = repository.folder / tuf_layout.METADATA
    return repository.root().signed if files.exists(metadata) else None


def _text(signed: Metadata[Root] | Metadata[Targets]) -> bytes:
    return signed.to_bytes(JSONSerializer(compact=True))


def _invalid(path: Path, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.REGISTRY_INVALID, f"what waits in `{path}` can't be signed: {why}", hint=_AGAIN
    )
