"""In-toto statements: what a signature over one says, and about which file.

The library verifies that an envelope was signed; what is in it is for its caller to check.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from mcpinstall.model import json_text
from mcpinstall.model.json_text import Json
from mcpinstall.model.signing import Subject

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
REGISTRY_TYPE = "urn:mcpinstall:registry:v1"
"""Says that a `registry.toml`, and so everything that it pins, is the signer's registry."""
REVIEW_TYPE = "urn:mcpinstall:review:v1"
"""Says that the signer stands behind a `manifest.toml` and the review in it."""

PUBLISH_TYPE = "sha256:64b3949826537e32dd526c5d9c31cbeb141dde83b68588399682d5aa3dcdcb74"
"""Says that the signer uploaded a file to an index (PEP 740).

Its URI has the host name of a package index, and no such name is written into this program, so
it is known by the sha256 of the whole URI.
"""
PROVENANCE_TYPE = "https://slsa.dev/provenance/v1"
"""Says how the signer built a file (SLSA)."""
ATTESTATION_TYPES = (PUBLISH_TYPE, PROVENANCE_TYPE)


def text(subject: Subject, predicate_type: str, predicate: Mapping[str, Json]) -> bytes:
    """Return a statement about one file, as canonical JSON."""
    return json_text.canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject.name, "digest": {"sha256": subject.sha256}}],
            "predicateType": predicate_type,
            "predicate": predicate,
        }
    )


def fault(
    payload_type: str, payload: bytes, subject: Subject, predicate_types: tuple[str, ...]
) -> str:
    """Return what is wrong with a signed statement about `subject`; empty when nothing is.

    A type that begins with `sha256:` is the digest of the URI that is meant.

    Raises:
        McpInstallError: `json-invalid`.
    """
    if payload_type != PAYLOAD_TYPE:
        return f"the envelope holds `{payload_type}`, no statement"
    document = json_text.parse(payload, "statement")
    if not isinstance(document, dict) or document.get("_type") != STATEMENT_TYPE:
        return "the envelope holds no in-toto statement, version 1"
    if not _is_one_of(document.get("predicateType"), predicate_types):
        return f"it is a statement of another kind: `{document.get('predicateType')}`"
    return _subject_fault(document.get("subject"), subject)


def _is_one_of(kind: Json, predicate_types: tuple[str, ...]) -> bool:
    if not isinstance(kind, str):
        return False
    digest = f"sha256:{hashlib.sha256(kind.encode()).hexdigest()}"
    return digest in predicate_types or (kind in predicate_types and "sha256:" not in kind)


def _subject_fault(found: Json, subject: Subject) -> str:
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        return "it is not about exactly one file"
    digest = found[0].get("digest")
    if found[0].get("name") != subject.name:
        return f"it is about `{found[0].get('name')}`, not `{subject.name}`"
    if not isinstance(digest, dict) or digest.get("sha256") != subject.sha256:
        return f"it is about another `{subject.name}`: the digest differs"
    return ""
