"""Two reviewed versions, described down to what is in the wheels that changed.

It only looks: nothing of a wheel runs, and none is installed.  What can't be had is said, and
`planning.changes` then tells that it was not compared.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from mcpinstall import environments, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import toml_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.lock import Lock
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations.advisories import Advisories
from mcpinstall.operations.context import Context
from mcpinstall.operations.held_back import held_back
from mcpinstall.planning.advisories import Known
from mcpinstall.planning.changes import (
    Change,
    Described,
    HeldBack,
    WheelFacts,
    changed_packages,
    compare,
    wheel_facts,
)
from mcpinstall.system import files, limits

_NOT_THERE = frozenset({
    ErrorCode.DOWNLOAD_FAILED, ErrorCode.INDEX_FORBIDDEN, ErrorCode.INDEX_UNAVAILABLE,
})  # fmt: skip
"""A file that can't be had is told; one with other bytes than the lock's is refused."""

_THREADS = 2  # unpacking and hashing leave the interpreter lock; the rest doesn't


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed from one version to another."""

    before: Described
    after: Described
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    """Why something could not be compared, for people."""
    inspected: int
    """Files of the changed packages that were inspected for it."""
    needed: int
    """Files of the changed packages."""


def compare_servers(
    before: ReviewedServer,
    after: ReviewedServer,
    context: Context,
    *,
    offline: bool = False,
    look_up: bool = True,
) -> Comparison:
    """Compare two versions; the wheels of packages that changed are fetched and inspected.

    With `look_up`, the newer one's packages are looked up, for what is held back.

    Raises:
        McpInstallError: `digest-mismatch` or `artifact-size` when an index has other bytes than a
            lock names, `advisories-invalid`, `disk-failed`.
    """
    changed = changed_packages(before.lock, after.lock)
    wanted = {
        wheel.sha256: wheel
        for server in (before, after)
        for package in server.lock.packages
        if package.name in changed
        for wheel in package.wheels
    }
    gathering = _Gathering(context)
    facts = gathering.facts(tuple(wanted.values()), offline=offline)
    looking = bool(changed) and look_up
    held, more = _held(after, context, offline=offline) if looking else ((), ())
    advisories = Advisories(context)
    was, said = _advised(before, advisories), _advised(after, advisories)
    left = replace(_described(before, facts), advisories=_pairs(was))
    right = replace(
        _described(after, facts), advisories=_pairs(said), held=tuple(_with_ids(held, said))
    )
    unread = {f"advisories of {why}" for one in (was, said) for why in one.unread}
    return Comparison(
        before=left,
        after=right,
        changes=compare(left, right),
        notes=(*gathering.notes, *more, *sorted(unread)),
        inspected=len(facts),
        needed=len(wanted),
    )


def _advised(server: ReviewedServer, advisories: Advisories) -> Known:
    wheels = [wheel for package in server.lock.packages for wheel in package.wheels]
    return advisories.known(server, wheels)


def _pairs(known: Known) -> tuple[tuple[str, str], ...]:
    return tuple((item.package, one.id) for item in known.affected for one in item.advisories)


def _with_ids(held: Sequence[HeldBack], known: Known) -> Iterator[HeldBack]:
    """Yield what is held back, with the advisories against the version that is locked."""
    for one in held:
        ids = {
            advisory.id
            for item in known.affected
            if (item.package, item.version) == (one.package, one.version)
            for advisory in item.advisories
        }
        yield replace(one, advisories=tuple(sorted(ids)))


def _held(
    server: ReviewedServer, context: Context, *, offline: bool
) -> tuple[tuple[HeldBack, ...], tuple[str, ...]]:
    if offline:
        return (), ("held-back versions were not looked up (`--offline`)",)
    return held_back(server.lock, context)


def _described(server: ReviewedServer, facts: dict[str, WheelFacts]) -> Described:
    wheels = (wheel for package in server.lock.packages for wheel in package.wheels)
    return Described(
        manifest=server.manifest,
        server=server.server,
        lock=server.lock,
        tools=server.tools,
        wheels=tuple(facts[wheel.sha256] for wheel in wheels if wheel.sha256 in facts),
        publishers=tuple(_publishers(server.lock)),
    )


def _publishers(lock: Lock) -> Iterator[tuple[str, str]]:
    """Yield the packages with an `attestation-identities` (PEP 751), and each of it as JSON."""
    if not lock.text:
        return
    top = toml_text.parse(lock.text, ErrorCode.LOCK_INVALID, "pylock.toml")
    for package in top.each("packages"):
        for identity in package.each("attestation-identities"):
            said = json.dumps(dict(identity.table), sort_keys=True, default=str)
            yield package.text("name"), said


@dataclass
class _Gathering:
    """Wheels from the store, or from the indexes into it, and what is in them."""

    context: Context
    notes: list[str] = field(default_factory=list)

    def facts(self, wanted: Sequence[Artifact], *, offline: bool) -> dict[str, WheelFacts]:
        """Return what is in the wheels that could be had, by digest."""
        affordable = self._affordable(wanted)
        if not offline:
            self._fetch(affordable)
        store = indexes.Store(self.context.paths.artifacts)
        there = [one for one in affordable if store.path(one.sha256).is_file()]
        if missing := len(affordable) - len(there):
            what = verification.counted(missing, "file")
            why = "without `--offline` they are fetched" if offline else "no index has them"
            self.notes.append(f"not in the store: {what}; {why}")
        if there:
            self.context.progress.step(f"inspecting {verification.counted(len(there), 'file')}")
        with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="inspection") as pool:
            found = list(pool.map(functools.partial(_looked_at, store), there))
        self.notes += [one for one in found if isinstance(one, str)]
        return {one.sha256: one for one in found if isinstance(one, WheelFacts)}

    def _affordable(self, wanted: Sequence[Artifact]) -> tuple[Artifact, ...]:
        """Return the files up to the limit, the smallest packages first; tell of the others."""
        packages: dict[str, list[Artifact]] = {}
        for wheel in wanted:
            packages.setdefault(wheel.package, []).append(wheel)
        chosen: list[Artifact] = []
        left, large = limits.COMPARED_BYTES, []
        for name in sorted(packages, key=lambda one: (_size(packages[one]), one)):
            if (size := _size(packages[name])) > left:
                large.append(name)
                continue
            left -= size
            chosen += packages[name]
        if large:
            self.notes.append(
                f"the files of {', '.join(large)} are too large to be fetched for a comparison"
            )
        return tuple(chosen)

    def _fetch(self, wanted: Sequence[Artifact]) -> None:
        """Bring what the index has into the store; one missing file keeps no other away."""
        try:
            self._fetch_all(wanted)
        except McpInstallError as error:
            if error.code not in _NOT_THERE:
                raise
        else:
            return
        for package in sorted({one.package for one in wanted}):
            try:
                self._fetch_all([one for one in wanted if one.package == package])
            except McpInstallError as error:
                if error.code not in _NOT_THERE:
                    raise
                self.notes.append(f"{package}: {error.message}")
                if error.code is ErrorCode.INDEX_UNAVAILABLE:
                    return

    def _fetch_all(self, wanted: Sequence[Artifact]) -> None:
        indexes.fetch_artifacts(
            wanted,
            index=lambda: indexes.effective_index(self.context.machine, environments.uv_program()),
            store=indexes.Store(self.context.paths.artifacts),
            machine=self.context.machine,
            progress=self.context.progress,
        )


def _size(wheels: Sequence[Artifact]) -> int:
    return sum(one.size for one in wheels)


def _looked_at(store: indexes.Store, artifact: Artifact) -> WheelFacts | str:
    """Return what is in a stored wheel, or why that can't be told.

    Its bytes are compared with the digest by the very descriptor that is then read.
    """
    try:
        with (
            files.disk_errors(f"read `{artifact.filename}`"),
            store.path(artifact.sha256).open("rb") as file,
        ):
            if hashlib.file_digest(file, "sha256").hexdigest() != artifact.sha256:
                return f"the stored copy of {artifact.filename} is damaged"
            file.seek(0)
            inspection, needed = verification.examine_wheel(file, artifact)
    except McpInstallError as error:
        return f"{error.message} ({error.code})"
    return wheel_facts(artifact, inspection, needed)
