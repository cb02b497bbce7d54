"""PEP 740 attestations: an attestation as an index serves it, rewritten as a Sigstore bundle."""

from __future__ import annotations

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.json_text import Json
from mcpinstall.signatures.statements import PAYLOAD_TYPE

_BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def bundle(attestation: bytes) -> bytes:
    """Return the bundle that an attestation stands for: the same parts, by other names.

    Nothing is verified here.  It has no place for the timestamps of a newer log (Rekor v2), so
    one that needs them fails later.

    Raises:
        McpInstallError: `json-invalid` for what is no attestation, version 1.
    """
    document = _table(json_text.parse(attestation, "attestation"))
    material = _table(document.get("verification_material"))
    envelope = _table(document.get("envelope"))
    if document.get("version") != 1:
        raise McpInstallError(ErrorCode.JSON_INVALID, "the attestation is not of version 1")
    return json_text.canonical(
        {
            "mediaType": _BUNDLE_TYPE,
            "verificationMaterial": {
                "certificate": {"rawBytes": material.get("certificate")},
                "tlogEntries": material.get("transparency_entries"),
            },
            "dsseEnvelope": {
                "payload": envelope.get("statement"),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": envelope.get("signature")}],
            },
        }
    )


def _table(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise McpInstallError(ErrorCode.JSON_INVALID, "it is no attestation of PEP 740")
    return value
