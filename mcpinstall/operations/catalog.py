"""What the registries offer: search, and everything about one server."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import revocation
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import IndexRow, RegistryKind, ReviewedServer
from mcpinstall.model.registry_entry import Status
from mcpinstall.operations import configuration, direct, lookup, server_plans
from mcpinstall.operations.context import Context
from mcpinstall.planning import inputs
from mcpinstall.receipts.store import ReceiptStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One server, as `mcpi show` prints it."""

    reviewed: ReviewedServer
    questions: tuple[inputs.Question, ...]
    versions: tuple[str, ...]
    """All versions that the registry has, newest first."""
    receipts: tuple[Receipt, ...]
    """Its installed entries."""
    revoked_versions: tuple[str, ...] = ()
    """Those of `versions` that the registry revoked by name."""

    @property
    def remotes(self) -> tuple[tuple[str, str], ...]:
        """Transport and address of each place where it runs.

        Which transport an address speaks only its user said, when it was installed.
        """
        if self.reviewed.registry.kind is RegistryKind.NONE and self.receipts:
            return tuple(dict.fromkeys((one.transport, one.url) for one in self.receipts))
        return tuple((one.transport, one.url) for one in self.reviewed.manifest.remotes)


_MCP = "mcp:"


Failed = Callable[[str, McpInstallError], None]
"""Is told the name of a registry that could not be searched, and why."""


def search(
    text: str, context: Context, *, updated_since: str = "", failed: Failed | None = None
) -> tuple[IndexRow, ...]:
    """Return the newest version of every server whose name, title or summary holds `text`.

    Those that are named so come first.  Servers of the user's own folders are named
    `REGISTRY:NAME`, as `mcpi install` wants them.
    `mcp:TEXT` asks the user's MCP registry, which looks at names only; with `updated_since`
    (a time, RFC 3339) for what changed since.

    With `failed` one registry that can't be searched stops none of the others.

    Raises:
        McpInstallError: `usage`, what a registry refuses with; `registry-unavailable` where none
            of them could be searched.
    """
    if text.startswith(_MCP):
        return tuple(_of_mcp(text.removeprefix(_MCP), updated_since, context))
    if updated_since:
        raise McpInstallError(
            ErrorCode.USAGE, "`--updated-since` is for MCP registries", hint="`mcp:TEXT` asks one"
        )
    opened: dict[str, Callable[[], registries.Registry]] = {
        "bundled": functools.partial(registries.open_bundled, context.paths, context.now)
    }
    opened |= {
        one.name: functools.partial(lookup.opened, one, context)
        for one in configuration.configured(context)
    }
    rows: list[IndexRow] = []
    unanswered = 0
    for name, opening in opened.items():
        try:
            rows += _found(opening(), text, "" if name == "bundled" else f"{name}:")
        except McpInstallError as error:
            if failed is None:
                raise
            unanswered += 1
            failed(name, error)
    if unanswered == len(opened):
        raise McpInstallError(
            ErrorCode.REGISTRY_UNAVAILABLE,
            "none of your registries could be searched",
            hint="each of them is named above, with its reason",
        )
    return tuple(sorted(rows, key=lambda row: not _is_named(row, text)))


def _is_named(row: IndexRow, text: str) -> bool:
    names = (row.alias, row.alias.rpartition(":")[2], row.name, row.name.rpartition("/")[2])
    return text.casefold() in (name.casefold() for name in names if name)


def _of_mcp(text: str, updated_since: str, context: Context) -> Iterator[IndexRow]:
    """Yield what the MCP registry finds; deleted entries are told only where changes are asked."""
    asked = registries.McpRegistry(configuration.mcp_registry(context), context.machine)
    try:
        for entry in asked.search(text, updated_since=_time(updated_since)):
            if entry.status is Status.DELETED and not updated_since:
                continue
            state = "" if entry.status is Status.ACTIVE else f"{entry.status.upper()}: "
            yield IndexRow(
                name=f"{_MCP}{entry.server.name}",
                version=entry.server.version,
                title=entry.server.title or entry.server.name,
                summary=f"{state}{entry.server.description}",
                sha256=entry.sha256,
            )
    finally:
        asked.close()


def _time(text: str) -> str:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise McpInstallError(
            ErrorCode.USAGE,
            "`--updated-since` takes a date or time",
            hint="for example `2026-11-01` or `2026-11-01T12:00:00Z`",
        ) from None
    if found is None:
        return ""
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    return f"{zoned.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _found(registry: registries.Registry, text: str, prefix: str) -> Iterator[IndexRow]:
    """Yield what a registry finds, with the names that `mcpi install` takes."""
    for row in registry.search(text):
        alias = registry.alias_of(row.name)
        yield replace(row, name=f"{prefix}{row.name}", alias=f"{prefix}{alias}" if alias else "")


def show(spec: str, context: Context) -> Shown:
    """Return everything about one server; an installed entry's name works too.

    Raises:
        McpInstallError: `not-found`, `name-ambiguous` …
    """
    receipts = ReceiptStore(context.paths).receipts()
    is_address = spec.startswith(f"{direct.PREFIX}:")  # described by its receipt alone
    named = next(
        (one for one in receipts if spec == (one.name if is_address else one.entry_name)), None
    )
    server = (
        lookup.of_receipt(named, context, withdrawn=True)
        if named
        else lookup.reviewed(spec, context, withdrawn=True)
    )
    name = server.manifest.name
    versions = [
        row.version
        for registry in lookup.open_registries(
            context, root=server.registry.root_digest, offline=named is not None
        )
        if registry.state.root_digest == server.registry.root_digest
        for row in registry.rows_of(name)
    ]
    return Shown(
        reviewed=server,
        questions=server_plans.questions(server, named.transport if named else None),
        versions=tuple(versions),
        revoked_versions=tuple(
            one
            for one in versions
            if revocation.is_withdrawn(name, one, server.registry.revocations)
        ),
        receipts=tuple(receipt for receipt in receipts if receipt.name == name),
    )
