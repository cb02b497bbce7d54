"""Who may sign a folder registry, as `config.toml` of the user says."""

from __future__ import annotations

import re

from mcpinstall.model.fields import Fields
from mcpinstall.model.signing import (
    NamedSigner,
    PersonSigner,
    ReviewRule,
    Signer,
    Signing,
    WorkflowSigner,
)

_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,200}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_WORKFLOW = ("repository", "repository-id", "owner-id", "workflow", "ref", "runner")
KEYS = ("signers", "threshold", "reviewers", "trust-config")
"""Keys of a `[[registries]]` table that speak of signatures."""


def parse(fields: Fields) -> Signing | None:
    """Return who may sign a registry; None where its table names nobody.

    Raises:
        McpInstallError: `config-invalid`.
    """
    if "signers" not in fields.table:
        for key in KEYS:
            if key in fields.table:
                raise fields.error(key, "needs `signers` beside it")
        return None
    signers = tuple(_named(item) for item in fields.each("signers"))
    _require_distinct(fields, signers)
    threshold = _threshold(fields, len(signers))
    return Signing(
        signers=signers,
        threshold=threshold,
        rules=_rules(fields, {one.name for one in signers}),
        trust_config=trust_config(fields),
    )


def _named(fields: Fields) -> NamedSigner:
    name = fields.text("name", limit=100)
    if not name.strip():
        raise fields.error("name", "is empty")
    person = "identity" in fields.table
    fields.only("name", "issuer", *(("identity",) if person else _WORKFLOW))
    return NamedSigner(name=name, signer=_person(fields) if person else _workflow(fields))


def _person(fields: Fields) -> Signer:
    return PersonSigner(issuer=_filled(fields, "issuer"), identity=_filled(fields, "identity"))


def _workflow(fields: Fields) -> Signer:
    for key in ("repository-id", "owner-id"):
        if not _NUMBER.fullmatch(fields.text(key)):
            raise fields.error(key, "is not a numeric id")
    return WorkflowSigner(
        issuer=_filled(fields, "issuer"),
        repository=_filled(fields, "repository"),
        repository_id=fields.text("repository-id"),
        owner_id=fields.text("owner-id"),
        workflow=_filled(fields, "workflow"),
        ref=_filled(fields, "ref"),
        runner=fields.text("runner", ""),
    )


def _filled(fields: Fields, key: str) -> str:
    text = fields.text(key)
    if not text.strip():
        raise fields.error(key, "is empty")
    return text


def _require_distinct(fields: Fields, signers: tuple[NamedSigner, ...]) -> None:
    if not signers:
        raise fields.error("signers", "names nobody")
    if len({one.name for one in signers}) < len(signers):
        raise fields.error("signers", "has one name twice")
    if len({one.signer for one in signers}) < len(signers):
        raise fields.error("signers", "has one signer twice, who would count as two")


def _threshold(fields: Fields, most: int) -> int:
    if "threshold" not in fields.table:
        return 1
    return fields.integer("threshold", low=1, high=most)


def _rules(fields: Fields, known: set[str]) -> tuple[ReviewRule, ...]:
    rules = tuple(_rule(item, known) for item in fields.each("reviewers"))
    namespaces = [one for rule in rules for one in rule.namespaces]
    if len(set(namespaces)) < len(namespaces):
        raise fields.error("reviewers", "has one namespace twice")
    return rules


def _rule(fields: Fields, known: set[str]) -> ReviewRule:
    fields.only("namespaces", "signers", "threshold")
    namespaces, signers = fields.texts("namespaces"), fields.texts("signers")
    for one in namespaces:
        if one != "*" and not _NAMESPACE.fullmatch(one):
            raise fields.error("namespaces", f"has `{one}`, which is no namespace")
    if not namespaces:
        raise fields.error("namespaces", "is empty")
    if not signers or not set(signers) <= known or len(set(signers)) < len(signers):
        raise fields.error("signers", "are not names of `registries.signers`, each once")
    threshold = _threshold(fields, len(signers))
    return ReviewRule(namespaces=namespaces, signers=signers, threshold=threshold)


def trust_config(fields: Fields) -> str:
    """Return the name of the file that describes a private Sigstore instance; empty for none.

    Raises:
        McpInstallError: `config-invalid`.
    """
    name = fields.text("trust-config", "")
    if name and not _FILE.fullmatch(name):
        raise fields.error("trust-config", "is not the name of a file beside `config.toml`")
    return name
