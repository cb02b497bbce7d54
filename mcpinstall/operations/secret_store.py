"""`mcpi secret`: what the keyring has for installed entries."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall import keyrings
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import SecretPlace
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.operations import lookup, secret_places
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretState:
    """One secret of one entry in one host; never its value."""

    entry_name: str
    name: str
    row_id: str
    """Host that it is for; empty where no host has the entry."""
    place: SecretPlace
    reference: str | None
    """The user's variable, for `SecretPlace.VARIABLE`."""
    stored: bool | None
    """Whether the keyring has it; None where it is elsewhere or can't be told."""


def states(names: tuple[str, ...], context: Context) -> tuple[SecretState, ...]:
    """Return the secrets of installed entries, by entry, name and host.

    Raises:
        McpInstallError: `not-installed`.
    """
    store = ReceiptStore(context.paths)
    receipts = (
        tuple(dict.fromkeys(lookup.installed(name, context) for name in names))
        if names
        else store.receipts()
    )
    return tuple(state for receipt in receipts for state in _of_entry(receipt, context))


def _of_entry(receipt: Receipt, context: Context) -> list[SecretState]:
    held = _held(receipt, context)
    found = [
        SecretState(
            entry_name=receipt.entry_name,
            name=item.asked,
            row_id=row_id,
            place=item.place or (SecretPlace.VARIABLE if item.reference else SecretPlace.CLEAR),
            reference=item.reference,
            stored=held.get(item.asked) if item.place is SecretPlace.KEYRING else None,
        )
        for row_id in receipt.hosts
        for applied in ReceiptStore(context.paths).chain(row_id).entries
        if applied.entry.name == receipt.entry_name
        for item in (
            *applied.entry.env,
            *(applied.entry.remote.headers if applied.entry.remote else ()),
        )
        if item.secret
    ]
    listed = {state.name for state in found if state.place is SecretPlace.KEYRING}
    return found + [  # kept for `mcpi run`, or for the next host
        SecretState(
            entry_name=receipt.entry_name,
            name=name,
            row_id="",
            place=SecretPlace.KEYRING,
            reference=None,
            stored=stored,
        )
        for name, stored in held.items()
        if name not in listed
    ]


def _held(receipt: Receipt, context: Context) -> dict[str, bool | None]:
    """Return for each secret of an entry with an account whether the keyring has it."""
    accounts = secret_places.accounts(receipt, context)
    try:
        keyring = keyrings.open_keyring(context.machine.platform) if accounts else None
        return {
            name: keyring.holds(account) if keyring else None for name, account in accounts.items()
        }
    except McpInstallError:
        return dict.fromkeys(accounts)


def account(entry: str, name: str, context: Context) -> tuple[str, str]:
    """Return entry name and account of a secret that an entry has in the keyring.

    Raises:
        McpInstallError: `not-installed`; `input-unknown` where it is not one for the keyring.
    """
    receipt = lookup.installed(entry, context)
    accounts = secret_places.accounts(receipt, context)
    if name not in accounts:
        known = ", ".join(f"`{one}`" for one in accounts)
        raise McpInstallError(
            ErrorCode.INPUT_UNKNOWN,
            f"`{receipt.entry_name}` takes no secret `{name[:100]}` from the keyring",
            hint=f"it takes {known}"
            if known
            else f"`mcpi configure {receipt.entry_name} --secret NAME` puts one there",
        )
    return receipt.entry_name, accounts[name]


def store(entry: str, name: str, secret: Secret, context: Context) -> str:
    """Store a secret of an installed entry, in the place of the old one; return the entry's name.

    Raises:
        McpInstallError: as `account`; `keyring-unavailable`, `keyring-locked`.
    """
    entry_name, place = account(entry, name, context)
    label = f"{name} of {entry_name} (mcpinstall)"
    secret_places.store([KeptSecret(account=place, label=label, secret=secret)], context)
    return entry_name


def remove(entry: str, name: str, context: Context) -> bool:
    """Delete a secret from the keyring; False when it was not there.

    Raises:
        McpInstallError: as `store`.
    """
    _, place = account(entry, name, context)
    return keyrings.open_keyring(context.machine.platform).delete(place)
