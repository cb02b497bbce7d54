"""One TUF repository as a client sees it: authentic, fresh and not rolled back, or refused.

The verification is python-tuf's.  Here is which bytes it gets, at which time it judges them,
what is saved, and what its refusals mean to a reader.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from tuf.api import exceptions
from tuf.api.metadata import Root, TargetFile, Timestamp
from tuf.ngclient import Updater, UpdaterConfig

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import tuf_layout
from mcpinstall.registries.tuf_fetchers import BoundedFetcher, SavedFetcher
from mcpinstall.system import files, limits


class _Unsaved(Updater):
    """python-tuf's client, which keeps nothing of what it accepts."""

    def _persist_root(self, version: int, data: bytes) -> None:
        """Leave `root_history` as it is."""

    def _persist_metadata(self, rolename: str, data: bytes) -> None:
        """Leave the saved role as it is."""

    def _update_root_symlink(self) -> None:
        """Leave `root.json` as it is."""


_DIGEST = re.compile(r"[0-9a-f]{64,128}")
_BEGINNING = datetime.min.replace(tzinfo=UTC)
"""At this time nothing has expired; every other check of TUF stays what it is."""


class Freshness(StrEnum):
    """How fresh what the client knows is."""

    FRESH = "fresh"
    SAVED = "saved"
    """The repository was not asked or not reached; what was saved has not expired."""
    STALE = "stale"
    """Authentic and not rolled back, but expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where one repository is, and what of it is kept where."""

    name: str
    root: bytes
    """The root that the user confirmed."""
    base: str
    """Address of the repository, without a slash at its end; empty for one in a folder."""
    metadata: Path
    """Folder of accepted metadata: what rollback protection rests on."""
    cache: Path
    """Folder of targets and files, by sha256; compared whenever one is read."""
    metadata_at: str = tuf_layout.METADATA
    targets_at: str = tuf_layout.TARGETS
    """Paths below `base`; an empty one is `base` itself."""

    def address(self, *parts: str) -> str:
        """Return the address of a file below `base`."""
        return "/".join([self.base, *(part for part in parts if part)])


class TufClient:
    """Looks targets up in one repository."""

    def __init__(
        self,
        places: Places,
        fetcher: BoundedFetcher | None,
        *,
        at: datetime,
        read_only: bool = False,
    ) -> None:
        """`fetcher` is None to ask nobody; `at` is the time by which expiry is judged.

        With `read_only` nothing is written, no folder and no lock either; then nobody is asked.
        """
        self._places = places
        self._fetcher = None if read_only else fetcher
        self._at = at
        self._read_only = read_only
        if not read_only:
            files.private_folder(places.metadata)
        with self._locked():
            self._updater, self.freshness, self.why_saved = self._opened()

    @property
    def root(self) -> Root:
        """The root in force."""
        return self._updater._trusted_set.root  # noqa: SLF001 (there is no public way)

    @property
    def timestamp(self) -> Timestamp:
        """The timestamp in force."""
        return self._updater._trusted_set.timestamp  # noqa: SLF001

    @property
    def expires(self) -> datetime:
        """When the first of the top-level roles expires."""
        known = self._updater._trusted_set  # noqa: SLF001
        roles = (known.root, known.timestamp, known.snapshot, known.targets)
        return min(role.expires for role in roles)

    def require_fresh(self) -> None:
        """Refuse a repository that could not be asked, or has expired.

        Raises:
            McpInstallError: `registry-unavailable` or `registry-stale`.
        """
        if self.why_saved:
            raise _unavailable(self._places.name, self.why_saved)
        if self.freshness is Freshness.STALE:
            raise McpInstallError(
                ErrorCode.REGISTRY_STALE,
                f"the registry `{self._places.name}` is authentic, but expired "
                f"{self.expires:%Y-%m-%d %H:%M} UTC",
                hint="its owner has to publish again; installed servers keep running",
            )

    def find(self, path: str) -> TargetFile | None:
        """Return what the roles in charge of `path` sign about it, or None.

        Raises:
            McpInstallError: `registry-stale`, `registry-invalid`, `registry-rolled-back` or
                `registry-unavailable`.
        """
        with self._refusals(), self._locked():
            return self._updater.get_targetinfo(path)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a target, compared with its signed digest, or None without one.

        Raises:
            McpInstallError: as `find`.
        """
        found = self.find(path)
        if found is None:
            return None
        digest = next(iter(found.hashes.values()), "")
        if not _DIGEST.fullmatch(digest) or found.length > limits.TUF_RECORD_BYTES:
            raise _invalid(self._places.name, f"`{path}` has no digest, or is too long")
        folder, slash, name = path.rpartition("/")
        address = "/".join(
            part for part in (self._places.targets_at, f"{folder}{slash}{digest}.{name}") if part
        )

        def is_signed(data: bytes) -> bool:
            try:
                found.verify_length_and_hashes(data)
            except exceptions.LengthOrHashMismatchError:
                return False
            return True

        return self._stored(address, digest, found.length, is_signed)

    def file(self, sha256: str, limit: int) -> bytes:
        """Return a file that a target pins by its digest.

        Raises:
            McpInstallError: `digest-mismatch`, `registry-unavailable`, or `offline-missing`.
        """
        return self._stored(
            f"{tuf_layout.FILES}/{sha256}",
            sha256,
            limit,
            lambda data: hashlib.sha256(data).hexdigest() == sha256,
        )

    def _stored(
        self, address: str, digest: str, limit: int, is_signed: Callable[[bytes], bool]
    ) -> bytes:
        """Return a file from the cache, else from the repository, when it is what is signed."""
        path = self._places.cache / digest
        saved = files.read_optional(path, limit) if _fits(path, limit) else None
        if saved is not None and is_signed(saved):
            return saved
        if self._fetcher is None and os.path.lexists(path):
            raise McpInstallError(
                ErrorCode.DIGEST_MISMATCH,
                f"`{address}` of the registry `{self._places.name}`, as it was saved, is not the "
                "file that is signed",
                hint=f"`{path}` was changed; a command that may ask the registry fetches it again",
            )
        data = self._fetched(address, limit)
        if not is_signed(data):
            raise McpInstallError(
                ErrorCode.DIGEST_MISMATCH,
                f"`{address}` of the registry `{self._places.name}` is not the file that is signed",
                hint=f"expected `{digest}`, got sha256 `{hashlib.sha256(data).hexdigest()}`",
            )
        files.private_folder(self._places.cache)
        files.write_atomic(path, data)
        return data

    def _fetched(self, address: str, limit: int) -> bytes:
        if self._fetcher is None:
            raise McpInstallError(
                ErrorCode.OFFLINE_MISSING,
                f"`{address}` of the registry `{self._places.name}` was not downloaded before",
                hint="run the command once without `--offline`",
            )
        with self._refusals():
            return self._fetcher.download_bytes(self._places.address(address), limit)

    # Opening ---------------------------------------------------------------------------------

    def _opened(self) -> tuple[Updater, Freshness, str]:
        """Ask the repository, else what was saved; where that has expired, without expiry."""
        why, refused = "offline", None
        if self._fetcher is not None:
            try:
                return self._refreshed(self._fetcher, self._at), Freshness.FRESH, ""
            except exceptions.DownloadError as error:
                why = str(error)
            except exceptions.ExpiredMetadataError as error:
                why, refused = "", _refusal(self._places.name, error)
            except exceptions.RepositoryError as error:
                raise _refusal(self._places.name, error) from None
        try:
            return self._from_saved(why, expired=refused is not None)
        except exceptions.DownloadError:
            raise refused or _unavailable(self._places.name, why) from None
        except exceptions.RepositoryError as error:
            raise refused or _refusal(self._places.name, error) from None

    def _from_saved(self, why: str, *, expired: bool) -> tuple[Updater, Freshness, str]:
        saved = SavedFetcher(self._places.metadata)
        if not expired:
            with contextlib.suppress(exceptions.ExpiredMetadataError):
                return self._refreshed(saved, self._at), Freshness.SAVED, why
        return self._refreshed(saved, _BEGINNING), Freshness.STALE, why

    def _refreshed(self, fetcher: BoundedFetcher, at: datetime) -> Updater:
        client = _Unsaved if self._read_only else Updater
        updater = client(
            str(self._places.metadata),
            self._places.address(self._places.metadata_at),
            fetcher=fetcher,
            config=_config(),
            bootstrap=self._places.root,
        )
        # python-tuf takes the machine's clock, which may stand before the latest time seen, and
        # has no way to read authentic metadata that has expired.
        updater._trusted_set.reference_time = at  # noqa: SLF001
        updater.refresh()
        return updater

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._places.metadata.parent / "lock"
        with files.locked_to_read(lock) if self._read_only else files.locked(lock):
            yield

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except exceptions.DownloadError as error:
            raise McpInstallError(
                ErrorCode.REGISTRY_UNAVAILABLE,
                f"the registry `{self._places.name}` can't be read: {error}",
                hint="try again later; what was downloaded before works with `--offline`",
            ) from None
        except exceptions.RepositoryError as error:
            raise _refusal(self._places.name, error) from None


def _fits(path: Path, limit: int) -> bool:
    """Tell whether a saved file is not longer than it may be; one that is, is fetched again."""
    try:
        return path.lstat().st_size <= limit
    except OSError:
        return False


def _config() -> UpdaterConfig:
    return UpdaterConfig(
        max_root_rotations=limits.TUF_ROTATIONS,
        max_delegations=limits.TUF_DELEGATIONS,
        targets_max_length=limits.TUF_TARGETS_BYTES,
    )


def _refusal(name: str, error: exceptions.RepositoryError) -> McpInstallError:
    """Return what a refusal of python-tuf means; its text can hold text from outside."""
    if isinstance(error, exceptions.ExpiredMetadataError):
        return McpInstallError(
            ErrorCode.REGISTRY_STALE,
            f"a role of the registry `{name}` has expired: {error}",
            hint="its owner has to publish again; installed servers keep running",
        )
    if isinstance(error, exceptions.BadVersionNumberError):
        return McpInstallError(
            ErrorCode.REGISTRY_ROLLED_BACK,
            f"the registry `{name}` shows an older state than this machine has seen, or a mix "
            f"of two: {error}",
            hint="an older state can hide revocations; tell the owner of the registry",
        )
    return _invalid(name, str(error))


def _unavailable(name: str, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.REGISTRY_UNAVAILABLE,
        f"the registry `{name}` can't be reached: {why}",
        hint="check its address with `mcpi registry list`, and the network",
    )


def _invalid(name: str, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.REGISTRY_INVALID,
        f"the registry `{name}` is not what its keys signed: {why}",
        hint="don't install from it; tell its owner",
    )
