"""The first step of every command: is there an unfinished change to take back?"""

from __future__ import annotations

from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import JOURNAL


def settle(context: Context) -> tuple[str, ...]:
    """Take back what a dead process left, and return notes for the user.

    The machinery for that is loaded only when there is something to do.

    Raises:
        McpInstallError: `disk-failed` when the old state can't be reached; the journal stays.
    """
    if not (context.paths.history / JOURNAL).exists():
        return ()
    from mcpinstall.operations import recovery

    return recovery.settle(context)
