"""Verify attestations of one file: each is a signed statement about exactly that file."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Outcome
from mcpinstall.model.signing import AnySigner, Subject, Verdict
from mcpinstall.signatures import pep740
from mcpinstall.signatures.statements import ATTESTATION_TYPES
from mcpinstall.signatures.trust import TrustRoot
from mcpinstall.signatures.verifying import verify_statement

_WORST_FIRST = (Outcome.FAILED, Outcome.UNSUPPORTED, Outcome.NOT_CHECKED)


def verify_attestation(subject: Subject, attestation: bytes, roots: Sequence[TrustRoot]) -> Verdict:
    """Verify an attestation of PEP 740 against the instances that are believed, one by one.

    Whose it is, the verdict says; whether that is the right one, the caller decides.  A rule of
    PEP 740's own tools is kept: the statement is about one file, by name and sha256.
    """
    try:
        bundle = pep740.bundle(attestation)
    except McpInstallError as error:
        return Verdict(outcome=Outcome.FAILED, evidence=error.message)
    verdicts = []
    for root in roots:
        verdict = verify_statement(subject, bundle, AnySigner(), root, ATTESTATION_TYPES)
        if verdict.outcome is Outcome.VERIFIED:
            return verdict
        verdicts.append(verdict)
    return min(verdicts, key=lambda one: _WORST_FIRST.index(one.outcome))
