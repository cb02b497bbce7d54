"""Verify one bundle.  Whatever goes wrong is `failed` or less: nothing here raises.

`verified` is said in one place, behind every check; an exception of any kind, the library's own
bugs included, can't lead there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from mcpinstall.errors import McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.checks import Outcome
from mcpinstall.model.json_text import Json
from mcpinstall.model.signing import SignedBy, Signer, Subject, Verdict
from mcpinstall.signatures import statements
from mcpinstall.signatures.trust import TrustRoot
from mcpinstall.system import limits

if TYPE_CHECKING:
    from sigstore.models import Bundle
    from sigstore.verify import Verifier

T = TypeVar("T")

_EVIDENCE = 300  # characters of what the library says
_LEGACY = ("intoto", "0.0.2")
"""A kind of log entry that npm wrote until 2024; sigstore-python can't read it (its #1384)."""


class _RefusedError(Exception):
    """A check of ours refuses a bundle whose signature is right."""


def verify_file(sha256: str, bundle: bytes | None, signer: Signer, root: TrustRoot) -> Verdict:
    """Verify a signature over a file's bytes, which have this digest."""
    return _verdict(bundle, root, lambda verifier, read: _file(sha256, verifier, read, signer))


def verify_statement(
    subject: Subject,
    bundle: bytes | None,
    signer: Signer,
    root: TrustRoot,
    predicate_types: tuple[str, ...],
) -> Verdict:
    """Verify a signed in-toto statement about exactly this one file, by name and digest."""

    def check(verifier: Verifier, read: Bundle) -> SignedBy:
        return _statement(verifier, read, subject, signer, predicate_types)

    return _verdict(bundle, root, check)


def _verdict(
    bundle: bytes | None, root: TrustRoot, check: Callable[[Verifier, Bundle], SignedBy]
) -> Verdict:
    if bundle is None:
        return Verdict(outcome=Outcome.ABSENT, evidence="there is no signature")
    if unknown := _unsupported(bundle):
        return Verdict(outcome=Outcome.UNSUPPORTED, evidence=unknown)
    verifier = _guarded(lambda: _verifier(root))
    if isinstance(verifier, str):
        return Verdict(
            outcome=Outcome.NOT_CHECKED, evidence=f"the trust root can't be used: {verifier}"
        )
    found = _guarded(lambda: check(verifier, _read(bundle)))
    if isinstance(found, str):
        return Verdict(outcome=Outcome.FAILED, evidence=found)
    return Verdict(
        outcome=Outcome.VERIFIED,
        evidence=f"signed by {found.identity}",
        signed_by=found,
    )


def _guarded(act: Callable[[], T]) -> T | str:
    """Return what `act` returns, or why it raised: a panic of native code is no `Exception`."""
    try:
        return act()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 (fail closed, whatever it is)
        return _reason(error)


def _reason(error: BaseException) -> str:
    said = (error.message if isinstance(error, McpInstallError) else str(error)).strip()
    if isinstance(error, _RefusedError | McpInstallError) or _is_librarys(error):
        return said.splitlines()[0][:_EVIDENCE] if said else type(error).__name__
    return f"it could not be read ({type(error).__name__})"


def _is_librarys(error: BaseException) -> bool:
    from sigstore.errors import Error

    return isinstance(error, Error)


def _unsupported(bundle: bytes) -> str:
    """Return why this version can't verify a bundle, judged from its form; empty if it may.

    Whatever is no bundle at all is left to the verifier, which refuses it.
    """
    try:
        document = json_text.parse(bundle[: limits.SIGNATURE_BYTES], "bundle")
    except McpInstallError:
        return ""
    material = _member(document, "verificationMaterial")
    if _member(material, "publicKey") is not None:
        return "it is signed with a key that stands for itself; only certificates are known"
    entries = _member(material, "tlogEntries")
    for entry in entries if isinstance(entries, list) else []:
        kind = _member(entry, "kindVersion")
        if (_member(kind, "kind"), _member(kind, "version")) == _LEGACY:
            return "its log entry is of an old kind, `intoto` 0.0.2"
        if _member(_member(entry, "inclusionProof"), "checkpoint") is None:
            return "it is of an old kind: without a proof that the log holds its entry"
    return ""


def _member(value: Json, key: str) -> Json:
    return value.get(key) if isinstance(value, dict) else None


@functools.lru_cache(maxsize=4)
def _verifier(root: TrustRoot) -> Verifier:
    from sigstore.verify import Verifier

    return Verifier(trusted_root=root.load())


def _read(bundle: bytes) -> Bundle:
    from sigstore.models import Bundle

    if len(bundle) > limits.SIGNATURE_BYTES:
        message = f"the signature is larger than {limits.SIGNATURE_BYTES} bytes"
        raise _RefusedError(message)
    json_text.parse(bundle, "the signature")  # two readers must not see two values of one key
    return Bundle.from_json(bundle)


def _file(sha256: str, verifier: Verifier, bundle: Bundle, signer: Signer) -> SignedBy:
    from sigstore.hashes import Hashed
    from sigstore_models.common.v1 import HashAlgorithm

    from mcpinstall.signatures import claims

    hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(sha256))
    verifier.verify_artifact(hashed, bundle, claims.policy(signer))
    return claims.signed_by(bundle.signing_certificate)


def _statement(
    verifier: Verifier,
    bundle: Bundle,
    subject: Subject,
    signer: Signer,
    predicate_types: tuple[str, ...],
) -> SignedBy:
    from mcpinstall.signatures import claims

    kind, payload = verifier.verify_dsse(bundle, claims.policy(signer))
    if fault := statements.fault(kind, payload, subject, predicate_types):
        raise _RefusedError(fault)
    return claims.signed_by(bundle.signing_certificate)
