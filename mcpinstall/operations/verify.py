"""`mcpi verify`: from the registry down to every file on the disk, and the host entries.

A receipt only says where to look.  What is compared comes from the anchor: the registry's
manifest pins the lock, the lock pins the artifacts, their RECORDs say what the disk must hold.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.policy import Policy
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.revocation import Withdrawal
from mcpinstall.operations import (
    lookup,
    policies,
    revoked,
    verify_advisories,
    verify_disk,
    verify_hosts,
    verify_publisher,
    verify_remote,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding, Kind
from mcpinstall.planning import policy_rules
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files

__all__ = ["Finding", "VerifiedEntry", "verify"]

_NO_HOST = CheckResult(
    check=Check.HOST_FILES, outcome=Outcome.NOT_CHECKED, evidence="no host has it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEntry:
    """What was found out about one installed entry."""

    entry_name: str
    name: str
    version: str
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    anchor: str
    """What the comparison rests on, such as `registry bundled, serial 1`."""
    problem: McpInstallError | None = None
    """What stopped the checks of this entry before their end."""

    @property
    def is_clean(self) -> bool:
        """Tell whether every check could be made and found nothing."""
        return not self.findings and self.problem is None


@dataclass(slots=True, kw_only=True)
class _Report:
    checks: list[CheckResult] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def close(self, check: Check, found: Sequence[Finding], evidence: str) -> None:
        """Record one check: verified with its evidence, or failed with its findings."""
        self.findings += found
        outcome = Outcome.FAILED if found else Outcome.VERIFIED
        words = found[0].message if found else evidence
        self.checks.append(CheckResult(check=check, outcome=outcome, evidence=words))


def verify(
    names: Sequence[str],
    context: Context,
    *,
    fetch: bool = False,
    strict: bool = False,
    offline: bool = False,
    quick: bool = False,
) -> tuple[VerifiedEntry, ...]:
    """Verify the named entries, or all; nothing of a package runs and nothing is changed.

    `fetch` brings what is no longer in the store; `strict` also compiles every source again
    and compares the compiled files.  `quick` compares files with the receipt only.

    What stops the checks of one entry is its `problem`; the others are still verified.

    Raises:
        McpInstallError: `not-installed`; `state-invalid` for a receipt that can't be read.
    """
    how = verify_disk.How(fetch=fetch and not offline, strict=strict, quick=quick, offline=offline)
    rules = _rules(context)
    found = {one: _verified(one, how, rules, context) for one in _receipts(names, context)}
    if all(one.is_clean for one in found.values()):
        return tuple(found.values())
    # Another `mcpi` may have been at work: what is wrong is looked at again while none is.
    clean = {receipt: one for receipt, one in found.items() if one.is_clean}
    with _nobody_changes(context):
        return tuple(
            clean.get(receipt) or _verified(receipt, how, rules, context)
            for receipt in _receipts(names, context)
        )


def _receipts(names: Sequence[str], context: Context) -> tuple[Receipt, ...]:
    if names:
        return tuple(dict.fromkeys(lookup.installed(name, context) for name in names))
    return ReceiptStore(context.paths).receipts()


@contextlib.contextmanager
def _nobody_changes(context: Context) -> Iterator[None]:
    """Keep other commands from changing anything; where there are no locks, hope for it.

    Raises:
        McpInstallError: `state-busy`.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(files.locked(context.paths.lock, shared=True))
        except McpInstallError as error:
            if error.code is ErrorCode.STATE_BUSY:
                raise
        yield


def _rules(context: Context) -> Policy | McpInstallError:
    """Return the policy of today, or why nobody can tell it."""
    try:
        return policies.load(context)
    except McpInstallError as error:
        return error


def _revoked(receipt: Receipt, why: Withdrawal | None) -> tuple[Finding, ...]:
    """Return that the registry revoked what is installed."""
    if why is None:
        return ()
    message = f"{why.sentence}; it still runs where hosts start it"
    return (Finding(check=Check.POLICY, subject=receipt.name, message=message, kind=Kind.REVOKED),)


def _remembered(receipt: Receipt, report: _Report, context: Context) -> McpInstallError | None:
    """Record a revocation that was read before its registry went; return why that can't be told."""
    try:
        found = _revoked(receipt, revoked.one(receipt, context))
    except McpInstallError as error:
        return error
    if found:
        report.close(Check.POLICY, found, "")
    return None


def _policy(
    receipt: Receipt,
    server: ReviewedServer,
    rules: Policy | McpInstallError,
    report: _Report,
    context: Context,
) -> McpInstallError | None:
    """Record what registry, policy files and advisories say; return what could not be read."""
    problem, found, words = verify_advisories.verify(receipt, server, context)
    found = [*_revoked(receipt, server.withdrawal), *found]
    if isinstance(rules, McpInstallError):
        problem = rules
    elif rules.rules:
        decision = policies.decision(receipt, server, rules, context)
        found += [
            Finding(
                check=Check.POLICY,
                subject=receipt.name,
                message=f"is forbidden by policy: {policy_rules.sentence(one)}",
                kind=Kind.POLICY_FORBIDS,
            )
            for one in decision.refusals
        ]
        words.insert(0, policy_rules.evidence(rules, decision))
    if found or words:
        report.close(Check.POLICY, found, "; ".join(words))
    return problem


def _verified(
    receipt: Receipt,
    how: verify_disk.How,
    rules: Policy | McpInstallError,
    context: Context,
) -> VerifiedEntry:
    report = _Report()
    context.progress.step(f"verifying `{receipt.entry_name}`")
    anchor, problem = "none: the registry could not be reached", None
    try:
        server = lookup.of_receipt(receipt, context, offline=how.offline, withdrawn=True)
    except McpInstallError as error:
        found = Finding(check=Check.REGISTRY, subject=receipt.name, message=error.message)
        report.close(Check.REGISTRY, [found], "")
        problem = _remembered(receipt, report, context)
    else:
        report.checks += [server.registry.check, server.check]
        anchor = f"registry {server.registry.name}, serial {server.registry.serial}"
        if server.unreviewed is not None:
            anchor = "the lock made at its installation, which nobody reviewed"
        try:
            disk = (
                verify_remote.verify(receipt, server, context)
                if receipt.is_remote
                else verify_disk.verify(receipt, server, how, context)
            )
        except McpInstallError as error:
            disk, problem = verify_disk.stopped(error), error
        problem = _policy(receipt, server, rules, report, context) or problem
        if not how.quick and (publisher := verify_publisher.verify(receipt, server, context)):
            result, finding = publisher
            report.checks.append(result)
            report.findings += [finding] if finding else []
        report.findings += disk.findings
        report.checks += disk.checks
        anchor = disk.anchor or anchor
    entries = verify_hosts.verify(receipt, context)
    if receipt.hosts:
        report.close(Check.HOST_FILES, entries, f"entry in place: {', '.join(receipt.hosts)}")
    else:
        report.checks.append(_NO_HOST)
    return VerifiedEntry(
        entry_name=receipt.entry_name,
        name=receipt.name,
        version=receipt.version,
        checks=tuple(report.checks),
        findings=tuple(report.findings),
        anchor=anchor,
        problem=problem,
    )
