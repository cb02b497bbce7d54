"""`mcpi verify` of a server that is used where it runs: what the registry says of its address."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import RegistryKind, ReviewedServer
from mcpinstall.operations import remote_plans, settings
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding
from mcpinstall.operations.verify_disk import Disk
from mcpinstall.planning import remotes

_NO_ANCHOR = "no registry knows this server, you gave its address"


def verify(receipt: Receipt, server: ReviewedServer, context: Context) -> Disk:
    """Compare the receipt with the registry's manifest; the server itself is not asked."""
    return Disk(
        checks=(
            *remote_plans.not_here(receipt.url),
            CheckResult(
                check=Check.ANSWERS,
                outcome=Outcome.NOT_CHECKED,
                evidence=f"`mcpi test {receipt.entry_name}` asks the server",
            ),
        ),
        findings=tuple(
            Finding(check=Check.MANIFEST, subject=receipt.name, message=message)
            for message in _differences(receipt, server, context)
        ),
        anchor="" if server.registry.kind is not RegistryKind.NONE else _NO_ANCHOR,
    )


def _differences(receipt: Receipt, server: ReviewedServer, context: Context) -> Iterator[str]:
    if receipt.manifest_sha256 != server.manifest_sha256:
        yield "has another manifest in the registry now, for the same version"
    try:
        url = _address(receipt, server, context)
    except McpInstallError as error:
        yield error.message
        return
    if url != receipt.url:
        yield f"is at `{url}` by the registry, the receipt says `{receipt.url}`"


def _address(receipt: Receipt, server: ReviewedServer, context: Context) -> str:
    """Return the address that the registry's template gives with the user's own values."""
    remote = remote_plans.described(server, receipt.transport)
    known = {name for name, _ in remote.variables}
    given = {
        value.name: [value.value]
        for value in receipt.inputs
        if value.name in known and value.value is not None
    }
    return remotes.address(remote, given, settings.around(context))
