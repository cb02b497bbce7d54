"""What a certificate must say for a signer, and what it says."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from mcpinstall.model.publisher import ref_fits
from mcpinstall.model.signing import AnySigner, PersonSigner, SignedBy, Signer, WorkflowSigner

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.verify.policy import VerificationPolicy

_FULCIO = "1.3.6.1.4.1.57264.1."
"""Arc of Fulcio's extensions (its `docs/oid-info.md`); from 8 on each is a DER UTF8String."""
_OTHER_NAME = _FULCIO + "7"
_CLAIM_CHARACTERS = 1000
"""Of one claim of whoever may be anybody: it is shown, and kept."""


def policy(signer: Signer) -> VerificationPolicy:
    """Return the library's policy for one signer: everything that it names must fit."""
    from sigstore.verify import policy as library

    if isinstance(signer, PersonSigner):
        return library.Identity(identity=signer.identity, issuer=signer.issuer)
    if isinstance(signer, AnySigner):
        return _Somebody()
    found: list[VerificationPolicy] = [
        library.OIDCIssuerV2(signer.issuer),
        library.OIDCSourceRepositoryURI(signer.repository),
        library.OIDCSourceRepositoryIdentifier(signer.repository_id),
        library.OIDCSourceRepositoryOwnerIdentifier(signer.owner_id),
        _Workflow(signer),
    ]
    if signer.runner:
        found.append(library.OIDCRunnerEnvironment(signer.runner))
    return library.AllOf(found)


class _Somebody:
    """Any identity that a reader can take in; whose it may be is compared by the caller."""

    def verify(self, cert: Certificate) -> None:
        """Refuse a certificate that names nobody, or says more than fits into a line.

        Raises:
            VerificationError: the library's.
        """
        from sigstore.errors import VerificationError

        said = signed_by(cert)
        if not said.issuer or not said.identity:
            message = "the certificate names nobody"
            raise VerificationError(message)
        if any(len(getattr(said, one.name)) > _CLAIM_CHARACTERS for one in fields(said)):
            message = f"the certificate has a claim of more than {_CLAIM_CHARACTERS} characters"
            raise VerificationError(message)


class _Workflow:
    """The workflow that was started, and the reference that it was started from."""

    def __init__(self, signer: WorkflowSigner) -> None:
        self._signer = signer

    def verify(self, cert: Certificate) -> None:
        """Refuse a certificate of another workflow or reference.

        Raises:
            VerificationError: the library's.
        """
        from sigstore.errors import VerificationError

        said = signed_by(cert)
        if not ref_fits(said.ref, self._signer.ref):
            message = f"the reference is `{said.ref}`, not `{self._signer.ref}`"
            raise VerificationError(message)
        home, path = self._signer.repository, self._signer.workflow.removeprefix("/")
        # GitLab puts two slashes between repository and path.
        if said.workflow not in {f"{home}{slash}{path}@{said.ref}" for slash in ("/", "//")}:
            message = f"the workflow is `{said.workflow}`, not `{path}` of {home}"
            raise VerificationError(message)


def signed_by(certificate: Certificate) -> SignedBy:
    """Return what a certificate says of whoever it was given to."""
    return SignedBy(
        issuer=_text(certificate, 8) or _plain(certificate, 1),
        identity=_identity(certificate),
        repository=_text(certificate, 12),
        repository_id=_text(certificate, 15),
        owner_id=_text(certificate, 17),
        workflow=_text(certificate, 18),
        ref=_text(certificate, 14),
        runner=_text(certificate, 11),
    )


def _identity(certificate: Certificate) -> str:
    from cryptography import x509

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    for name in names:
        if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
            return name.value
        if isinstance(name, x509.OtherName) and name.type_id.dotted_string == _OTHER_NAME:
            return _der_text(name.value)
    return ""


def _text(certificate: Certificate, number: int) -> str:
    value = _extension(certificate, number)
    return _der_text(value) if value else ""


def _plain(certificate: Certificate, number: int) -> str:
    return _extension(certificate, number).decode()


def _der_text(value: bytes) -> str:
    from cryptography.hazmat import asn1

    return asn1.decode_der(str, value)


def _extension(certificate: Certificate, number: int) -> bytes:
    from cryptography import x509

    oid = x509.ObjectIdentifier(f"{_FULCIO}{number}")
    try:
        value = certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return b""
    return value.value if isinstance(value, x509.UnrecognizedExtension) else b""
