"""Files of a plan: from the store, or from the indexes into it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes.configured import Index, Source
from mcpinstall.indexes.lookups import Opened
from mcpinstall.indexes.provenance import Offered
from mcpinstall.indexes.store import Held, Store
from mcpinstall.indexes.transfer import Transfer
from mcpinstall.model.artifact import Artifact
from mcpinstall.system.fetch import Client
from mcpinstall.system.machine import Machine
from mcpinstall.system.progress import Progress, SilentProgress

MakeClient = Callable[[Source, Machine], Client]
Stored = Callable[[Artifact, Path], None]
"""Is told about each artifact as soon as the store has it, in the thread that fetches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Where every artifact of a plan now is, and what it took."""

    paths: tuple[tuple[Artifact, Path], ...]
    """In the order asked for; verification hashes each again as it takes it out."""
    downloaded_bytes: int = 0
    from_store: int = 0
    """Number of files that were there already."""
    repaired: tuple[str, ...] = ()
    """Files whose stored copy was damaged and was fetched again."""
    yanked: tuple[tuple[str, str], ...] = ()
    """File name and reason (possibly empty) of what its index withdrew (PEP 592)."""
    yanked_checked: bool = False
    """Whether every package was looked up: never offline, nor when no file was missing."""
    proxied: bool = False
    """A proxy was in use, so the addresses of the hosts behind it were not checked."""
    offered: Mapping[str, Offered | McpInstallError] = field(default_factory=dict)
    """What the index offers about who made a file, by sha256, of those that it was asked for."""


def client_of(source: Source, machine: Machine) -> Client:
    """Return the client of one index."""
    return Client(source.url.text, machine=machine, credentials=source.credentials)


def fetch_artifacts(  # noqa: PLR0913 (each stands for itself, and has a plain default)
    artifacts: Sequence[Artifact],
    *,
    index: Index | Callable[[], Index] | None,
    store: Store,
    machine: Machine,
    progress: Progress | None = None,
    offline: bool = False,
    make_client: MakeClient = client_of,
    stored: Stored | None = None,
    attested: Collection[str] = (),
) -> Fetched:
    """Bring every artifact into the store, at exactly its size and digest.

    `index` may be a function, which is called only when a file is missing, or `attested` names
    files, by sha256, about which the index is to be asked who made them; never `offline`.

    Raises:
        McpInstallError: `offline-missing`, `index-unavailable`, `index-forbidden`,
            `download-failed`, `artifact-size`, `digest-mismatch` or `disk-failed`.
    """
    held = {artifact: store.held(artifact) for artifact in artifacts}
    damaged = [artifact for artifact in held if held[artifact] is Held.DAMAGED]
    missing = [artifact for artifact in held if held[artifact] is not Held.INTACT]
    paths = tuple((artifact, store.path(artifact.sha256)) for artifact in artifacts)
    if offline:
        _require_nothing_missing(missing, damaged)
    for artifact, path in paths:
        if stored is not None and held[artifact] is Held.INTACT:
            stored(artifact, path)
    if not missing and (offline or not attested):
        return Fetched(paths=paths, from_store=len(held))
    chosen = index() if callable(index) else index
    if chosen is None:
        raise McpInstallError(ErrorCode.INDEX_UNAVAILABLE, "there is no index to download from")
    for artifact in damaged:
        store.quarantine(artifact)
    progress = progress or SilentProgress()
    progress.step(f"downloading {len(missing)} files" if missing else "asking who made the files")
    with contextlib.ExitStack() as stack:
        opened = [
            Opened(source, stack.enter_context(make_client(source, machine)))
            for source in chosen.sources
        ]
        transfer = Transfer(
            tuple(held), missing, opened=opened, store=store, machine=machine, progress=progress,
            stored=stored, attested=attested,
        )  # fmt: skip
        transfer.run()
    return Fetched(
        paths=paths,
        downloaded_bytes=sum(artifact.size for artifact in missing),
        from_store=len(held) - len(missing),
        repaired=tuple(artifact.filename for artifact in damaged),
        yanked=transfer.yanked,
        yanked_checked=transfer.looked_up_all,
        proxied=any(at.client.proxied for at in opened),
        offered=transfer.offered,
    )


def look_up_packages(
    artifacts: Sequence[Artifact],
    *,
    index: Index,
    store: Store,
    machine: Machine,
    progress: Progress | None = None,
    make_client: MakeClient = client_of,
) -> Fetched:
    """Ask the index about the package of every artifact; download nothing.

    Raises:
        McpInstallError: `download-failed` where nothing answers for too long.
    """
    progress = progress or SilentProgress()
    progress.step(f"looking up {len({artifact.package for artifact in artifacts})} packages")
    with contextlib.ExitStack() as stack:
        opened = [
            Opened(source, stack.enter_context(make_client(source, machine)))
            for source in index.sources
        ]
        transfer = Transfer(
            tuple(artifacts), (), opened=opened, store=store, machine=machine, progress=progress
        )
        transfer.run()
    return Fetched(paths=(), yanked=transfer.yanked, yanked_checked=transfer.looked_up_all)


def _require_nothing_missing(missing: Sequence[Artifact], damaged: Sequence[Artifact]) -> None:
    if damaged:
        raise McpInstallError(
            ErrorCode.DIGEST_MISMATCH,
            f"the stored copy of `{damaged[0].filename}` is damaged",
            hint="run it once without `--offline`: the file is then fetched again",
        )
    if missing:
        names = sorted(artifact.filename for artifact in missing)
        what = f"`{names[0]}` is" if len(names) == 1 else f"{len(names)} files are"
        raise McpInstallError(
            ErrorCode.OFFLINE_MISSING,
            f"{what} not in the store, and `--offline` was given",
            hint="run it once without `--offline`",
            evidence="\n".join(names),
        )
