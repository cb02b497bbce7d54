"""What the registries offer: search, and everything about one server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcpinstall import registries
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import IndexRow, ReviewedServer
from mcpinstall.operations import lookup, server_plans
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


def search(text: str, context: Context) -> tuple[IndexRow, ...]:
    """Return the newest version of every server whose name, title or summary holds `text`.

    Servers of the user's own folders are named `REGISTRY:NAME`, as `mcpi install` wants them.
    """
    bundled, *folders = lookup.open_registries(context)
    return (
        *_found(bundled, text, ""),
        *(row for folder in folders for row in _found(folder, text, f"{folder.state.name}:")),
    )


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
    named = next((receipt for receipt in receipts if receipt.entry_name == spec), None)
    server = lookup.of_receipt(named, context) if named else lookup.reviewed(spec, context)
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
        receipts=tuple(receipt for receipt in receipts if receipt.name == name),
    )
