"""From a plan's artifacts to environments: fetch, verify, build; caches only."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mcpinstall import environments, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact, EntryPoint, VerifiedArtifact
from mcpinstall.model.environment import Interpreter, StagedEnvironment
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


class Introduction:
    """uv gets to know an interpreter in the background (`environments.introduce`), once."""

    def __init__(self, folder: Path, context: Context) -> None:
        self._folder, self._context = folder, context
        self._job: Future[None] | None = None

    def begin(self, interpreter: Interpreter) -> None:
        """Begin, unless it was begun: when the first file is there, the network is free for it."""
        if self._job is None:
            with _one_thread() as pool:
                self._job = pool.submit(self._introduce, interpreter)

    def wait(self) -> None:
        """Wait until it is done, or has failed: `environments.stage` tells what is wrong."""
        if self._job is not None:
            self._job.exception()

    def _introduce(self, interpreter: Interpreter) -> None:
        uv = environments.uv_program()
        environments.introduce(uv, interpreter, self._folder, self._context.machine)


def fetched(
    servers: Sequence[ServerPlan],
    request: Request,
    folder: Path,
    context: Context,
    introduction: Introduction | None = None,
    *,
    attested: Collection[str] = (),
) -> tuple[indexes.Fetched, tuple[Verified, ...]]:
    """Fetch every artifact of the servers that are not in place already, each once; check all.

    Each server's files are copied out of the store into a folder below `folder`, compared and
    inspected as they arrive; with the first, the `introduction` to its interpreter is begun.
    The index is asked who made the files that `attested` names by their sha256.

    Raises:
        McpInstallError: `download-failed`, `offline-missing`, `digest-mismatch`,
            `archive-refused` …
    """
    new = [one for one in servers if not one.already_installed and one.remote is None]
    wanted: dict[str, Artifact] = {
        artifact.sha256: artifact for server in new for artifact in server.artifacts
    }
    with contextlib.ExitStack() as stack:
        begun = [_Begun(server, folder, stack) for server in new]

        def stored(artifact: Artifact, path: Path) -> None:
            if introduction is not None:
                introduction.begin(new[0].python)
            for one in begun:
                one.take(artifact.sha256, path)

        found = indexes.fetch_artifacts(
            tuple(wanted.values()),
            index=lambda: indexes.effective_index(context.machine, environments.uv_program()),
            store=indexes.Store(context.paths.artifacts),
            machine=context.machine,
            progress=context.progress,
            offline=request.offline,
            stored=stored,
            attested=attested,
        )
        if wanted:
            context.progress.step(f"checking {verification.counted(len(wanted), 'file')}")
        return found, tuple(one.verified() for one in begun)


class _Begun:
    """One server whose files are checked while they arrive."""

    def __init__(self, server: ServerPlan, folder: Path, stack: contextlib.ExitStack) -> None:
        self._server = server
        self._folder = files.private_folder(folder / f"wheels-{server.slug}")
        self._artifacts = {artifact.sha256: artifact for artifact in server.artifacts}
        hooks = server.reviewed.manifest.hooks
        self._copies = stack.enter_context(verification.Copies(self._folder, hooks))

    def take(self, sha256: str, stored: Path) -> None:
        """Begin with the file of that digest, if it is one of the server's."""
        if sha256 in self._artifacts:
            self._copies.add(self._artifacts[sha256], stored)

    def verified(self) -> Verified:
        """Wait for the checks."""
        artifacts = self._copies.verified(self._server.artifacts)
        return Verified(server=self._server, folder=self._folder, artifacts=artifacts)


def yanked_unknown(fetched: indexes.Fetched, request: Request, server: ServerPlan) -> str:
    """Return why nobody knows whether files were withdrawn; nothing where the index said it."""
    if request.offline:
        return "offline"
    if server.already_installed:
        return "in place already"
    if fetched.yanked_checked:
        return ""
    return "the index gave no answer" if fetched.downloaded_bytes else "files are at hand already"


@contextlib.contextmanager
def _one_thread() -> Iterator[ThreadPoolExecutor]:
    """Yield an executor of one thread, which ends with its jobs; nobody waits for it here."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="staging")
    yield pool
    pool.shutdown(wait=False)


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


def build(
    verified: Verified, context: Context, introduction: Introduction | None = None
) -> StagedEnvironment:
    """Build one server's environment from its verified files; none of its code runs.

    The `introduction` that `fetched` began is waited for.
    """
    if introduction is not None:
        introduction.wait()
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
    with _one_thread() as pool:
        return tuple((one.server.slug, pool.submit(build_one, one)) for one in verified)
