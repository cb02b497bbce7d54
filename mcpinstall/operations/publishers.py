"""Check 5 of a plan: which files need a publisher, who is asked, what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import Offered
from mcpinstall.model import revocation
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.names import normalized_package
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.model.publisher import PackageFile, Provenance, ServerPublishers
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import publisher_records, revoked, server_plans
from mcpinstall.operations.context import Context
from mcpinstall.operations.provenance import Source
from mcpinstall.planning import publishers


class Publishers:
    """Check 5 of the servers of one plan.

    Files of a server that a registry vouches for need one only where the manifest names a
    publisher.  Of what nobody reviewed, every file of the closure is looked at.
    """

    def __init__(self, servers: Sequence[ServerPlan], request: Request, context: Context) -> None:
        self._servers, self._context = servers, context
        self._offline = request.offline
        self._sources = {one.slug: Source(context, one.reviewed) for one in servers}
        self._known = {
            (server.slug, file.sha256): known
            for server in servers
            for file in _files(server)
            if (known := self._of_ours(server, file)) is not None
        }

    @property
    def wanted(self) -> frozenset[str]:
        """Files about which an index is to be asked, by sha256: of others it is known already."""
        every = {(one.slug, file.sha256) for one in self._servers for file in _files(one)}
        left = () if self._offline else every - self._known.keys()
        return frozenset(sha256 for _, sha256 in left)

    def checked(
        self, offered: Mapping[str, Offered | McpInstallError]
    ) -> tuple[ServerPublishers, ...]:
        """Return check 5 of every server, with what the index `offered` by sha256.

        Raises:
            McpInstallError: `publisher-missing`, `publisher-mismatch`, `publisher-unverified`,
                `publisher-revoked`, or what a hostile answer of the index is refused with.
        """
        found: list[ServerPublishers] = []
        for server in self._servers:
            found.append(self._checked(server, offered, found))
        require_unrevoked(found, self._context)
        return tuple(found)

    def _of_ours(self, server: ServerPlan, file: PackageFile) -> Provenance | None:
        carried = dict(server.reviewed.attestations).get(file.filename)
        source = self._sources[server.slug]
        if carried:
            return source.of(file, carried, None)
        kept = source.kept(file)
        if kept is None or server.reviewed.unreviewed is None:
            return kept
        found = publisher_records.placed(kept, self._context)
        return None if found.origin is None and not self._offline else found

    def _checked(
        self,
        server: ServerPlan,
        offered: Mapping[str, Offered | McpInstallError],
        before: Sequence[ServerPublishers],
    ) -> ServerPublishers:
        """Return check 5 of a server; those `before` it in the plan count as seen."""
        manifest = server.reviewed.manifest
        if server.remote is not None or manifest.package is None:
            return ServerPublishers(slug=server.slug, check=_nothing_here())
        main = normalized_package(manifest.package.identifier)
        if server.already_installed:
            receipts = server_plans.receipts_of(server.slug, self._context)
            known = receipts[0].publishers if receipts else ()
            return publishers.in_place(server.slug, main, known)
        found = [
            self._known.get((server.slug, file.sha256))
            or self._sources[server.slug].offered(file, offered.get(file.sha256))
            for file in _files(server)
        ]
        if server.reviewed.unreviewed is not None:
            fresh = [new for one in before for new in one.to_keep]
            seen = {
                name: publisher_records.seen(name, self._context).after(name, fresh)
                for name in dict.fromkeys(one.file.package for one in found)
            }
            return publishers.unreviewed(server.slug, main, found, seen, offline=self._offline)
        if manifest.publisher is None:
            check = publishers.unnamed(server.reviewed)
            return ServerPublishers(slug=server.slug, check=check)
        return publishers.certified(server.slug, main, manifest.publisher, found)


def require_unrevoked(found: Sequence[ServerPublishers], context: Context) -> None:
    """Refuse an attested package of a publisher that one of the user's registries revoked.

    Raises:
        McpInstallError: `publisher-revoked`.
    """
    every = {one.identity for server in found for one in server.verified}
    known = revoked.for_uncertified(context) if every else ()
    for identity in sorted(every, key=lambda one: one.whole):
        revocation.require_none(revocation.revoked_publisher(identity, known))


def require_same(receipts: Sequence[Receipt], server: ReviewedServer) -> None:
    """Refuse a reviewed version of another publisher than that of what is installed.

    Whoever takes a project over, or its repository, doesn't come in by a newer version.  A
    repository keeps its numeric id under another name.

    Raises:
        McpInstallError: `publisher-mismatch`, `publisher-missing`.
    """
    before, now = receipts[0].backing, server.manifest.publisher
    if not before.issuer or receipts[0].is_remote:
        return
    name, version = receipts[0].entry_name, server.manifest.version
    hint = "find out why; if it is right, uninstall the server and install it anew"
    was = f"`{before.repository}` (id {before.repository_id}, owner {before.owner_id})"
    if now is None:
        raise McpInstallError(
            ErrorCode.PUBLISHER_MISSING,
            f"`{name}` {version} names no publisher any more; it was {was}",
            hint=hint,
        )
    same = (before.issuer, before.repository_id, before.owner_id)
    if same != (now.issuer, now.repository_id, now.owner_id):
        raise McpInstallError(
            ErrorCode.PUBLISHER_MISMATCH,
            f"`{name}` {version} is by `{now.repository}` (id {now.repository_id}, owner "
            f"{now.owner_id}), and what is installed by {was}",
            hint=hint,
        )


def _files(server: ServerPlan) -> tuple[PackageFile, ...]:
    """Return the files whose publisher counts."""
    manifest = server.reviewed.manifest
    package = manifest.package
    if server.remote is not None or package is None or server.already_installed:
        return ()
    kind = package.registry_type
    if server.reviewed.unreviewed is not None:
        return tuple(file_of(artifact, kind) for artifact in server.artifacts)
    if manifest.publisher is None:
        return ()
    main = normalized_package(package.identifier)
    return tuple(file_of(one, kind) for one in server.artifacts if one.package == main)


def file_of(artifact: Artifact, ecosystem: str) -> PackageFile:
    """Return a file of a lock as attestations have to name it."""
    return PackageFile(
        ecosystem=ecosystem,
        package=artifact.package,
        version=artifact.version,
        filename=artifact.filename,
        sha256=artifact.sha256,
    )


def _nothing_here() -> CheckResult:
    return CheckResult(
        check=Check.PUBLISHER,
        outcome=Outcome.ABSENT,
        evidence="nothing of it comes to this machine",
    )
