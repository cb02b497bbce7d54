"""Make the `attestations.json` of a manifest that names a publisher."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall import environments, indexes
from mcpinstall.errors import McpInstallError
from mcpinstall.model import provenance_text
from mcpinstall.model.lock import Lock
from mcpinstall.model.names import normalized_package
from mcpinstall.operations import publishers
from mcpinstall.operations.authoring import Draft
from mcpinstall.operations.context import Context
from mcpinstall.operations.provenance import Source
from mcpinstall.planning import publishers as rules

if TYPE_CHECKING:
    from mcpinstall.signatures import TrustRoot


def carried(draft: Draft, locked: Lock, context: Context, *, registry: Path | None = None) -> bytes:
    """Return the attestations of every wheel of a draft's own package, each verified.

    They are what the index offers; nothing for a manifest that names no publisher.  `registry` is
    the folder whose own trust root counts, too.

    Raises:
        McpInstallError: `publisher-missing`, `publisher-mismatch` or `publisher-unverified` for a
            wheel, of whatever platform, that no user could install.
    """
    publisher, choice = draft.manifest.publisher, draft.manifest.package
    if publisher is None or choice is None:
        return b""
    name = normalized_package(choice.identifier)
    wheels = tuple(one for package in locked.packages for one in package.wheels
                   if package.name == name)  # fmt: skip
    offered = indexes.fetch_artifacts(
        wheels,
        index=lambda: indexes.effective_index(context.machine, environments.uv_program()),
        store=indexes.Store(context.paths.artifacts),
        machine=context.machine,
        progress=context.progress,
        attested=[one.sha256 for one in wheels],
    ).offered
    source = Source(context, delivered=lambda: _trust_root(registry))
    rules.certified(
        name, name, publisher,
        [source.offered(publishers.file_of(one, choice.registry_type), offered.get(one.sha256))
         for one in wheels],
    )  # fmt: skip
    return provenance_text.dump_carried(
        {
            one.filename: provenance_text.parse_provenance(_document(offered[one.sha256]))
            for one in wheels
        }
    )


def _trust_root(registry: Path | None) -> TrustRoot | None:
    from mcpinstall.operations import delivered_trust

    return None if registry is None else delivered_trust.of_folder(registry)


def _document(answer: indexes.Offered | McpInstallError) -> bytes:
    return b"" if isinstance(answer, McpInstallError) else answer.document or b""
