"""What `undo` and `rollback` would bring back: was it revoked, or is it known to be bad, by now?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mcpinstall.errors import McpInstallError
from mcpinstall.model import revocation
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import lookup, revoked
from mcpinstall.operations.advisories import Advisories
from mcpinstall.operations.context import Context
from mcpinstall.planning import advisories
from mcpinstall.receipts.store import ReceiptStore


def require_not_revoked(receipts: Sequence[Receipt], context: Context) -> None:
    """Refuse to bring back what was revoked since; what is in place as it was may stay.

    Raises:
        McpInstallError: `version-revoked` and its like, `state-unsafe`.
    """
    store = ReceiptStore(context.paths)
    for receipt in receipts:
        now = store.receipt(receipt.entry_name)
        if now is not None and _brings_nothing(receipt, now):
            continue
        revocation.require_none(revoked.one(receipt, context))
        try:
            found = lookup.of_receipt(receipt, context, withdrawn=True)
        except McpInstallError:
            continue  # nothing new is built of what nobody can tell any more
        revocation.require_none(found.withdrawal)


def _brings_nothing(receipt: Receipt, now: Receipt) -> bool:
    """Tell whether a former receipt has no version and no host that the entry does not have now."""
    before, after = ((one.registry_root, one.manifest_sha256) for one in (receipt, now))
    return before == after and set(receipt.hosts) <= set(now.hosts)


def advised(
    receipts: Sequence[Receipt], allow: Collection[str], context: Context
) -> tuple[str, ...]:
    """Refuse to bring back what is known to be vulnerable by now, without leave for it (check 3).

    Returns:
        What has to be known of the versions that come back, as sentences.

    Raises:
        McpInstallError: `version-vulnerable`, `package-malicious`.
    """
    store = ReceiptStore(context.paths)
    back: dict[str, Receipt] = {}
    for receipt in receipts:
        now = store.receipt(receipt.entry_name)
        if not (receipt.is_remote or (now is not None and _brings_nothing(receipt, now))):
            back.setdefault(lookup.receipt_slug(receipt), receipt)
    known = Advisories(context)
    return tuple(note for one in back.values() for note in _advised(one, known, allow, context))


def _advised(
    receipt: Receipt, known: Advisories, allow: Collection[str], context: Context
) -> Iterator[str]:
    name = f"`{receipt.entry_name}` {receipt.version}"
    try:
        server = lookup.of_receipt(receipt, context, withdrawn=True)
    except McpInstallError as error:
        yield f"{name}: advisories were not checked ({error.message})"
        return
    found = known.of_receipt(receipt, server)
    advisories.require(receipt.entry_name, found, allow)
    yield from (f"{name}: advisories of {why}" for why in found.unread)
    if found.affected:
        yield f"{name} has known vulnerabilities: {advisories.sentence(found.affected)}"
