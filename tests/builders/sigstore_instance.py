"""A private Sigstore instance in memory: a certificate authority, a CT log and a Rekor log.

It signs for whomever a test names, with any claim, and can be dishonest where a test says so.
What it makes is read by the real library; `@sigstore/mock` and the real bundles of the shared
data are the second opinion on what is honest.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mcpinstall.model.signing import Subject
from mcpinstall.signatures import statements

URL = "http://127.0.0.1:1"
"""Where it would be; nobody asks it."""
START = datetime(2020, 1, 1, tzinfo=UTC)
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_FULCIO = "1.3.6.1.4.1.57264.1."
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom a certificate is for, and what it says of them."""

    name: str
    """An e-mail address, or a URI."""
    issuer: str = "https://issuer.example"
    claims: Mapping[int, str] = field(default_factory=dict)
    """Fulcio's extensions by their last number."""


def person(name: str, issuer: str = "https://issuer.example") -> Identity:
    return Identity(name=name, issuer=issuer)


def workflow(
    repository: str = "https://forge.example/acme/registry",
    *,
    path: str = ".github/workflows/sign.yml",
    ref: str = "refs/tags/v1",
    ids: tuple[str, str] = ("1001", "77"),
    runner: str = "github-hosted",
) -> Identity:
    """A workflow of a repository, as Fulcio describes it."""
    uri = f"{repository}/{path}@{ref}"
    return Identity(
        name=uri,
        issuer="https://token.forge.example",
        claims={11: runner, 12: repository, 14: ref, 15: ids[0], 17: ids[1], 18: uri},
    )


class Instance:
    """One instance: its keys are made with it."""

    def __init__(self) -> None:
        self._ca, self._ct, self._log = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self._root = self._certificate_of_the_authority()

    # What its readers trust ---------------------------------------------------------------------

    @property
    def trusted_root(self) -> bytes:
        """The keys and certificates of this instance, as JSON."""
        return json.dumps(self._trusted_root()).encode()

    def _trusted_root(self) -> dict[str, Any]:
        authority = {
            "subject": {"organization": "test", "commonName": "test"},
            "uri": URL,
            "certChain": {"certificates": [{"rawBytes": _b64(_der(self._root))}]},
            "validFor": {"start": START.isoformat().replace("+00:00", "Z")},
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log(self._log)],
            "ctlogs": [_log(self._ct)],
            "certificateAuthorities": [authority],
            "timestampAuthorities": [],
        }

    # What it signs ------------------------------------------------------------------------------

    def sign_file(self, data: bytes, identity: Identity) -> bytes:
        """Return a bundle over the bytes of a file."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(identity, key)
        digest = hashlib.sha256(data).digest()
        signature = key.sign(data, ec.ECDSA(hashes.SHA256()))
        body = {
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
                "signature": {
                    "content": _b64(signature),
                    "publicKey": {"content": _b64(_pem(certificate))},
                },
            },
        }
        content = {
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _b64(digest)},
                "signature": _b64(signature),
            }
        }
        return self._bundle(certificate, body, content)

    def sign_statement(
        self, subject: Subject, kind: str, identity: Identity, *, proposed: bool = False
    ) -> bytes:
        """Return a bundle over our own statement about one file."""
        return self.sign_payload(statements.text(subject, kind, {}), identity, proposed=proposed)

    def sign_payload(
        self,
        payload: bytes,
        identity: Identity,
        *,
        payload_type: str = statements.PAYLOAD_TYPE,
        proposed: bool = False,
    ) -> bytes:
        """Return a bundle over any payload; `proposed` logs the entry as it was asked for."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(identity, key)
        head = f"DSSEv1 {len(payload_type)} {payload_type} {len(payload)} "
        signature = key.sign(head.encode() + payload, ec.ECDSA(hashes.SHA256()))
        envelope = {
            "payload": _b64(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": _b64(signature), "keyid": ""}],
        }
        verifier = _b64(_pem(certificate))
        spec: dict[str, Any] = {
            "envelopeHash": _sha256(json.dumps(envelope).encode()),
            "payloadHash": _sha256(payload),
            "signatures": [{"signature": _b64(signature), "verifier": verifier}],
        }
        if proposed:
            text = json.dumps(envelope)
            spec = {"proposedContent": {"envelope": text, "verifiers": [verifier]}}
        body = {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}
        return self._bundle(certificate, body, {"dsseEnvelope": envelope})

    # How ----------------------------------------------------------------------------------------

    def _certificate_of_the_authority(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._ca.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._ca.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(START)
            .not_valid_after(START + timedelta(days=10_000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(identifier, critical=False)
            .sign(self._ca, hashes.SHA256())
        )

    def _certificate(self, identity: Identity, key: Key) -> x509.Certificate:
        """Return a certificate of ten minutes, logged by the CT log before it was made."""
        now = datetime.now(UTC).replace(microsecond=0)
        name: x509.GeneralName = x509.UniformResourceIdentifier(identity.name)
        if "://" not in identity.name:
            name = x509.RFC822Name(identity.name)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._ca.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(minutes=9))
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False
            )
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(authority, critical=False)
        )
        builder = _with(builder, 1, identity.issuer.encode())
        for number, text in {8: identity.issuer, **identity.claims}.items():
            builder = _with(builder, number, _der_text(text))
        logged = self._sct(builder.sign(self._ca, hashes.SHA256()), now)
        return builder.add_extension(
            x509.UnrecognizedExtension(_SCT_LIST, logged), critical=False
        ).sign(self._ca, hashes.SHA256())

    def _sct(self, certificate: x509.Certificate, now: datetime) -> bytes:
        """Return the list of one signed certificate timestamp (RFC 6962)."""
        tbs = certificate.tbs_certificate_bytes
        time = int(now.timestamp() * 1000)
        issuer = hashlib.sha256(_public(self._ca)).digest()
        signed = (
            struct.pack("!BBQH", 0, 0, time, 1)
            + issuer
            + len(tbs).to_bytes(3, "big")
            + tbs
            + struct.pack("!H", 0)
        )
        signature = self._ct.sign(signed, ec.ECDSA(hashes.SHA256()))
        log_id = hashlib.sha256(_public(self._ct)).digest()
        sct = struct.pack("!B32sQHBBH", 0, log_id, time, 0, 4, 3, len(signature)) + signature
        listed = struct.pack("!HH", len(sct) + 2, len(sct)) + sct
        return _der(b"\x04", listed)

    def _bundle(
        self, certificate: x509.Certificate, body: object, content: dict[str, Any]
    ) -> bytes:
        entry = self._entry(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {
                    "certificate": {"rawBytes": _b64(_der(certificate))},
                    "tlogEntries": [entry],
                },
                **content,
            }
        ).encode()

    def _entry(self, body: bytes) -> dict[str, Any]:
        """Return the one entry of a log that has just begun."""
        kind = json.loads(body)
        time = int(datetime.now(UTC).timestamp())
        log_id = hashlib.sha256(_public(self._log)).digest()
        promise = {
            "body": _b64(body), "integratedTime": time, "logID": log_id.hex(), "logIndex": 0
        }  # fmt: skip
        promised = json.dumps(promise, sort_keys=True, separators=(",", ":")).encode()
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"test\n1\n{_b64(root)}\n"
        signature = _b64(log_id[:4] + self._log.sign(note.encode(), ec.ECDSA(hashes.SHA256())))
        return {
            "logIndex": "0",
            "logId": {"keyId": _b64(log_id)},
            "kindVersion": {"kind": kind["kind"], "version": kind["apiVersion"]},
            "integratedTime": str(time),
            "inclusionPromise": {
                "signedEntryTimestamp": _b64(self._log.sign(promised, ec.ECDSA(hashes.SHA256())))
            },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 test {signature}\n"},
            },
            "canonicalizedBody": _b64(body),
        }


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _with(builder: x509.CertificateBuilder, number: int, value: bytes) -> x509.CertificateBuilder:
    oid = x509.ObjectIdentifier(f"{_FULCIO}{number}")
    return builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)


def _log(key: Key) -> dict[str, Any]:
    public = _public(key)
    return {
        "baseUrl": URL,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _b64(public),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": START.isoformat().replace("+00:00", "Z")},
        },
        "logId": {"keyId": _b64(hashlib.sha256(public).digest())},
    }


def _sha256(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _public(key: Key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _der(first: x509.Certificate | bytes, content: bytes = b"") -> bytes:
    """Return a certificate in DER, or a tag with its length and content."""
    if isinstance(first, x509.Certificate):
        return first.public_bytes(serialization.Encoding.DER)
    if len(content) < 128:
        return first + bytes([len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return first + bytes([0x80 | len(size)]) + size + content


def _der_text(text: str) -> bytes:
    return _der(b"\x0c", text.encode())


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
