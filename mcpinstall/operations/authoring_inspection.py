"""Every wheel of every platform of a lock, fetched and inspected; nothing of them runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcpinstall import environments, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact, EntryPoint
from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import Hook
from mcpinstall.operations.context import Context
from mcpinstall.system import limits

_SHOWN = 4096  # bytes of a member that are kept, for a person to read


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One wheel that was inspected whole."""

    artifact: Artifact
    scripts: tuple[EntryPoint, ...]
    hooks: tuple[Hook, ...]
    """What has to be accepted; nobody has given a reason yet."""
    starts: tuple[bytes, ...]
    """The beginning of each of them."""
    metadata: str
    """METADATA of the package itself; empty for the others."""


def examined(locked: Lock, context: Context, *, package: str = "") -> tuple[Examined, ...]:
    """Fetch and inspect every wheel; of `package` METADATA is kept.

    Raises:
        McpInstallError: `archive-refused`, `artifact-size`, `download-failed`, `digest-mismatch`.
    """
    artifacts = tuple(wheel for one in locked.packages for wheel in one.wheels)
    if not artifacts:
        return ()
    _require_bounded(artifacts)
    fetched = indexes.fetch_artifacts(
        artifacts,
        index=lambda: indexes.effective_index(context.machine, environments.uv_program()),
        store=indexes.Store(context.paths.artifacts),
        machine=context.machine,
        progress=context.progress,
    )
    found: list[Examined] = []
    waiting = 0
    for artifact, path in fetched.paths:
        context.progress.step(f"inspecting {artifact.filename}")
        with path.open("rb") as file:
            inspection, hooks = verification.examine_wheel(file, artifact)
            waiting += len(hooks)
            if waiting > limits.ACCEPTED_MEMBERS:
                raise _too_many(artifact)
            found.append(
                Examined(
                    artifact=artifact,
                    scripts=inspection.scripts,
                    hooks=hooks,
                    starts=tuple(
                        verification.member_start(file, hook.member, _SHOWN) for hook in hooks
                    ),
                    metadata=verification.metadata_of(file, inspection)
                    if artifact.package == package
                    else "",
                )
            )
    return tuple(found)


def _require_bounded(artifacts: Sequence[Artifact]) -> None:
    """Refuse a lock of more bytes than anybody's disk should take; no file is longer than said."""
    total = sum(one.size for one in artifacts)
    if total <= limits.LOCKED_BYTES:
        return
    largest = max(artifacts, key=lambda one: one.size)
    raise McpInstallError(
        ErrorCode.ARTIFACT_SIZE,
        f"the {len(artifacts)} files of the lock have {total:,} bytes together, and at most "
        f"{limits.LOCKED_BYTES:,} are fetched; the largest is `{largest.filename}` "
        f"({largest.size:,})",
        hint="lock it for fewer platforms (`--platform` of `manifest new`, fewer `platforms` in "
        "`manifest.toml`), or take a package that needs less",
    )


def _too_many(artifact: Artifact) -> McpInstallError:
    return McpInstallError(
        ErrorCode.ARCHIVE_REFUSED,
        f"more than {limits.ACCEPTED_MEMBERS} start-up hooks and programs would have to be "
        f"accepted (up to `{artifact.filename}`)",
        hint="nobody reads so many: it is no server for a registry",
    )
