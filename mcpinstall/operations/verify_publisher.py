"""Check 5 of an installed server: its attestations again, without any network."""

from __future__ import annotations

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.names import normalized_package
from mcpinstall.model.publisher import Provenance
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import publisher_records, publishers
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding
from mcpinstall.operations.provenance import Source
from mcpinstall.planning import publishers as rules


def verify(
    receipt: Receipt, server: ReviewedServer, context: Context
) -> tuple[CheckResult, Finding | None] | None:
    """Return check 5 from what is carried or was kept, and what refuses; None for no publisher.

    Nothing is fetched: what is gone from the cache is `not checked`.
    """
    try:
        found = _provenances(receipt, server, context)
        return None if found is None else (_judged(server, found, context), None)
    except McpInstallError as error:
        finding = Finding(check=Check.PUBLISHER, subject=receipt.name, message=error.message)
        failed = CheckResult(check=Check.PUBLISHER, outcome=Outcome.FAILED, evidence=error.message)
        return failed, finding


def _provenances(
    receipt: Receipt, server: ReviewedServer, context: Context
) -> tuple[Provenance, ...] | None:
    """Return what is known without the network about every file that was attested."""
    package, attested = server.manifest.package, {one.package for one in receipt.publishers}
    if receipt.is_remote or package is None:
        return None
    if server.unreviewed is None:
        main = normalized_package(package.identifier)
        attested = {main} if server.manifest.publisher else set()
    if not attested:
        return None
    digests, source = {sha256 for _, sha256 in receipt.artifacts}, Source(context)
    carried = dict(server.attestations)
    found = []
    for one in (wheel for item in server.lock.packages for wheel in item.wheels):
        if one.sha256 in digests and one.package in attested:
            file = publishers.file_of(one, package.registry_type)
            ours = carried.get(one.filename)
            known = source.of(file, ours, None) if ours else source.kept(file)
            if known is None:
                return ()
            found.append(known)
    return tuple(found)


def _judged(server: ReviewedServer, found: tuple[Provenance, ...], context: Context) -> CheckResult:
    main = normalized_package(server.manifest.local.identifier)
    publisher = server.manifest.publisher
    if not found:
        return CheckResult(
            check=Check.PUBLISHER,
            outcome=Outcome.NOT_CHECKED,
            evidence="the attestations are not kept here any more; a reinstallation fetches them",
        )
    if publisher is not None:
        return rules.certified("", main, publisher, found).check
    seen = {one.file.package: publisher_records.seen(one.file.package, context) for one in found}
    rules.unreviewed("", main, found, seen, offline=True)
    return CheckResult(
        check=Check.PUBLISHER,
        outcome=Outcome.VERIFIED,
        evidence=f"packages whose publisher is still the one first seen: {len(seen)}",
    )
