"""What is installed: read quickly, for `mcpi list` must answer at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.errors import McpInstallError
from mcpinstall.model import names
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import revoked
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files, homes, machine_id

if TYPE_CHECKING:
    from mcpinstall.model.revocation import Withdrawal

OK = "ok"
"""State of an entry that hosts can start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One installed entry, as `mcpi list` shows it."""

    receipt: Receipt
    state: str
    """`ok`, `environment missing`, `interpreter missing` or `copied from another machine`."""
    withdrawal: Withdrawal | None = None
    """Why its registry revoked it; hosts start it all the same."""


def installed(context: Context) -> tuple[Installed, ...]:
    """Return every installed entry; looks at files only, and starts nothing."""
    receipts = ReceiptStore(context.paths).receipts()
    reasons = revoked.each(receipts, context)
    found = (_looked_at(*both, context) for both in zip(receipts, reasons, strict=True))
    return tuple(one for one in found if one is not None)


def _looked_at(receipt: Receipt, reason: Withdrawal | None, context: Context) -> Installed | None:
    """Return one entry; None when another `mcpi` has uninstalled it just now."""
    state = _state(receipt, context)
    if state != OK:
        now = ReceiptStore(context.paths).receipt(receipt.entry_name)
        if now is None:
            return None
        receipt, state, reason = now, _state(now, context), revoked.one(now, context)
    return Installed(receipt=receipt, state=state, withdrawal=reason)


def _state(receipt: Receipt, context: Context) -> str:
    if receipt.machine != machine_id.digest(context.machine):
        return "copied from another machine"
    if receipt.is_remote:
        return OK
    home = homes.server_home(context.paths.servers, names.slug(receipt.registry_root, receipt.name))
    try:
        current = homes.current(home)
    except McpInstallError:
        current = None
    if current is None or not (home / current).is_dir():
        return "environment missing"
    if not files.exists(Path(receipt.python_path)):
        return "interpreter missing"
    return OK
