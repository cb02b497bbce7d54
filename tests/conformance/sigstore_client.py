#!/usr/bin/env python3
"""sigstore-conformance's client protocol over mcpinstall's verification module.

`sigstore_client.py verify-bundle [--staging] [--key FILE] --bundle FILE --certificate-identity ID
--certificate-oidc-issuer URL [--trusted-root FILE] FILE|sha256:HEX`: exit status 0 is `verified`,
anything else is not.  Nothing asks a network: an instance is known by its trusted root.  The suite
brings none for staging, so `MCPI_CONFORMANCE_STAGING` names that file.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import sys
from pathlib import Path

from mcpinstall import signatures
from mcpinstall.model.checks import Outcome
from mcpinstall.model.signing import PersonSigner, Subject, Verdict
from mcpinstall.signatures import PUBLIC, TrustRoot

STAGING = "MCPI_CONFORMANCE_STAGING"


def main(arguments: list[str] | None = None) -> int:
    """Verify one bundle and return the exit status."""
    wanted = _parsed(arguments)
    verdict = verified(wanted)
    sys.stderr.write(f"{verdict.outcome}: {verdict.evidence}\n")
    return 0 if verdict.outcome is Outcome.VERIFIED else 1


def verified(wanted: argparse.Namespace) -> Verdict:
    """Return what our module says."""
    if wanted.key:
        return Verdict(outcome=Outcome.UNSUPPORTED, evidence="only certificates are known")
    signer = PersonSigner(
        issuer=wanted.certificate_oidc_issuer, identity=wanted.certificate_identity
    )
    bundle, root = Path(wanted.bundle).read_bytes(), _root(wanted)
    sha256 = _sha256(wanted.artifact)
    statement = _statement(bundle)
    if statement is None:
        return signatures.verify_file(sha256, bundle, signer, root)
    # The suite asks for the digest alone; our own callers know the name and the kind as well.
    name, kind = statement
    subject = Subject(name=name, sha256=sha256)
    return signatures.verify_statement(subject, bundle, signer, root, (kind,))


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    verify = commands.add_parser("verify-bundle")
    verify.add_argument("--staging", action="store_true")
    verify.add_argument("--key")
    verify.add_argument("--bundle", required=True)
    verify.add_argument("--certificate-identity", default="")
    verify.add_argument("--certificate-oidc-issuer", default="")
    verify.add_argument("--trusted-root")
    verify.add_argument("artifact")
    return parser.parse_args(arguments)


def _root(wanted: argparse.Namespace) -> TrustRoot:
    path = wanted.trusted_root or (os.environ[STAGING] if wanted.staging else None)
    return PUBLIC if path is None else TrustRoot(Path(path).read_bytes())


def _sha256(artifact: str) -> str:
    scheme, _, digest = artifact.partition(":")
    if scheme == "sha256" and len(digest) == 64 and not Path(artifact).exists():
        return digest
    return hashlib.sha256(Path(artifact).read_bytes()).hexdigest()


def _statement(bundle: bytes) -> tuple[str, str] | None:
    """Return name and type of the statement inside, to ask for that one; nothing is believed."""
    try:
        document = json.loads(bundle)
        found = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
        return str(found["subject"][0]["name"]), str(found["predicateType"])
    except (KeyError, IndexError, TypeError, ValueError):
        return None


if __name__ == "__main__":
    sys.exit(main())
