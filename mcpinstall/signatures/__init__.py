"""Sigstore signatures: the one door to the library, loaded only by what verifies or signs.

Nothing here asks a network to verify, and nothing reads the user's caches: the trust root is
the file of this package, or one that the user's configuration names.
"""

from __future__ import annotations

from mcpinstall.signatures.attesting import verify_attestation
from mcpinstall.signatures.signing import Signature, sign
from mcpinstall.signatures.statements import REGISTRY_TYPE, REVIEW_TYPE
from mcpinstall.signatures.trust import PUBLIC, TrustRoot, read_trust
from mcpinstall.signatures.verifying import verify_file, verify_statement

__all__ = [
    "PUBLIC",
    "REGISTRY_TYPE",
    "REVIEW_TYPE",
    "Signature",
    "TrustRoot",
    "read_trust",
    "sign",
    "verify_attestation",
    "verify_file",
    "verify_statement",
]
