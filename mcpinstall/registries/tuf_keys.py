"""Keys of a TUF registry: ed25519, in files that only a passphrase opens; others' public halves."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from securesystemslib.signer import CryptoSigner, SSlibKey

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.secret import Secret
from mcpinstall.system import files, limits

LEAST_PASSPHRASE = 8
"""Characters; a shorter one is tried out in an afternoon."""
_CURVES = (SECP256R1, SECP384R1, SECP521R1)
_LEAST_RSA = 2048
"""Kinds of keys that devices and services have; files hold ed25519."""
PUBLIC = ".pub"
"""Ending of the public half, which others may have."""


def make(path: Path, passphrase: Secret) -> str:
    """Make a key: `path` holds it, encrypted, and `path.pub` its public half; return its id.

    Raises:
        McpInstallError: `input-invalid` for a short passphrase or a file that exists.
    """
    text = passphrase.reveal()
    if len(text) < LEAST_PASSPHRASE:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"the passphrase of a key has at least {LEAST_PASSPHRASE} characters",
        )
    public = path.with_name(path.name + PUBLIC)
    for one in (path, public):
        if files.exists(one) or one.is_symlink():
            raise McpInstallError(ErrorCode.INPUT_INVALID, f"`{one}` exists already")
    key = Ed25519PrivateKey.generate()
    files.write_atomic(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(text.encode()),
        ),
    )
    files.write_atomic(
        public,
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        mode=0o644,
    )
    return SSlibKey.from_crypto(key.public_key()).keyid


def public(path: Path) -> SSlibKey:
    """Return the public half of a key, from its `.pub` file.

    Raises:
        McpInstallError: `file-unreadable` or `input-invalid`.
    """
    name = path if path.suffix == PUBLIC else path.with_name(path.name + PUBLIC)
    data = files.read_bounded(name, limits.KEY_BYTES)
    try:
        key = serialization.load_pem_public_key(data)
    except Exception:  # noqa: BLE001 (whatever it is: this is no key)
        key = None
    if not (
        isinstance(key, Ed25519PublicKey)
        or (isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, _CURVES))
        or (isinstance(key, RSAPublicKey) and key.key_size >= _LEAST_RSA)
    ):
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{name}` is no public key that can sign a registry",
            hint=f"ed25519, ECDSA on P-256, P-384 or P-521, or RSA of {_LEAST_RSA} bits or more",
        )
    return SSlibKey.from_crypto(key)


def signer(path: Path, passphrase: Secret) -> CryptoSigner:
    """Open a key for signing.

    Raises:
        McpInstallError: `file-unreadable`, or `input-invalid` for a wrong passphrase, another
            kind of key, or one that lies there unencrypted.
    """
    data = files.read_bounded(path, limits.KEY_BYTES)
    if b"ENCRYPTED" not in data:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{path}` is not an encrypted key",
            hint="`mcpi registry key FILE` makes one",
        )
    try:
        key = serialization.load_pem_private_key(data, passphrase.reveal().encode())
    except Exception:  # noqa: BLE001 (cryptography tells them apart by text only)
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise McpInstallError(
            ErrorCode.INPUT_INVALID, f"the passphrase does not open `{path}` as an ed25519 key"
        )
    return CryptoSigner(key)
