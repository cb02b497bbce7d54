"""A folder registry that a user trusts some signers for, and a Sigstore instance to sign with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import tomli_w

from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.signing import Subject
from mcpinstall.operations import lookup
from mcpinstall.operations.context import Context
from mcpinstall.registries import MANIFEST_SIGNATURES, REGISTRY_SIGNATURES
from mcpinstall.signatures import REGISTRY_TYPE, REVIEW_TYPE
from mcpinstall.system.machine import Machine
from mcpinstall.system.paths import StatePaths
from mcpinstall.system.progress import SilentProgress
from tests.builders.registry_folders import NAME, VERSION, RegistryFolder
from tests.builders.sigstore_instance import Identity, Instance, person

ADA, BOB, EVE = (person(f"{name}@example.com") for name in ("ada", "bob", "eve"))
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def named(name: str, identity: Identity) -> dict[str, object]:
    """How the configuration speaks of a person."""
    return {"name": name, "issuer": identity.issuer, "identity": identity.name}


def named_workflow(name: str, identity: Identity, ref: str = "") -> dict[str, object]:
    """How the configuration speaks of a workflow."""
    claims = identity.claims
    path = claims[18].removeprefix(f"{claims[12]}/").partition("@")[0]
    return {
        "name": name, "issuer": identity.issuer, "repository": claims[12],
        "repository-id": claims[15], "owner-id": claims[17], "workflow": path,
        "ref": ref or claims[14], "runner": claims[11],
    }  # fmt: skip


class SignedFolder:
    """The registry `mine` of one user, with the private instance of its owners."""

    def __init__(self, place: Path) -> None:
        place.chmod(0o700)
        self.instance = Instance()
        self.registry = RegistryFolder(place / "registry").add()
        self.paths = StatePaths(config=place / "config", data=place / "data", cache=place / "cache")
        self.paths.config.mkdir(mode=0o700)
        (self.paths.config / "instance.json").write_bytes(self.instance.trusted_root)

    @property
    def context(self) -> Context:
        return Context(
            machine=Machine.current(), paths=self.paths, now=NOW, progress=SilentProgress()
        )

    def trust(
        self, *signers: Mapping[str, object], instance: str = "instance.json", **keys: object
    ) -> None:
        """Write the configuration: who may sign, and what else its table says."""
        table: dict[str, object] = {
            "name": "mine", "kind": "folder", "path": str(self.registry.folder),
            "signers": list(signers), **({"trust-config": instance} if instance else {}),
            **keys,
        }  # fmt: skip
        document = {"schema": 1, "registries": [table]}
        (self.paths.config / "config.toml").write_text(tomli_w.dumps(document))

    def sign(self, *identities: Identity) -> None:
        """Sign the registry as it is now."""
        text = (self.registry.folder / "registry.toml").read_bytes()
        subject = Subject(name="registry.toml", sha256=hashlib.sha256(text).hexdigest())
        self.write_signatures(
            [self.instance.sign_statement(subject, REGISTRY_TYPE, one) for one in identities]
        )

    def write_signatures(self, bundles: Sequence[bytes]) -> None:
        path = self.registry.folder / REGISTRY_SIGNATURES
        path.write_bytes(b"".join(bundle + b"\n" for bundle in bundles))

    def review(self, *identities: Identity, name: str = NAME) -> None:
        """Sign the reviews in a manifest as it is now."""
        path = self.registry.path("manifest.toml", name)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        subject = Subject(name=f"{name}/{VERSION}/manifest.toml", sha256=digest)
        bundles = [self.instance.sign_statement(subject, REVIEW_TYPE, one) for one in identities]
        text = b"".join(bundle + b"\n" for bundle in bundles)
        path.with_name(MANIFEST_SIGNATURES).write_bytes(text)

    def found(self, name: str = NAME) -> ReviewedServer:
        """Return a server, as `mcpi install mine:NAME` finds it."""
        return lookup.reviewed(f"mine:{name}", self.context)
