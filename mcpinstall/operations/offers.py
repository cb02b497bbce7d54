"""What the source of an installed server offers now: which version could take its place.

Only the source that the receipt names is asked, and only about that one server.  Nothing is
downloaded of what it offers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mcpinstall import environments, indexes, registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.names import normalized_package
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import IndexRow, ReviewedServer
from mcpinstall.model.server_json import STDIO
from mcpinstall.operations import direct, lookup, offers_unreviewed, policies, server_plans
from mcpinstall.operations.advisories import Advisories
from mcpinstall.operations.context import Context
from mcpinstall.operations.offers_unreviewed import Refusal
from mcpinstall.planning import advisories, policy_rules, remotes, selection
from mcpinstall.registries import Registry

PASSED_OVER = frozenset({
    ErrorCode.INPUT_INVALID,  # it has no such transport (any more)
    ErrorCode.INTERPRETER_MISSING, ErrorCode.INTERPRETER_REFUSED, ErrorCode.NOT_SUPPORTED_YET,
    ErrorCode.PACKAGE_MALICIOUS, ErrorCode.PLATFORM_UNSUPPORTED, ErrorCode.POLICY_REFUSED,
    ErrorCode.PUBLISHER_REVOKED, ErrorCode.REVIEWER_REVOKED, ErrorCode.SERVER_REVOKED,
    ErrorCode.VERSION_REVOKED, ErrorCode.VERSION_VULNERABLE, ErrorCode.VERSION_YANKED,
})  # fmt: skip
"""Why one version is not offered, and an older one may be; anything else stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What could take the place of one installed server."""

    receipt: Receipt
    """Of its first entry."""
    version: str = ""
    """The newest version that may be installed here; empty when there is none but what is there."""
    newest: str = ""
    """The newest version that the source has, whether it may be installed or not."""
    refusals: tuple[Refusal, ...] = ()
    """Why newer versions than `version` are not offered, the newest first."""
    notes: tuple[str, ...] = ()
    """What could not be asked."""
    server: ReviewedServer | None = field(default=None, repr=False)
    """That version, where a registry describes it; a package of an index is locked later."""


def offer(receipt: Receipt, request: Request, context: Context) -> Offer:
    """Ask the source of a receipt for newer versions, and choose the newest that may be installed.

    Raises:
        McpInstallError: `registry-invalid` when the registry has another root now,
            `registry-unavailable`, `registry-stale`, `offline-missing` …
    """
    if receipt.registry_root == direct.ROOT:
        return Offer(
            receipt=receipt,
            newest=receipt.version,
            notes=("an address has no versions: what runs there can change at any time",),
        )
    if offers_unreviewed.is_one(receipt):
        found = offers_unreviewed.newest(receipt, request, context)
        return Offer(
            receipt=receipt,
            version=found.version,
            newest=found.newest,
            refusals=found.refusals,
            notes=found.notes,
        )
    registry = _asked(receipt, request, context)
    rows = _newer(registry.rows_of(receipt.name), receipt)
    return _first_allowed(rows, receipt, registry, _Judge(request, context))


def exactly(receipt: Receipt, version: str, request: Request, context: Context) -> ReviewedServer:
    """Return one version from the source of a receipt, or say why it can't be had.

    Raises:
        McpInstallError: as `offer`, and what refuses that version.
    """
    if receipt.registry_root == direct.ROOT:
        raise McpInstallError(
            ErrorCode.USAGE,
            f"`{receipt.entry_name}` has no versions: it is used at an address",
            hint="leave `--to` out; for another address uninstall it, and install that one",
        )
    if offers_unreviewed.is_one(receipt):
        return offers_unreviewed.resolved(receipt, version, request, context)
    registry = _asked(receipt, request, context)
    row = next((one for one in registry.rows_of(receipt.name) if one.version == version), None)
    if row is None:
        return registry.find(receipt.name, version)  # says which versions there are
    return _Judge(request, context).accepted(row, receipt, registry)


def _asked(receipt: Receipt, request: Request, context: Context) -> Registry:
    registry = lookup.registry_of(receipt, context, offline=request.offline)
    registries.require_unexpired(registry.state)
    return registry


def _newer(rows: Sequence[IndexRow], receipt: Receipt) -> tuple[IndexRow, ...]:
    """Return what could take a server's place, the newest first.

    That is also the same version with other files: what its registry vouches for has changed.
    """
    found = [
        row
        for row in rows
        if registries.is_newer(row.version, receipt.version)
        or (row.version == receipt.version and row.sha256 != receipt.manifest_sha256)
    ]
    return tuple(sorted(found, key=lambda row: registries.order(row.version), reverse=True))


def _first_allowed(
    rows: Sequence[IndexRow], receipt: Receipt, registry: Registry, judge: _Judge
) -> Offer:
    refusals: list[Refusal] = []
    newest = rows[0].version if rows else receipt.version
    for row in rows:
        try:
            server = judge.accepted(row, receipt, registry)
        except McpInstallError as error:
            if error.code not in PASSED_OVER:
                raise
            refusals.append(Refusal(version=row.version, code=error.code, why=error.message))
            continue
        return Offer(
            receipt=receipt, version=row.version, newest=newest, server=server,
            refusals=tuple(refusals), notes=tuple(dict.fromkeys(judge.notes)),
        )  # fmt: skip
    return Offer(
        receipt=receipt, newest=newest, refusals=tuple(refusals),
        notes=tuple(dict.fromkeys(judge.notes)),
    )  # fmt: skip


class _Judge:
    """Decides of versions whether they may be installed here."""

    def __init__(self, request: Request, context: Context) -> None:
        self._request, self._context = request, context
        self._rules = policies.load(context)
        self._advisories = Advisories(context)
        self.notes: list[str] = []

    def accepted(self, row: IndexRow, receipt: Receipt, registry: Registry) -> ReviewedServer:
        """Return a version with all its files, or refuse it.

        Raises:
            McpInstallError: one of `PASSED_OVER`, or what is wrong with its files.
        """
        server = registry.find(row.name, row.version)
        wheels = self.required(server, receipt)
        self._require_not_withdrawn(server, wheels)
        return server

    def required(self, server: ReviewedServer, receipt: Receipt) -> tuple[Artifact, ...]:
        """Return the files of a version that may be installed here, or refuse it.

        Raises:
            McpInstallError: one of `PASSED_OVER`.
        """
        wheels: tuple[Artifact, ...] = ()
        if receipt.is_remote:
            remotes.transports(server.manifest, receipt.transport)
        else:
            remotes.transports(server.manifest, STDIO)
            python = server_plans.interpreter_of(server, receipt, self._request, self._context)
            wheels = selection.select(server.lock, python)
        subject = policies.of_newer(receipt, server, wheels)
        decision = policies.decide(self._rules, subject, self._context)
        if error := policy_rules.refused(decision, subject):
            raise error
        known = self._advisories.known(server, wheels)
        advisories.require(server.manifest.name, known, self._request.allow)
        return wheels

    def _require_not_withdrawn(self, server: ReviewedServer, wheels: Sequence[Artifact]) -> None:
        """Refuse a version whose own package was withdrawn from the index."""
        package = server.manifest.package
        if package is None or self._request.offline or "yanked" in self._request.allow:
            return
        main = normalized_package(package.identifier)
        wheel = next((one for one in wheels if one.package == main), None)
        try:
            index = indexes.effective_index(self._context.machine, environments.uv_program())
            home = indexes.home_of(main, index, self._context.machine)
            reason = home.withdrawn(wheel.filename) if home is not None and wheel else None
        except McpInstallError as error:
            self.notes.append(f"whether a version was withdrawn is not known: {error.message}")
            return
        if reason is not None:
            raise McpInstallError(
                ErrorCode.VERSION_YANKED,
                f"the index withdrew `{main}` {package.version}"
                + (f": {reason}" if reason else ""),
                hint="wait for a newer version, or read the reason and use `--allow yanked`",
            )


def with_server(found: Offer, request: Request, context: Context) -> ReviewedServer | None:
    """Return what an offer stands for, locked now where no registry did; None for nothing new.

    Raises:
        McpInstallError: what refuses it.
    """
    if found.server is not None:
        return found.server
    if not offers_unreviewed.is_one(found.receipt):
        return None
    server = offers_unreviewed.resolved(found.receipt, "", request, context)
    if _is_there(server, found.receipt, context):
        return None
    _Judge(request, context).required(server, found.receipt)
    return server


def _is_there(server: ReviewedServer, receipt: Receipt, context: Context) -> bool:
    """Tell whether a closure that was resolved anew is the installed one, or an older one."""
    version = server.manifest.version
    if version != receipt.version:
        return not registries.is_newer(version, receipt.version)
    return offers_unreviewed.same_files(server, receipt, context)
