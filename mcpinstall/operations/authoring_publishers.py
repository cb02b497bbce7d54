"""Who made the wheels of a package, as far as its index offers verified attestations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall import environments, indexes
from mcpinstall.errors import McpInstallError
from mcpinstall.model import provenance_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.checks import Outcome
from mcpinstall.model.manifest import Publisher
from mcpinstall.model.publisher import Identity, identity_of
from mcpinstall.operations import publishers
from mcpinstall.operations.context import Context
from mcpinstall.operations.provenance import Source

if TYPE_CHECKING:
    from mcpinstall.signatures import TrustRoot


def attested(
    wheels: Sequence[Artifact], registry: Path, context: Context
) -> tuple[Publisher | None, str, bytes]:
    """Return the publisher that every wheel is attested by, why there is none, the attestations.

    `registry` is the folder whose own trust root counts, too.

    Raises:
        McpInstallError: `index-forbidden` or `digest-mismatch` for a hostile answer.
    """
    offered = indexes.fetch_artifacts(
        wheels,
        index=lambda: indexes.effective_index(context.machine, environments.uv_program()),
        store=indexes.Store(context.paths.artifacts),
        machine=context.machine,
        progress=context.progress,
        attested=[one.sha256 for one in wheels],
    ).offered
    source = Source(context, delivered=lambda: _trust_root(registry))
    found = [
        source.offered(publishers.file_of(one, "pypi"), offered.get(one.sha256)) for one in wheels
    ]
    missing = next((one for one in found if one.outcome is not Outcome.VERIFIED), None)
    if missing is not None:
        absent = missing.outcome is Outcome.ABSENT
        what = "the index that the lock was made with offers no attestation" if absent else (
            f"its attestations: {missing.evidence}"
        )  # fmt: skip
        return None, what[:300], b""
    common = set.intersection(*({identity_of(said) for said in one.signers} for one in found))
    named = sorted((one for one in common if one.repository), key=lambda one: one.whole)
    if not named:
        return None, "its wheels are attested by different publishers", b""
    carried = {
        one.filename: provenance_text.parse_provenance(_document(offered[one.sha256]))
        for one in wheels
    }
    return _publisher(named[0]), "", provenance_text.dump_carried(carried)


def _trust_root(registry: Path) -> TrustRoot | None:
    from mcpinstall.operations import delivered_trust

    return delivered_trust.of_folder(registry)


def _publisher(one: Identity) -> Publisher:
    return Publisher(
        issuer=one.issuer,
        repository=one.repository,
        repository_id=one.repository_id,
        owner_id=one.owner_id,
        workflow=one.workflow,
        ref=one.ref,
        runner=one.runner,
    )


def _document(answer: indexes.Offered | McpInstallError) -> bytes:
    return b"" if isinstance(answer, McpInstallError) else answer.document or b""
