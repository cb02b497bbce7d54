"""Delete what nothing uses any more; a failure here costs only disk space."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from mcpinstall import environments
from mcpinstall.errors import McpInstallError
from mcpinstall.operations import lookup
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files, limits

_KEPT = 2  # generations of an installed server: the current one, and the one before for `undo`


def sweep(context: Context) -> None:
    """Delete unused environments, old history and temporary files; the caller holds the lock."""
    for step in (_sweep_homes, _sweep_history, sweep_temporary):
        with contextlib.suppress(McpInstallError):
            step(context)


def sweep_temporary(context: Context) -> None:
    """Delete what dead processes were writing in our own folders.

    Raises:
        McpInstallError: `disk-failed`.
    """
    paths = context.paths
    for folder in (paths.data, paths.receipts, paths.history, paths.hosts, paths.registries):
        files.remove_temporary(folder)


def identifier(when: datetime, unique: str) -> str:
    """Return the id of a record: time, then something unique; ids sort by time."""
    return f"{when:%Y%m%dT%H%M%SZ}-{when.microsecond // 1000:03d}{unique}"


def _sweep_homes(context: Context) -> None:
    """Look at every server: one that was running when it was uninstalled may have ended."""
    servers = context.paths.servers
    if not servers.is_dir():
        return
    used = {lookup.receipt_slug(one) for one in ReceiptStore(context.paths).receipts()}
    with files.disk_errors(f"look at `{servers}`"):
        homes = list(servers.iterdir())
    for home in homes:
        with contextlib.suppress(McpInstallError):
            environments.prune(home, keep=_KEPT if home.name in used else 0)
        environments.discard_if_empty(home)


def _sweep_history(context: Context) -> None:
    oldest = identifier(context.now - timedelta(days=limits.HISTORY_DAYS), "")
    ReceiptStore(context.paths).forget_before(oldest)
