"""Is another version started as the installed one?  Then entries in hosts can stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostRow
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.server_json import (
    EnvironmentInput,
    Input,
    NamedArgument,
    Package,
    PositionalArgument,
)
from mcpinstall.operations import lookup, server_plans
from mcpinstall.operations.context import Context


def described(receipt: Receipt, context: Context) -> ReviewedServer | None:
    """Return what is installed; None where its registry doesn't describe it (any more)."""
    try:
        found = lookup.of_receipt(receipt, context, withdrawn=True)
    except McpInstallError:
        return None  # that nothing is compared then is said in the plan
    return found if found.manifest_sha256 == receipt.manifest_sha256 else None


def are_alike(one: ReviewedServer, other: ReviewedServer) -> bool:
    """Tell whether an entry that starts one version starts the other just as well."""
    return _started(server_plans.package_of(one)) == _started(server_plans.package_of(other))


def require_none_left_behind(
    servers: Sequence[ServerPlan], written: Sequence[HostRow], context: Context
) -> None:
    """Refuse another version under entries that it does not write, and that start it otherwise.

    `written` are the hosts that have the plan's entries afterwards.  All entries of a server that
    runs here start what is current: those that keep the old arguments would get the new version.

    Raises:
        McpInstallError: `server-exists`.
    """
    ids = {row.id for row in written}
    for server in servers:
        there = server_plans.receipts_of(server.slug, context) if server.remote is None else ()
        left = [
            one
            for one in there
            if set(one.hosts) - (ids if one.entry_name == server.entry.name else set())
        ]
        if not left or there[0].manifest_sha256 == server.reviewed.manifest_sha256:
            continue
        before, version = described(there[0], context), server.version
        if before is None or not are_alike(before, server.reviewed):
            names = ", ".join(f"`{one.entry_name}`" for one in left)
            raise McpInstallError(
                ErrorCode.SERVER_EXISTS,
                f"{names} would start {version} with what was set for {there[0].version}",
                hint=f"`mcpi update {left[0].entry_name} --to {version}` moves all entries of "
                "this server, in all hosts",
            )


def _started(package: Package) -> Package:
    """Return what counts of a package for how it is started: no version, no words for people."""
    return replace(
        package,
        version=None,
        file_sha256=None,
        registry_base_url=None,
        runtime_hint=None,
        runtime_arguments=(),
        arguments=tuple(_argument(one) for one in package.arguments),
        environment=tuple(
            EnvironmentInput(name=one.name, input=_bare(one.input)) for one in package.environment
        ),
    )


def _argument(
    argument: PositionalArgument | NamedArgument,
) -> PositionalArgument | NamedArgument:
    return replace(argument, input=_bare(argument.input))


def _bare(wanted: Input) -> Input:
    inner = tuple((name, _bare(one)) for name, one in wanted.variables)
    return replace(wanted, description="", placeholder=None, variables=inner)
