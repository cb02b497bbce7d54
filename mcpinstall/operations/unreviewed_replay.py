"""`--lock FILE`: what an earlier plan pinned, checked as if a stranger had written it.

A file can claim anything about the age of what it pins, and a policy may rest on that.  The
index is asked; where it does not tell, or nobody is asked, no age is vouched for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from mcpinstall import environments, indexes
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.plan import Request
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.unreviewed_lock import SourceKind, UnreviewedLock
from mcpinstall.operations import unreviewed_locking, unreviewed_mcp, unreviewed_records
from mcpinstall.operations.context import Context
from mcpinstall.operations.unreviewed_locking import Wanted
from mcpinstall.planning import selection

_TOLERANCE = timedelta(days=1)
"""Mirrors may tell a file's time a little later than the index that it comes from."""


def read(
    wanted: tuple[SourceKind, str, str | None], request: Request, context: Context
) -> tuple[UnreviewedLock, bool]:
    """Return the lock of `--lock FILE`, and whether the index told how old its files are.

    Raises:
        McpInstallError: `usage`, `lock-invalid`, `index-forbidden`, `policy-refused` for what is
            too young, and what the look at the package refuses.
    """
    if request.lock_file is None or len(request.names) != 1:
        raise McpInstallError(
            ErrorCode.USAGE, "`--lock` is the lock of one server, but several are named"
        )
    lock = unreviewed_records.read(request.lock_file)
    source, name, version = wanted
    if (lock.source, lock.name) != (source, name) or version not in (None, lock.version):
        raise McpInstallError(
            ErrorCode.LOCK_INVALID,
            f"`{request.lock_file}` is the lock of `{lock.full_name}` {lock.version}",
            hint=f"name that: `mcpi install {lock.full_name} --lock …`",
        )
    unreviewed_records.require_bound(lock, "", context)
    if lock.package is None:
        return lock, True
    unreviewed_locking.require_old_enough(lock.lock, context.now)
    interpreter = unreviewed_locking.interpreter_for(lock.package, request.python, context)
    if request.offline:
        _require_script(lock, interpreter, None, request, context)
        return lock, False
    index = indexes.effective_index(context.machine, environments.uv_program())
    context.progress.step("asking the index how old the files of the lock are")
    told = indexes.published(selection.select(lock.lock, interpreter), index, context.machine)
    _require_true_ages(told, context.now)
    _require_script(lock, interpreter, index, request, context)
    return lock, None not in told.values()


def without_ages(server: ReviewedServer) -> ReviewedServer:
    """Return a server whose files are of unknown age, and say so."""
    packages = tuple(
        replace(one, wheels=tuple(replace(wheel, uploaded=None) for wheel in one.wheels))
        for one in server.lock.packages
    )
    count = sum(len(one.wheels) for one in packages)
    evidence = (
        f"nobody wrote one; {len(packages)} packages ({count} files) as your lock file pins them; "
        "their age is what that file claims"
    )
    return replace(
        server,
        lock=replace(server.lock, packages=packages),
        check=replace(server.check, evidence=evidence),
    )


def _require_true_ages(told: dict[Artifact, datetime | None], now: datetime) -> None:
    """Refuse files that are younger than 7 days, or than the lock claims, by their index."""
    latest = now - unreviewed_locking.MINIMUM_AGE
    known = [(one, when) for one, when in told.items() if when is not None]
    young = [f"{one.filename}: {when:%Y-%m-%d %H:%M} UTC" for one, when in known if when > latest]
    if young:
        raise McpInstallError(
            ErrorCode.POLICY_REFUSED,
            "files are younger than 7 days, whatever the lock says",
            hint="nobody reviewed them, so time has to: wait, or name an older version",
            evidence="\n".join(young[:50]),
        )
    for one, when in known:
        if one.uploaded is not None and when - one.uploaded > _TOLERANCE:
            raise McpInstallError(
                ErrorCode.LOCK_INVALID,
                f"the lock says that `{one.filename}` was published on "
                f"{one.uploaded:%Y-%m-%d}, and its index says {when:%Y-%m-%d}",
                hint="without `--lock` the package is looked at anew",
            )


def _require_script(
    lock: UnreviewedLock,
    interpreter: Interpreter,
    index: indexes.Index | None,
    request: Request,
    context: Context,
) -> None:
    """Refuse a lock that starts something else than mcpinstall itself would choose."""
    if lock.package is None:
        return
    wanted = Wanted(
        identifier=lock.package.identifier,
        version=lock.package.version,
        scripts=unreviewed_mcp.scripts(lock.server) if lock.entry else (),
        server_name=lock.name if lock.entry else "",
        offline=request.offline,
    )
    root = unreviewed_locking.root_of(lock.package, lock.lock, interpreter)
    if unreviewed_locking.examined(root, index, wanted, context) != lock.package.script:
        raise McpInstallError(
            ErrorCode.LOCK_INVALID,
            f"the lock starts `{lock.package.script}`, which is not the package's own script",
            hint="without `--lock` the package is looked at anew",
        )
