"""`mcpi verify` and `mcpi doctor`: what is known today of the packages of what is installed."""

from __future__ import annotations

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations.advisories import Advisories
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding, Kind
from mcpinstall.planning import advisories
from mcpinstall.planning.advisories import Affected


def verify(
    receipt: Receipt, server: ReviewedServer, context: Context
) -> tuple[McpInstallError | None, list[Finding], list[str]]:
    """Return what could not be read, what is wrong with a server's packages, and the facts else.

    All are empty for a remote server, and where there is no file of advisories.
    """
    if receipt.is_remote:
        return None, [], []
    every = Advisories(context)
    try:
        known = every.of_receipt(receipt, server)
    except McpInstallError as error:
        return error, [], []
    if known.issued is None:
        return None, [], []
    dated = advisories.dated(known.issued, every.time)
    found = [_finding(one, dated) for one in known.affected]
    return None, found, [] if found else list(advisories.words(known, every.time))


def _finding(one: Affected, dated: str) -> Finding:
    what = "is known to be malicious" if one.is_malicious else "has known vulnerabilities"
    return Finding(
        check=Check.POLICY,
        subject=f"{one.package} {one.version}",
        message=f"{what}: {advisories.facts(one)}, {dated}",
        kind=Kind.MALICIOUS if one.is_malicious else Kind.VULNERABLE,
    )
