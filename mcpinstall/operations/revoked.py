"""Is what is installed still what its registry stands by?  Told without a network, and at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mcpinstall.model.receipt import Receipt
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import bundled, revocation_memory

if TYPE_CHECKING:
    from mcpinstall.model.revocation import AnyRevocation, Withdrawal

_UNCERTIFIED = ("mcp:", "pypi:")


def installed(context: Context) -> tuple[tuple[Receipt, Withdrawal], ...]:
    """Return every installed entry that its registry revoked since, and why.

    The bundled registry is read from the program; of the others counts what they said when they
    were last read: `mcpi registry refresh` reads them all.

    Raises:
        McpInstallError: `state-invalid` or `state-unsafe` for a record that can't be read.
    """
    receipts = ReceiptStore(context.paths).receipts()
    found = zip(receipts, each(receipts, context), strict=True)
    return tuple((receipt, why) for receipt, why in found if why is not None)


def each(receipts: Iterable[Receipt], context: Context) -> tuple[Withdrawal | None, ...]:
    """Return for each receipt why its registry revoked the server, or None.

    Raises:
        McpInstallError: `state-unsafe`.
    """
    known: dict[str, tuple[AnyRevocation, ...]] = {}
    for receipt in (every := tuple(receipts)):
        root = receipt.registry_root
        if root not in known:
            known[root] = (
                for_uncertified(context)
                if receipt.name.startswith(_UNCERTIFIED)
                else revocation_memory.known(root, context.paths)
            )
    return tuple(_withdrawal(receipt, known[receipt.registry_root]) for receipt in every)


def for_uncertified(context: Context) -> tuple[AnyRevocation, ...]:
    """Return what counts for `mcp:` and `pypi:`: all that the user's registries revoked.

    No registry vouches for these, and none stands behind them; but what one of them took back
    does not come in through another door.

    Raises:
        McpInstallError: `state-unsafe`, `config-invalid`.
    """
    from mcpinstall.operations import configuration

    roots = [configuration.root_of(one) for one in configuration.configured(context)]
    return tuple(
        item
        for root in (bundled.ROOT, *roots)
        for item in revocation_memory.known(root, context.paths)
    )


def one(receipt: Receipt, context: Context) -> Withdrawal | None:
    """Return why the registry of a receipt revoked its server, or None.

    Raises:
        McpInstallError: `state-unsafe`.
    """
    return each((receipt,), context)[0]


def _withdrawal(receipt: Receipt, known: tuple[AnyRevocation, ...]) -> Withdrawal | None:
    if not known:
        return None
    from mcpinstall.model import revocation

    found = revocation.withdrawal(receipt.name, receipt.version, receipt.backing, known)
    attested = (revocation.revoked_publisher(one.identity, known) for one in receipt.publishers)
    return found or next(filter(None, attested), None)
