"""What is newer than what is installed, and why it is not offered where it isn't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcpinstall.errors import McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Hold, Receipt
from mcpinstall.model.revocation import Withdrawal
from mcpinstall.operations import offers, revoked, update
from mcpinstall.operations.context import Context
from mcpinstall.operations.offers import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """One installed server, and what its source has."""

    receipts: tuple[Receipt, ...]
    """Of all its entries."""
    offer: Offer | None = None
    """None where its source could not be asked, or refuses."""
    problem: McpInstallError | None = None
    withdrawal: Withdrawal | None = None
    """Why its registry revoked what is installed."""

    @property
    def hold(self) -> Hold:
        """What keeps it in its version."""
        return self.receipts[0].hold

    @property
    def is_finding(self) -> bool:
        """Tell whether something is to be done: it is revoked, or `mcpi update` would move it."""
        offered = self.offer is not None and bool(self.offer.version) and self.hold is Hold.NONE
        return offered or self.withdrawal is not None


def outdated(names: Sequence[str], request: Request, context: Context) -> tuple[Outdated, ...]:
    """Ask the source of each server that is named, or of every one; each about that one alone.

    Raises:
        McpInstallError: `not-installed`, `name-ambiguous`; what a policy file is refused with.
    """
    return tuple(
        _looked_at(receipts, request, context) for receipts in update.servers(names, context)
    )


def _looked_at(receipts: tuple[Receipt, ...], request: Request, context: Context) -> Outdated:
    first = receipts[0]
    context.progress.step(f"asking where `{first.entry_name}` came from")
    offer: Offer | None = None
    problem: McpInstallError | None = None
    try:
        offer = offers.offer(first, request, context)
    except McpInstallError as error:
        problem = error
    why = revoked.one(first, context)
    return Outdated(receipts=receipts, offer=offer, problem=problem, withdrawal=why)
