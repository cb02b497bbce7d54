"""`mcpi doctor`: do installed servers verify, and do the hosts still start them?"""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall import hosts
from mcpinstall.errors import McpInstallError
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import secret_places, verify
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding, Kind
from mcpinstall.operations.trouble import Trouble, Unseen
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import machine_id

_REINSTALL = "`mcpi reinstall {0}` builds it again from checked files"
_CONFIGURE = (
    "`mcpi configure {0}` writes it again; `mcpi uninstall {0} --host {1}` lets it go for good"
)
_FIXES = {
    Kind.NOT_AS_VERIFIED: f"`mcpi verify {{0}}` tells all; {_REINSTALL}",
    Kind.ENVIRONMENT_MISSING: _REINSTALL,
    Kind.INTERPRETER_MISSING: "`mcpi reinstall {0}` builds it for a Python that is there; "
    "`--python` chooses one",
    Kind.INTERPRETER_CHANGED: "`mcpi reinstall {0}` builds it for the Python that is there now",
    Kind.ENTRY_GONE: _CONFIGURE,
    Kind.ENTRY_CHANGED: _CONFIGURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One installed entry, and what is wrong with it."""

    receipt: Receipt
    anchor: str
    """What its files were compared with."""
    troubles: tuple[Trouble, ...]
    unseen: tuple[Unseen, ...] = ()


def examine(context: Context, *, full: bool) -> tuple[Examined, ...]:
    """Return every installed entry with what is wrong with it.

    Raises:
        McpInstallError: `state-invalid` for a receipt that can't be read; `state-busy`.
    """
    receipts = {one.entry_name: one for one in ReceiptStore(context.paths).receipts()}
    found = verify.verify((), context, offline=True, quick=not full) if receipts else ()
    return tuple(
        _examined(receipts[one.entry_name], one, context)
        for one in found
        if one.entry_name in receipts
    )


def _examined(receipt: Receipt, found: verify.VerifiedEntry, context: Context) -> Examined:
    troubles = [
        _trouble(receipt, finding)
        for finding in found.findings
        if finding.kind is not Kind.FILE_INVALID  # (the look at the hosts' files tells it)
    ]
    if receipt.machine != machine_id.digest(context.machine):
        troubles.insert(0, _from_elsewhere(receipt))
    troubles += [_without(receipt, name) for name in secret_places.missing(receipt, context)]
    unseen = () if found.problem is None else (_unseen(receipt, found.problem),)
    return Examined(receipt=receipt, anchor=found.anchor, troubles=tuple(troubles), unseen=unseen)


def _trouble(receipt: Receipt, finding: Finding) -> Trouble:
    name = receipt.entry_name
    product, title = _host(finding)
    in_host = f" (in {title})" if title else ""
    return Trouble(
        kind=finding.kind,
        subject=f"{name}{in_host}",
        message=finding.message if title else f"`{finding.subject}` {finding.message}",
        fix=_FIXES[finding.kind].format(name, product),
        entry=f"{name} {finding.subject}",
    )


def _host(finding: Finding) -> tuple[str, str]:
    """Return product and title of the host that a finding is about; nothing for the others."""
    if finding.kind not in (Kind.ENTRY_GONE, Kind.ENTRY_CHANGED):
        return "", ""
    row = hosts.find_rows(finding.subject)
    return row.product, row.title


def _from_elsewhere(receipt: Receipt) -> Trouble:
    name = receipt.entry_name
    return Trouble(
        kind=Kind.OTHER_MACHINE,
        subject=name,
        message="was installed on another machine: its environment was copied here with the home",
        fix=f"`mcpi reinstall {name}` builds it for this machine",
        entry=name,
    )


def _without(receipt: Receipt, secret: str) -> Trouble:
    name = receipt.entry_name
    return Trouble(
        kind=Kind.SECRET_MISSING,
        subject=name,
        message=f"the keyring has no secret `{secret}`: the server does not start",
        fix=f"`mcpi secret set {name} {secret}` stores it",
        entry=f"{name} {secret}",
    )


def _unseen(receipt: Receipt, error: McpInstallError) -> Unseen:
    return Unseen(subject=receipt.entry_name, error=error)
