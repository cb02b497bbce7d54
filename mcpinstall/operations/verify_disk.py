"""Checks 4, 6 and 7 of `mcpi verify`: lock → artifacts → RECORD → disk, in both directions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcpinstall import environments, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import lookup, server_plans, staging
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding, Kind

QUICK = "`--full` or `mcpi verify` looks at the archives"
"""Why a quick look goes no further than the receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How far verification goes."""

    fetch: bool
    strict: bool
    quick: bool = False
    """Compare with the receipt's digest of the files alone; archives are not looked at."""
    offline: bool = False
    """Ask no registry; what was saved of one is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What was found out about the environment of one entry."""

    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    anchor: str = ""
    """Set when less than the registry was reached."""


def verify(receipt: Receipt, server: ReviewedServer, how: How, context: Context) -> Disk:
    """Compare the current generation with the checked artifacts, else with the receipt."""
    home = environments.server_home(context.paths.servers, lookup.receipt_slug(receipt))
    current = lookup.current_generation(lookup.receipt_slug(receipt), context)
    if current is None or not (home / current).is_dir():
        gone = Kind.ENVIRONMENT_MISSING
        return _failed(Check.ENVIRONMENT, str(home), "has no environment any more", gone)
    if home.is_symlink() or (home / current).is_symlink():
        return _failed(Check.ENVIRONMENT, str(home), "is a link, or its environment is one")
    try:
        interpreter = environments.choose_interpreter(
            server.manifest.local.requires_python, context.machine, receipt.python_path
        )
    except McpInstallError as error:
        missing = Kind.INTERPRETER_MISSING
        return _failed(Check.ENVIRONMENT, receipt.python_path, error.message, missing)
    findings = list(_receipt_findings(receipt, server, current, interpreter))
    if how.quick:
        return _by_receipt(receipt, home / current, findings, QUICK)
    plan = replace(
        server_plans.rebuild(
            receipt, Request(names=(), python=receipt.python_path), context, withdrawn=True
        ),
        generation=current,
    )
    folder = staging.new_folder(context, only_reading=True)
    try:
        return _compared(receipt, plan, home / current, folder, findings, how, context)
    finally:
        staging.discard(folder)


def _compared(  # noqa: PLR0917 (one step of `verify`, cut out of its `try`)
    receipt: Receipt,
    plan: ServerPlan,
    generation: Path,
    folder: Path,
    findings: list[Finding],
    how: How,
    context: Context,
) -> Disk:
    store = indexes.Store(context.paths.artifacts)
    missing = _missing(plan, store)
    if missing and how.strict and not how.fetch:
        raise McpInstallError(
            ErrorCode.OFFLINE_MISSING,
            f"{missing}, so nothing of `{receipt.entry_name}` can be compiled again",
            hint="`--strict --fetch` gets them",
        )
    if missing and not how.fetch:
        return _by_receipt(receipt, generation, findings, missing)
    request = Request(names=(), offline=not missing)
    _, (verified,) = staging.fetched([plan], request, folder, context)
    layout = environments.layout(
        plan.python, verified.entry_point, generation, context.machine.platform
    )
    expected = environments.expected_files(verified.artifacts, layout)
    entries = environments.read_tree(generation)
    differing = environments.differences(entries, expected)
    found = [_environment_finding(receipt, sentence) for sentence in differing]
    if not found and environments.summed_up(entries).sha256 != receipt.tree_sha256:
        found.append(_environment_finding(receipt, "compiled files changed since the installation"))
    if how.strict and not differing:
        again = staging.build(verified, context)
        found = [
            _environment_finding(receipt, f"`{path}` is not what its source compiles to")
            for path in _unlike(entries, environments.read_tree(again.path))
        ]
    count = sum(1 for one in expected if one.sha256 is not None)
    findings += found
    return Disk(
        checks=(
            verification.downloads_check(verified.artifacts),
            verification.archives_check(verified.artifacts),
            _environment_check(findings, f"{count:,} files equal the checked archives"),
        ),
        findings=tuple(findings),
    )


def _missing(plan: ServerPlan, store: indexes.Store) -> str:
    """Return what the store lacks or holds damaged, in words; nothing when all is there."""
    held = Counter(store.held(artifact) for artifact in plan.artifacts)
    words = ((indexes.Held.MISSING, "not in the store any more"),
             (indexes.Held.DAMAGED, "damaged in the store"))  # fmt: skip
    return " and ".join(
        f"{held[state]} file{'s are' if held[state] > 1 else ' is'} {what}"
        for state, what in words
        if held[state]
    )


def _unlike(
    entries: Sequence[environments.TreeEntry], again: Sequence[environments.TreeEntry]
) -> list[str]:
    fresh = {entry.path: entry.sha256 for entry in again}
    here = {entry.path: entry.sha256 for entry in entries}
    return sorted(path for path in fresh.keys() | here.keys() if fresh.get(path) != here.get(path))


def _by_receipt(receipt: Receipt, generation: Path, findings: list[Finding], missing: str) -> Disk:
    """Compare with the receipt's tree digest: all that is left without the archives."""
    if environments.measure(generation).sha256 != receipt.tree_sha256:
        findings.append(_environment_finding(receipt, "files changed since the installation"))
    lost = missing if missing == QUICK else f"{missing}; `--fetch` gets them"
    return Disk(
        checks=(
            *(
                CheckResult(check=check, outcome=Outcome.NOT_CHECKED, evidence=lost)
                for check in (Check.DOWNLOADS, Check.ARCHIVES)
            ),
            _by_receipt_alone(findings),
        ),
        findings=tuple(findings),
        anchor=f"receipt only ({lost})",
    )


def _by_receipt_alone(findings: Sequence[Finding]) -> CheckResult:
    """Never `verified`: the receipt lies beside what it would vouch for."""
    found = _environment_check(findings, "only with the receipt's digest, which matches")
    if found.outcome is Outcome.VERIFIED:
        found = replace(found, outcome=Outcome.NOT_CHECKED)
    return found


def _receipt_findings(
    receipt: Receipt, server: ReviewedServer, current: str, interpreter: Interpreter
) -> list[Finding]:
    """Return where the receipt contradicts the registry, the disk or the machine."""
    locked = {wheel.filename: wheel.sha256 for p in server.lock.packages for wheel in p.wheels}
    found = [
        Finding(check=Check.MANIFEST, subject=name, message="is not in the registry's lock")
        for name, digest in receipt.artifacts
        if locked.get(name) != digest
    ]
    if receipt.manifest_sha256 != server.manifest_sha256:
        message = "has another manifest in the registry now, for the same version"
        found.append(Finding(check=Check.MANIFEST, subject=receipt.name, message=message))
    if receipt.generation != current:
        message = f"is at generation `{current}`, the receipt says `{receipt.generation}`"
        found.append(_environment_finding(receipt, message))
    if interpreter.sha256 != receipt.python_sha256:
        message = "changed since the installation; `mcpi reinstall` builds the environment anew"
        subject, kind = str(interpreter.path), Kind.INTERPRETER_CHANGED
        found.append(Finding(check=Check.ENVIRONMENT, subject=subject, message=message, kind=kind))
    return found


def _environment_finding(receipt: Receipt, message: str) -> Finding:
    return Finding(check=Check.ENVIRONMENT, subject=receipt.entry_name, message=message)


def _environment_check(findings: Sequence[Finding], evidence: str) -> CheckResult:
    bad = [finding for finding in findings if finding.check is Check.ENVIRONMENT]
    return CheckResult(
        check=Check.ENVIRONMENT,
        outcome=Outcome.FAILED if bad else Outcome.VERIFIED,
        evidence=_differences(len(bad)) if bad else evidence,
    )


def _differences(count: int) -> str:
    return "1 difference" if count == 1 else f"{count} differences"


def stopped(error: McpInstallError) -> Disk:
    """Return that nothing was found out, because of `error`."""
    return Disk(
        checks=tuple(
            CheckResult(check=check, outcome=Outcome.NOT_CHECKED, evidence=error.message)
            for check in (Check.DOWNLOADS, Check.ARCHIVES, Check.ENVIRONMENT)
        ),
        findings=(),
    )


def _failed(check: Check, subject: str, message: str, kind: Kind = Kind.NOT_AS_VERIFIED) -> Disk:
    return Disk(
        checks=(CheckResult(check=check, outcome=Outcome.FAILED, evidence=message),),
        findings=(Finding(check=check, subject=subject, message=message, kind=kind),),
    )
