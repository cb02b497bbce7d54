"""Who may sign, who did, and what is known after a signature was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mcpinstall.model.checks import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSigner:
    """One exact identity of an issuer: a person's e-mail address, or a whole workflow URI."""

    issuer: str
    """OIDC issuer, such as `https://accounts.example.com`."""
    identity: str
    """The certificate's subject alternative name, compared whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSigner:
    """A workflow of a repository at a forge, by what survives a rename and what does not."""

    issuer: str
    repository: str
    """Source repository URI."""
    repository_id: str
    """Numeric id: another repository that takes over the name has another one."""
    owner_id: str
    workflow: str
    """Path of the workflow inside the repository."""
    ref: str
    """The git reference, or a rule: `*` stands for one or more characters but `/`."""
    runner: str = ""
    """Such as `github-hosted`; empty for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnySigner:
    """Whoever it was: the caller compares the identity that comes out (check 5)."""


Signer: TypeAlias = PersonSigner | WorkflowSigner | AnySigner


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBy:
    """What a verified certificate says of whoever signed; empty where it says nothing."""

    issuer: str
    identity: str
    repository: str = ""
    repository_id: str = ""
    owner_id: str = ""
    workflow: str = ""
    """URI of the workflow that was started, with its reference."""
    ref: str = ""
    runner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The one file that a statement is about."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known after one signature was looked at.  Only `VERIFIED` counts."""

    outcome: Outcome
    evidence: str
    """Why, as a short fact; it may quote what is being verified."""
    signed_by: SignedBy | None = None
    """Only with `VERIFIED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSigner:
    """A signer, and what the user's configuration calls that one."""

    name: str
    signer: Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRule:
    """Whose reviews the servers of some namespaces need."""

    namespaces: tuple[str, ...]
    """Such as `com.example`; `*` for all that no other rule names."""
    signers: tuple[str, ...]
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who may sign a registry of the user, by the user's own configuration."""

    signers: tuple[NamedSigner, ...]
    threshold: int
    """How many of them have to sign `registry.toml`."""
    rules: tuple[ReviewRule, ...] = ()
    trust_config: str = ""
    """File in the configuration folder that describes a private Sigstore instance."""

    def rule_for(self, namespace: str) -> ReviewRule | None:
        """Return the rule of a namespace: the one that names it, else the one for all."""
        for wanted in (namespace, "*"):
            for rule in self.rules:
                if wanted in rule.namespaces:
                    return rule
        return None
