"""Packages with attestations: a private Sigstore instance signs them, an index offers them.

The statements are SLSA's: the other type that is known has the host name of an index in it, and
is tried with real attestations of the shared data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcpinstall.model.artifact import Artifact
from mcpinstall.model.manifest import Publisher
from mcpinstall.model.signing import Subject
from mcpinstall.signatures import statements
from tests.builders.index_server import IndexServer, Reply
from tests.builders.sigstore_instance import Identity, Instance, workflow
from tests.builders.world import World

REPOSITORY = "https://forge.example/acme/clock"
RELEASE = ".github/workflows/release.yml"


def release(
    version: str = "1.0",
    *,
    repository: str = REPOSITORY,
    path: str = RELEASE,
    ref: str = "",
    ids: tuple[str, str] = ("1001", "77"),
    runner: str = "github-hosted",
) -> Identity:
    """The workflow that releases a version, by a tag."""
    return workflow(
        repository, path=path, ref=ref or f"refs/tags/v{version}", ids=ids, runner=runner
    )


PUBLISHER = Publisher(
    issuer="https://token.forge.example",
    repository=REPOSITORY,
    repository_id="1001",
    owner_id="77",
    workflow=RELEASE,
    ref="refs/tags/v*",
    runner="github-hosted",
)
"""What a manifest says that fits `release`."""


def subject_of(artifact: Artifact) -> Subject:
    return Subject(name=artifact.filename, sha256=artifact.sha256)


def attestation(
    instance: Instance,
    subject: Subject,
    identity: Identity,
    kind: str = statements.PROVENANCE_TYPE,
) -> dict[str, Any]:
    """Return an attestation as PEP 740 spells it."""
    bundle = json.loads(instance.sign_statement(subject, kind, identity))
    envelope, material = bundle["dsseEnvelope"], bundle["verificationMaterial"]
    return {
        "version": 1,
        "verification_material": {
            "certificate": material["certificate"]["rawBytes"],
            "transparency_entries": material["tlogEntries"],
        },
        "envelope": {
            "statement": envelope["payload"],
            "signature": envelope["signatures"][0]["sig"],
        },
    }


def document(attestations: Sequence[object], publisher: object = None) -> bytes:
    """Return a provenance document; what it says of the publisher is believed by nobody."""
    said = publisher or {"kind": "GitHub", "repository": "acme/clock", "workflow": "release.yml"}
    bundle = {"publisher": said, "attestations": list(attestations)}
    return json.dumps({"version": 1, "attestation_bundles": [bundle]}).encode()


def offer(index: IndexServer, artifact: Artifact, provenance: bytes) -> str:
    """Let an index offer a provenance document of a file; returns its path."""
    path = f"/integrity/{artifact.sha256[:16]}/{artifact.filename}/provenance"
    index.listing(artifact).provenance = path
    index.answer(path, Reply(provenance, headers={"Content-Type": "application/json"}))
    return path


def attest(
    index: IndexServer, artifact: Artifact, instance: Instance, *identities: Identity
) -> None:
    """Let an index offer honest attestations of a file."""
    signed = [attestation(instance, subject_of(artifact), one) for one in identities]
    offer(index, artifact, document(signed))


def trust(world: World, instance: Instance) -> Path:
    """Let the user believe the attestations of a private instance, too."""
    folder = world.context.paths.config
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "sigstore.json").write_bytes(instance.trusted_root)
    config = folder / "config.toml"
    before = config.read_text(encoding="utf-8") if config.exists() else "schema = 1\n"
    config.write_text(f'{before}\n[publishers]\ntrust-config = "sigstore.json"\n', encoding="utf-8")
    return config
