"""`mcpi doctor`: do installed servers verify, and do the hosts still start them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall import environments, hosts
from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check
from mcpinstall.model.host import SecretPlace
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import lookup, secret_places, verify
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding, Kind
from mcpinstall.operations.trouble import Trouble, Unseen
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import machine_id

_REINSTALL = "`mcpi reinstall {0}` builds it again from checked files"
_CONFIGURE = (
    "`mcpi configure {0}{2}` writes it again; `mcpi uninstall {0} --host {1}` lets it go for good"
)
_UNVOUCHED = "`mcpi verify {0}` tells all; if it stays so, `mcpi uninstall {0}` takes it out"
_FIXES = {
    Kind.NOT_AS_VERIFIED: f"`mcpi verify {{0}}` tells all; {_REINSTALL}",
    Kind.ENVIRONMENT_MISSING: _REINSTALL,
    Kind.INTERPRETER_MISSING: "`mcpi reinstall {0}` builds it for a Python that is there; "
    "`--python` chooses one",
    Kind.INTERPRETER_CHANGED: "`mcpi reinstall {0}` builds it for the Python that is there now",
    Kind.REVOKED: "`mcpi uninstall {0}` takes it out; until then hosts start it as before",
    Kind.POLICY_FORBIDS: "`mcpi uninstall {0}` takes it out; `mcpi policy show` lists the rules",
    Kind.VULNERABLE: "`mcpi uninstall {0}` takes it out; a later version may be without it",
    Kind.MALICIOUS: "`mcpi uninstall {0}` takes it out; then change every secret it could read",
    Kind.ENTRY_GONE: _CONFIGURE,
    Kind.ENTRY_CHANGED: _CONFIGURE,
    Kind.RECORD_GONE: "delete the entry in the file, then `mcpi configure {0}{2}` writes it again",
}
_OF_HOSTS = (Kind.ENTRY_GONE, Kind.ENTRY_CHANGED, Kind.RECORD_GONE)
_DEAD = frozenset(
    {
        Kind.NOT_AS_VERIFIED,
        Kind.ENVIRONMENT_MISSING,
        Kind.INTERPRETER_MISSING,
        Kind.OTHER_MACHINE,
    }
)
"""What may leave an entry without its program."""


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


def told(servers: Sequence[Examined], context: Context) -> frozenset[Path]:
    """Return the folders of the servers that start nothing: their entries' troubles are theirs."""
    return frozenset(
        environments.server_home(context.paths.servers, lookup.receipt_slug(one.receipt))
        for one in servers
        if any(trouble.kind in _DEAD for trouble in one.troubles)
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
    fix = _FIXES[finding.kind]
    if finding.check is Check.REGISTRY or (finding.check is Check.MANIFEST and receipt.is_remote):
        fix = _UNVOUCHED  # there is nothing to build it from, or nothing to build
    whole = title or finding.check is Check.REGISTRY or finding.kind is Kind.REVOKED
    return Trouble(
        kind=finding.kind,
        subject=f"{name}{in_host}",
        message=finding.message if whole else f"`{finding.subject}` {finding.message}",
        fix=fix.format(name, product, _asked_for(receipt)),
        entry=f"{name} {finding.subject}",
    )


def _asked_for(receipt: Receipt) -> str:
    """Return the options by which a secret is asked for that stands in hosts' files alone."""
    return "".join(
        f" --secret {value.name}"
        for value in receipt.inputs
        if value.secret and value.place in (None, SecretPlace.CLEAR) and not value.reference
    )


def _host(finding: Finding) -> tuple[str, str]:
    """Return product and title of the host that a finding is about; nothing for the others."""
    if finding.kind not in _OF_HOSTS:
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
