"""What is installed: read quickly, for `mcpi list` must answer at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.model import names
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import homes, machine_id

OK = "ok"
"""State of an entry that hosts can start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One installed entry, as `mcpi list` shows it."""

    receipt: Receipt
    state: str
    """`ok`, `environment missing`, `interpreter missing` or `copied from another machine`."""


def installed(context: Context) -> tuple[Installed, ...]:
    """Return every installed entry; looks at files only, and starts nothing."""
    found = (_looked_at(receipt, context) for receipt in ReceiptStore(context.paths).receipts())
    return tuple(one for one in found if one is not None)


def _looked_at(receipt: Receipt, context: Context) -> Installed | None:
    """Return one entry; None when another `mcpi` has uninstalled it just now."""
    state = _state(receipt, context)
    if state != OK:
        now = ReceiptStore(context.paths).receipt(receipt.entry_name)
        if now is None:
            return None
        receipt, state = now, _state(now, context)
    return Installed(receipt=receipt, state=state)


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
    if not Path(receipt.python_path).exists():
        return "interpreter missing"
    return OK
