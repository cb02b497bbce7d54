"""Sign one statement with a certificate of minutes, for whoever an OIDC token says it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Outcome
from mcpinstall.model.signing import PersonSigner, SignedBy, Subject
from mcpinstall.signatures import statements
from mcpinstall.signatures.trust import TrustRoot
from mcpinstall.signatures.verifying import verify_statement

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig
    from sigstore.oidc import IdentityToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A bundle that was verified again after it was made, and whose it is."""

    bundle: bytes
    signed_by: SignedBy


def sign(subject: Subject, kind: str, root: TrustRoot, *, browser: bool) -> Signature:
    """Sign a statement of a kind about one file.

    The identity is the one that the surroundings offer (CI with `id-token: write`), else that of
    the person who logs in, where a `browser` may be opened.

    Raises:
        McpInstallError: `signing-failed`.
    """
    text = statements.text(subject, kind, {})
    try:
        config = root.config()
        token = _token(config, browser=browser)
    except McpInstallError:
        raise
    except Exception as error:  # noqa: BLE001 (a file, the network, the identity provider)
        raise _failed("who signs could not be found out", _said(error)) from None
    try:
        bundle = _signed(text, config, token)
    except Exception as error:  # noqa: BLE001 (the network, the instance, the library)
        said = _said(error).replace(str(token), "…")  # an answer may repeat what it was sent
        raise _failed("the signature could not be made", said) from None
    return _verified(bundle, subject, kind, root)


def _token(config: ClientTrustConfig, *, browser: bool) -> IdentityToken:
    from sigstore.oidc import IdentityToken, Issuer, detect_credential

    if ambient := detect_credential():
        return IdentityToken(ambient)
    if browser:
        return Issuer(config.signing_config.get_oidc_url()).identity_token()
    raise McpInstallError(
        ErrorCode.SIGNING_FAILED,
        "nothing here says who signs",
        hint="in CI the job needs the permission `id-token: write`; a person signs on a "
        "terminal, with a browser",
    )


def _signed(text: bytes, config: ClientTrustConfig, token: IdentityToken) -> bytes:
    from sigstore.dsse import Statement
    from sigstore.sign import SigningContext

    with SigningContext.from_trust_config(config).signer(token) as signer:
        return signer.sign_dsse(Statement(text)).to_json().encode()


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _verified(bundle: bytes, subject: Subject, kind: str, root: TrustRoot) -> Signature:
    """Verify what was made, as a reader will; the signer is whoever the certificate names."""
    from sigstore.models import Bundle

    from mcpinstall.signatures.claims import signed_by

    said = signed_by(Bundle.from_json(bundle).signing_certificate)
    signer = PersonSigner(issuer=said.issuer, identity=said.identity)
    verdict = verify_statement(subject, bundle, signer, root, (kind,))
    if verdict.outcome is not Outcome.VERIFIED or verdict.signed_by is None:
        raise _failed("the signature that was made can't be verified", verdict.evidence)
    return Signature(bundle=bundle, signed_by=verdict.signed_by)


def _failed(message: str, evidence: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.SIGNING_FAILED, message, hint="nothing was written", evidence=evidence[:1000]
    )
