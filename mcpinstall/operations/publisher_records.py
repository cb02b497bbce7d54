"""Whom each package that nobody reviewed was first seen from, as this user's state.

It stays when a server is uninstalled: whoever gets hold of the name later is noticed.  One file
for each package; its name is a digest, and no path is read from a record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.publisher import FirstSeen, Identity, Origin, ServerPublishers
from mcpinstall.operations.context import Context
from mcpinstall.planning.publishers import Seen
from mcpinstall.receipts import codec
from mcpinstall.system import files, limits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One index that offered a package, and who made it then."""

    origin: Origin
    identity: Identity
    since: str
    """Day, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What one file holds."""

    package: str
    seen: tuple[_Seen, ...]


def seen(package: str, context: Context) -> Seen:
    """Return what this user saw first of a package, at every index that offered it.

    Raises:
        McpInstallError: `state-invalid` for a damaged record: it is never passed over.
    """
    path = _path(package, context)
    return Seen(
        identities={one.origin.digest: one.identity for one in _read(package, path).seen},
        place=str(path),
    )


def keep(published: Iterable[ServerPublishers], context: Context) -> None:
    """Remember, after the yes and under the lock of all changes, who was seen for the first time.

    Raises:
        McpInstallError: `plan-changed` when another `mcpi` saw somebody else meanwhile.
    """
    for server in published:
        for one in server.to_keep:
            _keep(one, context)


def _keep(fresh: FirstSeen, context: Context) -> None:
    publisher, origin = fresh.publisher, fresh.origin
    path = _path(publisher.package, context)
    before = _read(publisher.package, path)
    for one in before.seen:
        if one.origin.digest == origin.digest:
            if one.identity != publisher.identity:
                raise McpInstallError(
                    ErrorCode.PLAN_CHANGED,
                    f"another `mcpi` saw `{publisher.package}` from somebody else meanwhile",
                    hint="run the command again",
                )
            return
    new = _Seen(origin=origin, identity=publisher.identity, since=f"{context.now:%Y-%m-%d}")
    record = _Record(package=publisher.package, seen=(*before.seen, new))
    files.private_folder(path.parent)
    files.write_atomic(path, codec.dump(record))


def _read(package: str, path: Path) -> _Record:
    data = files.read_optional(path, limits.STATE_BYTES)
    if data is None:
        return _Record(package=package, seen=())
    try:
        found = codec.load(data, _Record, str(path))
    except McpInstallError as error:
        raise _damaged(error.message) from None
    if found.package != package:
        raise _damaged(f"`{path}` is about another package than `{package}`")
    return found


def _damaged(fact: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.STATE_INVALID,
        fact,
        hint="move the file away; whom its package was first seen from is then forgotten",
    )


def _path(package: str, context: Context) -> Path:
    return context.paths.publishers / f"{hashlib.sha256(package.encode()).hexdigest()}.json"
