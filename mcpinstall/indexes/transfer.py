"""Look-ups and downloads side by side: the main thread decides, worker threads do."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import hints, provenance
from mcpinstall.indexes.lookups import Found, Opened, look_up
from mcpinstall.indexes.provenance import Offered
from mcpinstall.indexes.store import Store
from mcpinstall.indexes.workers import Settle, Workers
from mcpinstall.model.artifact import Artifact
from mcpinstall.system import limits
from mcpinstall.system.fetch import Client
from mcpinstall.system.machine import Machine
from mcpinstall.system.progress import Progress
from mcpinstall.system.urls import Url

_LOOK_SECONDS = 0.5  # seconds; on Windows, Ctrl-C is noticed only between two waits
_PATIENCE_SECONDS = 1.0  # seconds that a failed run waits for its threads


class Transfer:
    """One run over all artifacts of a plan.

    A file whose place is known from a hint starts at once, any other as soon as its package's
    page is there.  Packages without a missing file are looked up as well: their releases may
    have been withdrawn.
    """

    def __init__(
        self,
        artifacts: Sequence[Artifact],
        missing: Sequence[Artifact],
        *,
        opened: Sequence[Opened],
        store: Store,
        machine: Machine,
        progress: Progress,
        stored: Callable[[Artifact, Path], None] | None = None,
        attested: Collection[str] = (),
    ) -> None:
        self._stored = stored
        self._attested = attested
        self.offered: dict[str, Offered | McpInstallError] = {}
        """What the index offers about each of the `attested` files, by their sha256."""
        self._opened, self._store, self._machine = opened, store, machine
        self._open = sorted(missing, key=lambda artifact: -artifact.size)
        self._packages: dict[str, list[Artifact]] = {}
        for artifact in (*self._open, *(item for item in artifacts if item not in missing)):
            self._packages.setdefault(artifact.package, []).append(artifact)
        self._pages: dict[str, tuple[Found, ...] | McpInstallError] = {}
        self._started: set[Artifact] = set()
        self._guessed: set[Artifact] = set()
        self._awaited: set[Artifact] = set()
        self._base: str | None = None
        self._arrived = _Arrived(sum(artifact.size for artifact in missing), progress)
        self._finished: queue.SimpleQueue[Settle] = queue.SimpleQueue()
        self._look_ups = Workers(self._finished, limits.DOWNLOADS_AT_ONCE)
        self._downloads = Workers(self._finished, limits.DOWNLOADS_AT_ONCE)

    @property
    def yanked(self) -> tuple[tuple[str, str], ...]:
        """File name and reason of what its index withdrew."""
        pages = [page for page in self._pages.values() if not isinstance(page, McpInstallError)]
        return tuple(
            (found.artifact.filename, found.at.client.without_secrets(found.yanked))
            for page in pages
            for found in page
            if found.yanked is not None
        )

    @property
    def looked_up_all(self) -> bool:
        """Whether every package's page was read."""
        return not any(isinstance(page, McpInstallError) for page in self._pages.values())

    def run(self) -> None:
        """Look up every package and bring every missing file into the store.

        Raises:
            McpInstallError: the first failure; nothing half is left in the store.
        """
        self._guess(hints.remembered(self._index_url, self._machine))
        for package, artifacts in self._packages.items():
            self._look_ups.submit(
                partial(look_up, package, artifacts, self._opened),
                partial(self._looked_up, package),
            )
        patience, leave = _PATIENCE_SECONDS, Client.close
        try:
            while self._open or self._awaited or len(self._pages) < len(self._packages):
                self._next()()
            patience, leave = limits.READ_SECONDS, Client.stop
        finally:
            for at in self._opened:
                leave(at.client)
            self._look_ups.end(patience)
            self._downloads.end(patience)

    @property
    def _index_url(self) -> str:
        return self._opened[-1].source.url.text

    def _next(self) -> Settle:
        for _ in range(int(limits.DOWNLOAD_SECONDS / _LOOK_SECONDS)):
            with contextlib.suppress(queue.Empty):
                return self._finished.get(timeout=_LOOK_SECONDS)
        raise McpInstallError(
            ErrorCode.DOWNLOAD_FAILED,
            f"nothing was finished for {limits.DOWNLOAD_SECONDS:.0f} s",
            hint="the index is too slow or keeps its connections hanging; try again later",
        )

    def _looked_up(self, package: str, page: tuple[Found, ...] | McpInstallError) -> None:
        self._pages[package] = page
        if not isinstance(page, McpInstallError):
            self._learn(page)
        for artifact in self._packages[package]:
            self._start(artifact)
            if artifact.sha256 in self._attested:
                self._ask(artifact, page)

    def _ask(self, artifact: Artifact, page: tuple[Found, ...] | McpInstallError) -> None:
        """Fetch what the index offers about who made a file."""
        if isinstance(page, McpInstallError):
            self.offered[artifact.sha256] = page
            return
        found = next(found for found in page if found.artifact == artifact)
        self._awaited.add(artifact)

        def then(outcome: Offered | McpInstallError) -> None:
            self._awaited.discard(artifact)
            self.offered[artifact.sha256] = outcome

        self._look_ups.submit(partial(provenance.fetch, found), then)

    def _learn(self, page: tuple[Found, ...]) -> None:
        """Take from a page where the default index keeps its files."""
        for found in page:
            if found.at is not self._opened[-1] or found.artifact.hint is None:
                continue
            base = hints.base_of(found.url, found.artifact.hint)
            if base is not None and base != self._base:
                hints.remember(self._index_url, self._machine, base)
                self._guess(base)

    def _guess(self, base: str | None) -> None:
        """Start what a hint leads to, once per file."""
        self._base = base
        for artifact in self._open if base else ():
            url = hints.place(base or "", artifact.hint)
            if url is not None and artifact not in self._started | self._guessed:
                self._guessed.add(artifact)
                self._download(artifact, url, self._opened[-1], guessed=True)

    def _start(self, artifact: Artifact) -> None:
        """Start a missing file from its package's page, unless it is on its way."""
        page = self._pages.get(artifact.package)
        if artifact not in self._open or artifact in self._started or page is None:
            return
        if isinstance(page, McpInstallError):
            raise page
        found = next(found for found in page if found.artifact == artifact)
        self._download(artifact, found.url, found.at, guessed=False)

    def _download(self, artifact: Artifact, url: Url, at: Opened, *, guessed: bool) -> None:
        self._started.add(artifact)
        attempts = 1 if guessed else limits.ATTEMPTS

        def job() -> None:
            with self._store.incoming(artifact) as sink:
                at.client.download(
                    url, sink, name=artifact.filename, size=artifact.size,
                    sha256=artifact.sha256, attempts=attempts, arrived=self._arrived.count,
                )  # fmt: skip

        def then(outcome: McpInstallError | None) -> None:
            if outcome is None:
                self._open.remove(artifact)
                if self._stored is not None:
                    self._stored(artifact, self._store.path(artifact.sha256))
                return
            if not guessed:
                raise outcome
            self._started.discard(artifact)
            self._start(artifact)

        self._downloads.submit(job, then)


class _Arrived:
    """Bytes that have arrived, told to a listener from several threads."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total, self._progress = total, progress
        self._done = 0
        self._lock = threading.Lock()

    def count(self, more: int) -> None:
        """Add `more` bytes; negative when a try is given up."""
        with self._lock:
            self._done += more
            self._progress.transferred(self._done, self._total)
