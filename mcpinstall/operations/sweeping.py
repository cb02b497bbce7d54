"""Delete what nothing uses any more; a failure here costs only disk space."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import lookup, unreviewed_records, ways_back
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files, limits

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT = 2  # generations of an installed server: the current one, and the one before for `undo`


def sweep(context: Context) -> bool:
    """Delete unused environments, old history and temporary files; the caller holds the lock.

    Returns:
        Whether everything went that should.
    """
    steps = (_sweep_homes, _sweep_history, _sweep_unreviewed, sweep_temporary)
    went = [_succeeds(step, context) for step in steps]
    return all(went)


def _succeeds(step: Callable[[Context], None], context: Context) -> bool:
    try:
        step(context)
    except McpInstallError:
        return False
    return True


def sweep_temporary(context: Context) -> None:
    """Delete what dead processes were writing in our own folders.

    Raises:
        McpInstallError: `disk-failed`.
    """
    paths = context.paths
    for folder in (
        paths.data, paths.receipts, paths.history, paths.hosts, paths.registries,
        paths.unreviewed, paths.unreviewed / "names",
    ):  # fmt: skip
        files.remove_temporary(folder)


def identifier(when: datetime, unique: str) -> str:
    """Return the id of a record: time, then something unique; ids sort by time."""
    return f"{when:%Y%m%dT%H%M%SZ}-{when.microsecond // 1000:03d}{unique}"


def moment(record_id: str) -> datetime:
    """Return the time in the id of a record.

    Raises:
        McpInstallError: `state-invalid` for an id that no clock could give.
    """
    try:
        found = datetime.strptime(record_id[:20], "%Y%m%dT%H%M%SZ-%f").replace(tzinfo=UTC)
    except ValueError:
        found = _NEVER
    if not _NEVER < found < _NEVER.replace(year=9000):
        raise McpInstallError(
            ErrorCode.STATE_INVALID, f"the history holds a record of no time: `{record_id[:80]}`"
        )
    return found


def _sweep_homes(context: Context) -> None:
    """Look at every server: one that was running when it was uninstalled may have ended."""
    servers = context.paths.servers
    if not servers.is_dir():
        return
    used = {lookup.receipt_slug(one) for one in ReceiptStore(context.paths).receipts()}
    with files.disk_errors(f"look at `{servers}`"):
        homes = list(servers.iterdir())
    ways = functools.cache(functools.partial(_ways_back, context))
    failed: McpInstallError | None = None
    for home in homes:
        try:
            keep = _KEPT if home.name in used else 0
            environments.prune(home, keep=keep, back=functools.partial(_way_back, ways, home))
            environments.discard_if_empty(home)
        except McpInstallError as error:
            failed = error
    if failed is not None:
        raise failed


def _way_back(ways: Callable[[], dict[str, str | None]], home: Path) -> str | None:
    return ways().get(home.name)


def _ways_back(context: Context) -> dict[str, str | None]:
    """Return by slug the generation that a rollback leads to."""
    try:
        records = ReceiptStore(context.paths).history()
        ways = ways_back.found(records[::-1], context)
    except McpInstallError:  # then the newest ones stay
        return {}
    return {slug: way.before for slug, way in ways.items()}


def _sweep_unreviewed(context: Context) -> None:
    """Delete locks and first tools of servers that are neither installed nor can come back.

    Which index a name belongs to stays for good.
    """
    if not context.paths.unreviewed.is_dir():
        return
    store = ReceiptStore(context.paths)
    try:
        records = [*store.history(), *filter(None, [store.journal()])]
    except McpInstallError:  # a damaged record may be about any of them
        return
    receipts = [
        *store.receipts(),
        *(one for record in records for one in (*record.receipts_before, *record.receipts_after)),
    ]
    unreviewed_records.prune({one.manifest_sha256 for one in receipts}, context)


def _sweep_history(context: Context) -> None:
    """Delete old records, once the change before this one finds them old as well.

    One change made with a wrong clock, a year ahead, must not cost what can be taken back.
    """
    store = ReceiptStore(context.paths)
    earlier = store.last_id(before=store.last_id())
    if earlier:
        now = min(context.now, moment(earlier))
        store.forget_before(identifier(now - timedelta(days=limits.HISTORY_DAYS), ""))
