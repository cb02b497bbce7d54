"""Holds: what keeps an installed server in its version until the person lets it go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.receipt import Hold, Receipt
from mcpinstall.operations import direct, lookup, publishers, server_plans, transaction
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Draft, Prepared


def is_exact(spec: str) -> bool:
    """Tell whether the user named a version."""
    prefix = spec.partition(":")[0]
    if prefix in {"pypi", direct.PREFIX}:
        return prefix == "pypi" and "==" in spec
    return "@" in spec


def of_installation(
    drafted: Draft, servers: Sequence[ServerPlan], context: Context
) -> tuple[tuple[str, Hold], ...]:
    """Return by slug which servers an installation pins, and which it pins no more.

    What is held stays held: it is installed in the version that it has.
    """
    found: list[tuple[str, Hold]] = []
    for server in servers:
        there = server_plans.receipts_of(server.slug, context)
        manifest = server.reviewed.manifest_sha256
        if any(one.hold is Hold.HELD for one in there):
            continue
        if manifest in drafted.exact:
            found.append((server.slug, Hold.PINNED))
        elif any(one.manifest_sha256 != manifest for one in there):
            found.append((server.slug, Hold.NONE))
    return tuple(found)


def require_movable(servers: Sequence[ServerPlan], context: Context) -> None:
    """Refuse to move a server to a version that `update` would not move it to.

    That is one that is held, or a version of another publisher.

    Raises:
        McpInstallError: `version-held`, `publisher-mismatch`, `publisher-missing`.
    """
    for server in servers:
        there = server_plans.receipts_of(server.slug, context)
        if all(one.manifest_sha256 == server.reviewed.manifest_sha256 for one in there):
            continue
        publishers.require_same(there, server.reviewed)
        for one in there:
            if one.hold is Hold.HELD:
                raise McpInstallError(
                    ErrorCode.VERSION_HELD,
                    f"`{one.entry_name}` is held at {one.version}",
                    hint=f"`mcpi unhold {one.entry_name}` lets it go",
                )


def hold(names: Sequence[str], context: Context) -> tuple[Receipt, ...]:
    """Keep servers in their version; return the receipts of all their entries.

    Raises:
        McpInstallError: `not-installed`, `name-ambiguous`, `disk-failed`.
    """
    return _set(names, Hold.HELD, "hold", context)


def unhold(names: Sequence[str], context: Context) -> tuple[Receipt, ...]:
    """Let servers go that are held or pinned; return the receipts of all their entries.

    Raises:
        McpInstallError: as `hold`.
    """
    return _set(names, Hold.NONE, "unhold", context)


def pin(prepared: Prepared, context: Context) -> tuple[Receipt, ...]:
    """Pin what an installation names in the exact version that is in place already.

    Returns:
        Receipts of all entries that are pinned now and were not before.

    Raises:
        McpInstallError: `disk-failed`.
    """
    wanted = {slug for slug, hold in prepared.holds if hold is Hold.PINNED}
    plans = [one for one in prepared.plan.servers if one.slug in wanted]
    return pin_as_they_are({(one.slug, one.reviewed.manifest_sha256) for one in plans}, context)


def pin_as_they_are(wanted: Collection[tuple[str, str]], context: Context) -> tuple[Receipt, ...]:
    """Pin servers, by slug and manifest, if they (still) have that version; as `pin`."""
    if not _free(wanted, context):
        return ()
    with transaction.exclusive(context):
        found = _free(wanted, context)
        _write(found, Hold.PINNED, "pin", context)
    return tuple(replace(one, hold=Hold.PINNED) for one in found)


def _free(wanted: Collection[tuple[str, str]], context: Context) -> list[Receipt]:
    """Return the entries of such servers that are neither held nor pinned."""
    found = [(server_plans.receipts_of(slug, context), manifest) for slug, manifest in wanted]
    return [
        one
        for there, manifest in found
        for one in there
        if one.hold is Hold.NONE and {r.manifest_sha256 for r in there} == {manifest}
    ]


def _set(names: Sequence[str], wanted: Hold, action: str, context: Context) -> tuple[Receipt, ...]:
    with transaction.exclusive(context):
        slugs = dict.fromkeys(
            lookup.receipt_slug(lookup.installed(name, context)) for name in names
        )
        every = [one for slug in slugs for one in server_plans.receipts_of(slug, context)]
        _write([one for one in every if one.hold is not wanted], wanted, action, context)
    return tuple(replace(one, hold=wanted) for one in every)


def _write(receipts: Sequence[Receipt], wanted: Hold, action: str, context: Context) -> None:
    if receipts:
        after = tuple(replace(one, hold=wanted) for one in receipts)
        change = transaction.Transaction(
            action=action, receipts_before=tuple(receipts), receipts_after=after
        )
        transaction.run(change, context)
