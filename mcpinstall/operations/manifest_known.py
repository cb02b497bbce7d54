"""What is known elsewhere of what manifests pin: advisories, and who published the wheels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mcpinstall import environments, indexes, registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import Offered
from mcpinstall.model import advisory_text
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.finding import Finding
from mcpinstall.model.names import normalized_package
from mcpinstall.model.publisher import Provenance
from mcpinstall.operations import manifest_wheels, publishers
from mcpinstall.operations.context import Context
from mcpinstall.operations.provenance import Source
from mcpinstall.planning import advisories as planned_advisories
from mcpinstall.planning import publishers as planned_publishers
from mcpinstall.rules.manifests import advisories, signed
from mcpinstall.rules.manifests.facts import RegistryFacts, Version

if TYPE_CHECKING:
    from mcpinstall.signatures import TrustRoot

_OF_PUBLISHERS = {
    ErrorCode.PUBLISHER_MISMATCH,
    ErrorCode.PUBLISHER_MISSING,
    ErrorCode.PUBLISHER_UNVERIFIED,
}


def advisory_files(facts: RegistryFacts, context: Context) -> tuple[AdvisoryFile, ...]:
    """Return the registry's own advisories, and those that are shipped with the program.

    Raises:
        McpInstallError: those that are shipped can't be read.
    """
    shipped = registries.open_bundled(context.paths, context.now).advisories()
    document = facts.documents.get(advisory_text.NAME)
    own = None
    if document is not None and (shipped is None or document.sha256 != shipped.sha256):
        try:
            own = advisory_text.read(document.data, document.name)
        except McpInstallError:
            own = None  # a finding of the registry already
    return tuple(one for one in (own, shipped) if one is not None)


def is_affected(packages: tuple[tuple[str, str], ...], files: tuple[AdvisoryFile, ...]) -> bool:
    """Tell whether some advisory is about one of these packages at its version."""
    return bool(planned_advisories.compare(packages, files).affected)


def affected(version: Version, files: tuple[AdvisoryFile, ...]) -> Iterator[Finding]:
    """Yield the locked packages that advisories are about.

    Raises:
        McpInstallError: `advisories-invalid`.
    """
    artifacts = manifest_wheels.artifacts_of([version.lock])
    known = planned_advisories.compare(planned_advisories.packages_of(artifacts), files)
    for one in known.affected:
        yield advisories.affected(
            version,
            one.package,
            one.version,
            planned_advisories.facts(one),
            malicious=one.is_malicious,
        )


def publisher(
    version: Version, facts: RegistryFacts, context: Context, *, offline: bool
) -> Iterator[Finding]:
    """Yield whether some wheel of the server's own package is not by the publisher named.

    An instance of Sigstore whose trust root the registry delivers counts, as it does for users.

    Raises:
        McpInstallError: what keeps that from being known.
    """
    manifest, lock = version.manifest, version.lock
    if manifest is None or manifest.package is None or manifest.publisher is None or lock is None:
        return
    main = normalized_package(manifest.package.identifier)
    wheels = tuple(one for one in manifest_wheels.artifacts_of([lock]) if one.package == main)
    kind = manifest.package.registry_type
    source = Source(context, delivered=lambda: _trust_root(facts))
    found = _provenances(version, wheels, kind, source, context, offline=offline)
    try:
        planned_publishers.certified("", main, manifest.publisher, found)
    except McpInstallError as error:
        if error.code not in _OF_PUBLISHERS:
            raise
        yield signed.publisher(version, error)


def _trust_root(facts: RegistryFacts) -> TrustRoot | None:
    from mcpinstall.operations import delivered_trust

    document = facts.documents.get(registries.TRUSTED_ROOT)
    if facts.file is None:
        return None
    data = None if document is None else document.data
    return delivered_trust.of_files(facts.file, data, f"{facts.path}/{registries.TRUSTED_ROOT}")


def _provenances(
    version: Version,
    wheels: tuple[Artifact, ...],
    kind: str,
    source: Source,
    context: Context,
    *,
    offline: bool,
) -> list[Provenance]:
    """Return who made each wheel: by what is carried, else by what the index offers."""
    silent = [one.sha256 for one in wheels if one.filename not in version.attestations]
    offered: dict[str, Offered | McpInstallError] = {}
    if silent and offline:
        raise McpInstallError(
            ErrorCode.OFFLINE_MISSING,
            "no attestation is carried, and the index was not asked who made the wheels",
            hint="run it once without `--offline`",
        )
    if silent:
        offered |= indexes.fetch_artifacts(
            wheels,
            index=lambda: indexes.effective_index(context.machine, environments.uv_program()),
            store=indexes.Store(context.paths.artifacts),
            machine=context.machine,
            progress=context.progress,
            attested=silent,
        ).offered
    found = []
    for one in wheels:
        file = publishers.file_of(one, kind)
        carried = version.attestations.get(one.filename)
        known = source.of(file, carried, None) if carried else None
        found.append(known or source.offered(file, offered.get(one.sha256)))
    return found
