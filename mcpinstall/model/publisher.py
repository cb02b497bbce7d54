"""Who published a package: what its files' certificates say, and how that is compared.

An identity is compared whole, but for the git reference, which follows a rule: `refs/tags/*`
where a release is built by a tag, else the very reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

from mcpinstall.model.checks import CheckResult, Outcome
from mcpinstall.model.manifest import Publisher
from mcpinstall.model.signing import SignedBy

ANY_TAG = "refs/tags/*"
_TAGS = ANY_TAG.removesuffix("*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """One file of a package, as whoever attests to it must name it."""

    ecosystem: str
    """Kind of package, as `registryType` has it: `pypi` …"""
    package: str
    """Normalised name."""
    version: str
    filename: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The index that offers a package; a name means nothing without it."""

    digest: str
    """sha256 of its address."""
    address: str
    """For people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What is known of who made one file."""

    file: PackageFile
    outcome: Outcome
    """`VERIFIED` if at least one attestation was."""
    evidence: str
    signers: tuple[SignedBy, ...] = ()
    """Of every attestation that was verified."""
    origin: Origin | None = None
    """Where the file is offered; None where nobody was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An identity that comes back with every release: no version of anything is in it."""

    issuer: str
    repository: str
    """Source repository URI; empty for a signer that is no workflow of a repository."""
    repository_id: str
    owner_id: str
    workflow: str
    """Path of the workflow inside the repository; without a repository, the signer's name."""
    ref: str
    """Rule for the git reference."""
    runner: str

    @property
    def words(self) -> str:
        """Repository and workflow in one line, shortly: `OWNER/REPO by WORKFLOW`."""
        if not self.repository:
            return self.workflow
        owner_and_name = "/".join(self.repository.rstrip("/").rsplit("/", 2)[-2:])
        return f"{owner_and_name} by {self.workflow.rsplit('/', 1)[-1] or 'no workflow'}"

    @property
    def whole(self) -> str:
        """Every part of it, for whoever compares two."""
        ids = f" (id {self.repository_id or '-'}, owner {self.owner_id or '-'})"
        place = f"{self.repository}{ids} " if self.repository else ""
        runner = f" on {self.runner}" if self.runner else ""
        return f"{place}{self.workflow} at {self.ref or '-'}{runner}, says {self.issuer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePublisher:
    """A package whose publisher was verified: all its files that are used have one identity."""

    package: str
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSeen:
    """An identity that a package of an index was first seen with, by this user."""

    origin: Origin
    publisher: PackagePublisher


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPublishers:
    """Check 5 of one server."""

    slug: str
    check: CheckResult
    verified: tuple[PackagePublisher, ...] = ()
    main: Identity | None = None
    """Publisher of the server's own package; None where it was not verified."""
    to_keep: tuple[FirstSeen, ...] = ()
    """Remembered after the yes: packages that nobody reviewed, and that are new to this user."""


def ref_fits(ref: str, rule: str) -> bool:
    """Tell whether a git reference fits a rule: `*` is one or more characters but `/`."""
    pattern = "[^/]+".join(re.escape(part) for part in rule.split("*"))
    return bool(ref) and re.fullmatch(pattern, ref) is not None


def identity_of(said: SignedBy) -> Identity:
    """Return what stays the same from release to release; any tag stands for all tags."""
    workflow = said.workflow.removesuffix(f"@{said.ref}") if said.ref else said.workflow
    inside = workflow.removeprefix(said.repository)
    if said.repository and inside != workflow and inside.startswith("/"):
        workflow = inside.lstrip("/")  # GitLab puts two slashes between repository and path
    return Identity(
        issuer=said.issuer,
        repository=said.repository,
        repository_id=said.repository_id,
        owner_id=said.owner_id,
        workflow=workflow if said.repository else said.identity,
        ref=ANY_TAG if said.ref.startswith(_TAGS) else said.ref,
        runner=said.runner,
    )


def unlike(seen: Identity, said: SignedBy) -> str:
    """Return the first part in which a signer is not the one seen before; empty if in none."""
    found = identity_of(said)
    return _difference(seen, found)


def misfit(publisher: Publisher, said: SignedBy) -> str:
    """Return the first part in which a signer is not the publisher of a manifest; else nothing.

    The reference follows the manifest's rule; a runner that it does not name may be any.
    """
    found = identity_of(said)
    wanted = named(publisher)
    fits = ref_fits(said.ref, publisher.ref)
    return _difference(
        replace(wanted, runner=wanted.runner or found.runner),
        replace(found, ref=wanted.ref if fits else said.ref),
    )


def named(publisher: Publisher) -> Identity:
    """Return the identity that a manifest names; its `ref` is the manifest's own rule."""
    return Identity(
        issuer=publisher.issuer,
        repository=publisher.repository,
        repository_id=publisher.repository_id,
        owner_id=publisher.owner_id,
        workflow=publisher.workflow.removeprefix("/"),
        ref=publisher.ref,
        runner=publisher.runner,
    )


def _difference(wanted: Identity, found: Identity) -> str:
    parts = (one.name for one in fields(Identity))
    name = next((one for one in parts if getattr(wanted, one) != getattr(found, one)), "")
    return {"ref": "git reference"}.get(name, name.replace("_", " "))
