"""Wheels of manifests: from the store or the index, hashed, inspected; facts, no verdicts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mcpinstall import environments, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.lock import Lock
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_results import Results
from mcpinstall.rules.manifests.facts import NeededHook, WheelFacts, Wheels

_WORKERS = 8  # threads; unpacking and hashing let others run
_OTHER_BYTES = {ErrorCode.ARTIFACT_SIZE, ErrorCode.DIGEST_MISMATCH}


@dataclass(slots=True)
class Examined:
    """What is known of wheels, by artifact."""

    facts: dict[Artifact, WheelFacts] = field(default_factory=dict)
    wrong: dict[Artifact, str] = field(default_factory=dict)
    """What the index gave with other bytes than the lock says."""
    unknown: dict[Artifact, McpInstallError] = field(default_factory=dict)
    """What could not be looked at, and why."""

    def wheels(self, lock: Lock | None) -> Wheels:
        """Return what is known of the wheels of one lock."""
        every = artifacts_of([lock])
        return Wheels(
            facts=tuple(self.facts[one] for one in every if one in self.facts),
            wrong=tuple((one.filename, self.wrong[one]) for one in every if one in self.wrong),
        )

    def unchecked(self, lock: Lock | None, subject: str) -> tuple[Unchecked, ...]:
        """Return why wheels of one lock are not known, each reason once."""
        reasons: dict[tuple[str, str, str], int] = {}
        for one in artifacts_of([lock]):
            if (error := self.unknown.get(one)) is not None:
                reason = (str(error.code), error.message, error.hint)
                reasons[reason] = reasons.get(reason, 0) + 1
        return tuple(
            Unchecked(
                subject=subject, code=code, hint=hint,
                message=message if count == 1 else f"{message} ({count} wheels)",
            )
            for (code, message, hint), count in reasons.items()
        )  # fmt: skip


def artifacts_of(locks: Iterable[Lock | None]) -> tuple[Artifact, ...]:
    """Return every wheel of some locks, each once."""
    return tuple(
        dict.fromkeys(
            wheel for lock in locks if lock for package in lock.packages for wheel in package.wheels
        )
    )


def examine(
    artifacts: Sequence[Artifact], results: Results, context: Context, *, offline: bool
) -> Examined:
    """Bring wheels into the store and inspect them; what is known of a digest is not repeated."""
    found = Examined()
    for artifact in artifacts:
        if (facts := results.wheel(artifact)) is not None:
            found.facts[artifact] = facts
    wanted = [artifact for artifact in artifacts if artifact not in found.facts]
    store = indexes.Store(context.paths.artifacts)
    if wanted and not offline:
        _fetch(wanted, found, context)
    _inspect([one for one in wanted if one not in found.wrong], store, results, found, context)
    return found


def withdrawn(
    artifacts: Sequence[Artifact], context: Context
) -> tuple[dict[str, str], McpInstallError | None]:
    """Return file name and reason of what the index withdrew, and why that is not all."""
    if not artifacts:
        return {}, None
    try:
        done = indexes.look_up_packages(
            artifacts,
            index=indexes.effective_index(context.machine, environments.uv_program()),
            store=indexes.Store(context.paths.artifacts),
            machine=context.machine,
            progress=context.progress,
        )
    except McpInstallError as error:
        return {}, error
    problem = None
    if not done.yanked_checked:
        problem = McpInstallError(
            ErrorCode.INDEX_UNAVAILABLE,
            "the index does not list every file: whether releases were withdrawn is not known",
        )
    return dict(done.yanked), problem


def _fetch(wanted: Sequence[Artifact], found: Examined, context: Context) -> None:
    """Fetch all at once; where that fails, each by itself, to know which one it is."""
    try:
        fetch(wanted, context, offline=False)
    except McpInstallError:
        for artifact in wanted:
            try:
                fetch([artifact], context, offline=False)
            except McpInstallError as error:
                if error.code in _OTHER_BYTES:
                    found.wrong[artifact] = error.message
                else:
                    found.unknown[artifact] = error


def fetch(wanted: Sequence[Artifact], context: Context, *, offline: bool) -> None:
    """Bring wheels into the store.

    Raises:
        McpInstallError: as `indexes.fetch_artifacts`.
    """
    indexes.fetch_artifacts(
        wanted,
        index=lambda: indexes.effective_index(context.machine, environments.uv_program()),
        store=indexes.Store(context.paths.artifacts),
        machine=context.machine,
        progress=context.progress,
        offline=offline,
    )


def _inspect(
    wanted: Sequence[Artifact],
    store: indexes.Store,
    results: Results,
    found: Examined,
    context: Context,
) -> None:
    """Hash and inspect what the store has, several at once."""
    ready = []
    for artifact in wanted:
        held = store.held(artifact)
        if held is indexes.Held.INTACT:
            ready.append(artifact)
        elif artifact not in found.unknown:
            found.unknown[artifact] = _absent(held)
    if ready:
        context.progress.step(f"inspecting {len(ready)} wheels")
    with ThreadPoolExecutor(min(_WORKERS, os.cpu_count() or 1)) as pool:
        paths = (store.path(artifact.sha256) for artifact in ready)
        for artifact, facts in zip(ready, pool.map(_facts, ready, paths), strict=True):
            found.facts[artifact] = facts
            results.keep_wheel(artifact, facts)


def _absent(held: indexes.Held) -> McpInstallError:
    if held is indexes.Held.DAMAGED:
        return McpInstallError(
            ErrorCode.DIGEST_MISMATCH, "the stored copy of a wheel is damaged",
            hint="run it once without `--offline`: the file is then fetched again",
        )  # fmt: skip
    return McpInstallError(
        ErrorCode.OFFLINE_MISSING, "wheels are not in the store, so nobody looked into them",
        hint="run it once without `--offline`",
    )  # fmt: skip


def _facts(artifact: Artifact, path: Path) -> WheelFacts:
    """Inspect one wheel; hooks are facts here, whether accepted or not."""
    try:
        with path.open("rb") as file:
            needed = verification.unaccepted_hooks(file, artifact)
            file.seek(0)
            inspection = verification.inspect_wheel(file, artifact, needed)
            file.seek(0)
            metadata = verification.metadata_of(file, inspection)
    except McpInstallError as error:
        return WheelFacts(filename=artifact.filename, refusal=error.message)
    return WheelFacts(
        filename=artifact.filename,
        hooks=tuple(
            NeededHook(member=hook.member, sha256=hook.sha256, kind=hook.kind) for hook in needed
        ),
        scripts=tuple(script.name for script in inspection.scripts),
        licensed=verification.names_a_licence(metadata, inspection),
    )
