"""A TUF repository as its owner sees it: signed roles in files, each version kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import (
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import tuf_layout
from mcpinstall.registries import tuf_made
from mcpinstall.system import files, limits

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)

LIFE = {"root": 365, "targets": 180, "snapshot": 7, "timestamp": 2}
"""Days until a role expires; delegated ones are in `_days`."""
_BIN_DAYS, _NAMESPACE_DAYS = 30, 180


class Repository:
    """The roles of one repository, read, changed and signed with the keys at hand."""

    def __init__(self, folder: Path, signers: Sequence[Signer], now: datetime) -> None:
        self.folder = folder
        self._metadata = self._out = folder / tuf_layout.METADATA
        self._signers = {signer.public_key.keyid: signer for signer in signers}
        self._now = now.replace(microsecond=0)
        self.changed: list[str] = []
        """Roles that were signed anew."""

    # Root --------------------------------------------------------------------------------------

    def root(self) -> Metadata[Root]:
        """Return the newest root.

        Raises:
            McpInstallError: `registry-invalid` when there is none.
        """
        with files.disk_errors(f"look into `{self._metadata}`"):
            versions = [
                int(path.name.partition(".")[0])
                for path in self._metadata.glob("*.root.json")
                if path.name.partition(".")[0].isdecimal()
            ]
        if not versions:
            raise McpInstallError(
                ErrorCode.REGISTRY_INVALID,
                f"`{self.folder}` is no TUF registry: it has no root",
                hint="`mcpi registry init FOLDER` begins one",
            )
        return self._load(f"{max(versions)}.root", Root)

    def begin(self, keys: Mapping[str, Sequence[Key]], thresholds: Mapping[str, int]) -> bytes:
        """Sign the first root; return its bytes."""
        root = Root(expires=self._until(LIFE["root"]), consistent_snapshot=True)
        for role, held in keys.items():
            for key in held:
                root.add_key(key, role)
            root.roles[role].threshold = thresholds[role]
            _require_possible(role, len(root.roles[role].keyids), thresholds[role])
        return self._write_root(Metadata(root), Metadata(root))

    def sign_root(self, root: Metadata[Root]) -> bytes:
        """Sign a changed root as the next version, with the old keys and the new ones."""
        before = self.root()
        root.signed.version = before.signed.version + 1
        root.signed.expires = self._until(LIFE["root"])
        for role, held in root.signed.roles.items():
            _require_possible(role, len(held.keyids), held.threshold)
        return self._write_root(root, before)

    def fits(self, root: Root) -> bool:
        """Tell whether the targets role as it is signed verifies under a changed root."""
        found = self.targets()
        if found is None:
            return False
        try:
            root.verify_delegate("targets", found.signed_bytes, found.signatures)
        except (RepositoryError, ValueError):
            return False
        return True

    def require_keys(self, root: Root, roles: Iterable[str]) -> None:
        """Refuse before anything is written where keys for these roles are not at hand.

        Raises:
            McpInstallError: `input-missing`.
        """
        for role in roles:
            wanted = root.roles[role]
            missing = [keyid for keyid in wanted.keyids if keyid not in self._signers]
            at_hand = len(wanted.keyids) - len(missing)
            if at_hand < wanted.threshold:
                raise _missing(role, wanted.threshold, at_hand, missing)

    def _write_root(self, root: Metadata[Root], before: Metadata[Root]) -> bytes:
        wanted = {*root.signed.roles["root"].keyids, *before.signed.roles["root"].keyids}
        self._sign(root, wanted)
        for judge in (before, root):
            self._require_signed(judge.signed, "root", root)
        return self._write(f"{root.signed.version}.root", root)

    # The other roles -----------------------------------------------------------------------------

    def targets(self) -> Metadata[Targets] | None:
        """Return the top-level targets role, or None before the first publication."""
        return self.delegated("targets")

    def delegated(self, role: str) -> Metadata[Targets] | None:
        """Return a targets role as the snapshot has it, or None."""
        snapshot = self._snapshot()
        found = snapshot.signed.meta.get(f"{role}.json") if snapshot else None
        if found is None:
            return None
        return self._load(f"{found.version}.{role}", Targets)

    def put_targets(
        self,
        role: str,
        targets: Mapping[str, TargetFile],
        delegator: Root | Targets,
        delegations: Delegations | None = None,
    ) -> int:
        """Sign a targets role where it changed or half its time is over; return its version."""
        days = _days(role)
        before = self.delegated(role)
        after = Targets(
            version=1 if before is None else before.signed.version + 1,
            expires=self._until(days),
            targets=dict(targets),
            delegations=delegations,
        )
        if before is not None and self._is_good(role, before, delegator, days):
            same = before.signed.targets == after.targets
            if same and _same(before.signed.delegations, delegations):
                return before.signed.version
        signed = Metadata(after)
        self._sign(signed, delegator.get_delegated_role(role).keyids)
        self._require_signed(delegator, role, signed)
        self._write(f"{after.version}.{role}", signed)
        return after.version

    def latest_end(self, role: str) -> datetime:
        """Return by when a role that is signed today expires, with a day for two clocks."""
        return self._until(_days(role) + 1)

    def finish(self, versions: Mapping[str, int]) -> int:
        """Sign snapshot and timestamp over these versions; return the timestamp's version."""
        root, before = self.root().signed, self._snapshot()
        meta = {f"{role}.json": MetaFile(version) for role, version in versions.items()}
        if (
            before is None
            or before.signed.meta != meta
            or not self._is_good("snapshot", before, root, LIFE["snapshot"])
        ):
            number = 1 if before is None else before.signed.version + 1
            snapshot = Metadata(Snapshot(number, expires=self._until(LIFE["snapshot"]), meta=meta))
            self._sign(snapshot, root.roles["snapshot"].keyids)
            self._require_signed(root, "snapshot", snapshot)
            self._write(f"{number}.snapshot", snapshot)
        else:
            number = before.signed.version
        old = self._timestamp()
        timestamp = Timestamp(
            1 if old is None else old.signed.version + 1,
            expires=self._until(LIFE["timestamp"]),
            snapshot_meta=MetaFile(number),
        )
        signed = Metadata(timestamp)
        self._sign(signed, root.roles["timestamp"].keyids)
        self._require_signed(root, "timestamp", signed)
        self._write("timestamp", signed)
        return timestamp.version

    def put_target(self, path: str, data: bytes) -> TargetFile:
        """Put a target's bytes where clients look for them; return what a role says of it."""
        digest = hashlib.sha256(data).hexdigest()
        folder, slash, name = path.rpartition("/")
        self._put(f"{tuf_layout.TARGETS}/{folder}{slash}{digest}.{name}", data)
        return TargetFile(length=len(data), hashes={"sha256": digest}, path=path)

    def put_file(self, data: bytes) -> None:
        """Put a file that a target pins by its digest."""
        self._put(f"{tuf_layout.FILES}/{hashlib.sha256(data).hexdigest()}", data)

    def target(self, target: TargetFile) -> bytes:
        """Return the bytes of a target, compared with what a role says of it.

        Raises:
            McpInstallError: `file-unreadable` or `digest-mismatch`.
        """
        digest = target.hashes.get("sha256", "")
        folder, slash, name = target.path.rpartition("/")
        address = f"{tuf_layout.TARGETS}/{folder}{slash}{digest}.{name}"
        data = files.read_bounded(self.folder.joinpath(*address.split("/")), target.length)
        if hashlib.sha256(data).hexdigest() != digest:
            raise McpInstallError(
                ErrorCode.DIGEST_MISMATCH, f"`{address}` is not the file that a role names"
            )
        return data

    # Files ---------------------------------------------------------------------------------------

    def _put(self, address: str, data: bytes) -> None:
        path = self.folder.joinpath(*address.split("/"))
        if files.exists(path) and files.read_bounded(path, len(data)) == data:
            return
        with files.disk_errors(f"make the folder of `{path}`"):
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomic(path, data, mode=0o644)

    def _timestamp(self) -> Metadata[Timestamp] | None:
        if not files.exists(self._metadata / "timestamp.json"):
            return None
        return self._load("timestamp", Timestamp)

    def _snapshot(self) -> Metadata[Snapshot] | None:
        timestamp = self._timestamp()
        if timestamp is None:
            return None
        number = timestamp.signed.snapshot_meta.version
        return self._load(f"{number}.snapshot", Snapshot)

    def _load(self, name: str, kind: type[S]) -> Metadata[S]:
        path = self._metadata / f"{name}.json"
        data = files.read_bounded(path, limits.TUF_TARGETS_BYTES)
        why = f"it is no {kind.__name__.lower()}"
        try:
            found: Metadata[S] = tuf_made.parsed(data)
        except RepositoryError as error:
            why = str(error)
        else:
            if isinstance(found.signed, kind):
                return found
        raise McpInstallError(ErrorCode.REGISTRY_INVALID, f"`{path}` is not TUF metadata: {why}")

    def _write(self, name: str, signed: Metadata[S]) -> bytes:
        data = signed.to_bytes(JSONSerializer(compact=True))
        self.put_metadata(name, data)
        self.changed.append(name)
        return data

    def put_metadata(self, name: str, data: bytes) -> None:
        """Write a role as it is."""
        with files.disk_errors(f"make the folder `{self._out}`"):
            self._out.mkdir(parents=True, exist_ok=True)
        files.write_atomic(self._out / f"{name}.json", data, mode=0o644)

    # Signatures ----------------------------------------------------------------------------------

    def _sign(self, signed: Metadata[S], keyids: Iterable[str]) -> None:
        signed.signatures.clear()
        for keyid in keyids:
            if keyid in self._signers:
                add_signature(signed, self._signers[keyid])

    def _is_good(
        self, role: str, signed: Metadata[S], delegator: Root | Targets, days: int
    ) -> bool:
        """Tell whether a role still verifies and has more than half its time."""
        if signed.signed.expires - self._now < timedelta(days=days) / 2:
            return False
        try:
            delegator.verify_delegate(role, signed.signed_bytes, signed.signatures)
        except (RepositoryError, ValueError):
            return False
        return True

    def _require_signed(self, delegator: Root | Targets, role: str, signed: Metadata[S]) -> None:
        result = delegator.get_verification_result(role, signed.signed_bytes, signed.signatures)
        if not result.verified:
            raise _missing(role, result.threshold, len(result.signed), result.unsigned)

    def _until(self, days: int) -> datetime:
        return self._now + timedelta(days=days)


def add_signature(signed: Metadata[Any], signer: Signer) -> None:
    """Add one signature.

    Raises:
        McpInstallError: what a device or a service refuses.
    """
    try:
        signed.sign(signer, append=True)
    except UnsignedMetadataError as error:
        if isinstance(error.__cause__, McpInstallError):
            raise error.__cause__ from None
        raise


def _missing(role: str, wanted: int, given: int, unsigned: Iterable[str]) -> McpInstallError:
    return McpInstallError(
        ErrorCode.INPUT_MISSING,
        f"`{role}` needs {wanted} signatures, and the keys at hand give {given}",
        hint="add `--key FILE` for: " + ", ".join(sorted(key[:16] for key in unsigned)),
    )


def _days(role: str) -> int:
    if role.startswith(tuf_layout.BINS):
        return _BIN_DAYS
    return LIFE.get(role, _NAMESPACE_DAYS)


def _same(before: Delegations | None, after: Delegations | None) -> bool:
    if before is None or after is None:
        return before is after
    return before.to_dict() == after.to_dict()


def _require_possible(role: str, keys: int, threshold: int) -> None:
    if not 1 <= threshold <= keys:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{role}` would need {threshold} signatures of {keys} keys",
            hint="the threshold is at least 1 and at most the number of keys",
        )
