"""From a plan's artifacts to environments: fetch, verify, build; caches only."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mcpinstall import environments, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact, EntryPoint, VerifiedArtifact
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.operations.context import Context
from mcpinstall.system import files, locking

_IN_USE = "in-use"
"""Name of the file in a staging folder that its process keeps locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One server's files: fetched, compared, inspected, in a private folder."""

    server: ServerPlan
    folder: Path
    artifacts: tuple[VerifiedArtifact, ...]

    @property
    def entry_point(self) -> EntryPoint:
        """Return what the manifest's script calls.

        Raises:
            McpInstallError: `manifest-invalid` when the package has no such script.
        """
        choice = self.server.reviewed.manifest.local
        for artifact in self.artifacts:
            if artifact.artifact.package != environments.normalized(choice.identifier):
                continue
            for script in artifact.inspection.scripts:
                if script.name == choice.script:
                    return script
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID,
            f"`{choice.identifier}` {choice.version} has no script `{choice.script}`",
        )


def fetch(servers: Sequence[ServerPlan], request: Request, context: Context) -> indexes.Fetched:
    """Fetch every artifact of all servers that are not in place already, each once.

    Raises:
        McpInstallError: `download-failed`, `offline-missing`, `digest-mismatch` …
    """
    wanted: dict[str, Artifact] = {
        artifact.sha256: artifact
        for server in servers
        if not server.already_installed
        for artifact in server.artifacts
    }
    return indexes.fetch_artifacts(
        tuple(wanted.values()),
        index=lambda: indexes.effective_index(context.machine, environments.uv_program()),
        store=indexes.Store(context.paths.artifacts),
        machine=context.machine,
        progress=context.progress,
        offline=request.offline,
    )


def verify(
    server: ServerPlan, fetched: indexes.Fetched, staging: Path, context: Context
) -> Verified:
    """Copy a server's files out of the store, comparing and inspecting each.

    Raises:
        McpInstallError: `digest-mismatch`, `archive-refused` …
    """
    folder = files.private_folder(staging / f"wheels-{server.slug}")
    paths = {artifact.sha256: path for artifact, path in fetched.paths}
    verified = verification.stage_artifacts(
        [(artifact, paths[artifact.sha256]) for artifact in server.artifacts],
        folder,
        server.reviewed.manifest.hooks,
        progress=context.progress,
    )
    return Verified(server=server, folder=folder, artifacts=verified)


def new_folder(context: Context, *, only_reading: bool = False) -> Path:
    """Return a new private folder in the cache; folders of dead processes are swept.

    A command that is `only_reading` does without locks on a file system that has none: there,
    nobody sweeps.

    Raises:
        McpInstallError: `lock-unsupported`, `state-unsafe`, `disk-failed` …
    """
    _require_utf8(context.paths.staging)
    staging = files.private_folder(context.paths.staging)
    # Nobody sweeps a folder before its own lock is held.
    try:
        with files.locked(staging.with_name("staging.lock")):
            _sweep(staging)
            return _kept_folder(staging)
    except McpInstallError as error:
        if error.code is not ErrorCode.LOCK_UNSUPPORTED or not only_reading:
            raise
    return _kept_folder(staging)


def _require_utf8(folder: Path) -> None:
    """Refuse what uv would refuse with less to say."""
    try:
        str(folder).encode("utf-8")
    except UnicodeEncodeError:
        raise McpInstallError(
            ErrorCode.STATE_UNSAFE,
            f"the path of the cache `{folder}` is not UTF-8, which uv can't work with",
            hint="set `MCPI_HOME` or `XDG_CACHE_HOME` to a folder with another name",
        ) from None


def _kept_folder(staging: Path) -> Path:
    folder = files.private_folder(staging / secrets.token_hex(8))
    locking.keep(folder / _IN_USE)
    return folder


def _sweep(staging: Path) -> None:
    """Delete what dead processes were building; a failure costs only disk space."""
    with files.disk_errors(f"look at `{staging}`"):
        folders = [path for path in staging.iterdir() if path.is_dir()]
    for folder in folders:
        lock = folder / _IN_USE
        with contextlib.suppress(McpInstallError, OSError):
            if not lock.is_file() or locking.try_exclusive(lock):
                files.remove_tree(folder)


def discard(folder: Path) -> None:
    """Delete such a folder; where that fails, a later `new_folder` does it."""
    with contextlib.suppress(McpInstallError):
        files.remove_tree(folder)


def build(verified: Verified, context: Context) -> StagedEnvironment:
    """Build one server's environment from its verified files; none of its code runs."""
    server = verified.server
    home = environments.server_home(context.paths.servers, server.slug)
    try:
        return environments.stage(
            lock=server.reviewed.lock,
            verified=verified.artifacts,
            interpreter=server.python,
            entry_point=verified.entry_point,
            final=home / server.generation,
            staging=verified.folder.parent / f"environment-{server.slug}",
            machine=context.machine,
            uv=environments.uv_program(),
        )
    except McpInstallError as error:
        if error.code is ErrorCode.TOOL_FAILED:
            _require_same_files(verified)
        raise


def _require_same_files(verified: Verified) -> None:
    """Say what it was when uv stumbled over a file that was swapped after its inspection.

    Raises:
        McpInstallError: `digest-mismatch`.
    """
    for one in verified.artifacts:
        if not one.path.is_file() or files.sha256_of(one.path) != one.artifact.sha256:
            raise McpInstallError(
                ErrorCode.DIGEST_MISMATCH,
                f"`{one.artifact.filename}` was changed after it was inspected",
                hint="another program writes into mcpinstall's cache; nothing of it was started",
            )


def start(
    verified: Sequence[Verified], build_one: Callable[[Verified], StagedEnvironment]
) -> tuple[tuple[str, Future[StagedEnvironment]], ...]:
    """Build the environments in the background, one after the other, while the person reads."""
    if not verified:
        return ()
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="staging")
    futures = tuple((one.server.slug, pool.submit(build_one, one)) for one in verified)
    pool.shutdown(wait=False)
    return futures
