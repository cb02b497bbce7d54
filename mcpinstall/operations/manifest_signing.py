"""Sign a registry, or the review in one manifest: `mcpi manifest sign`."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from mcpinstall import registries, signatures
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, manifest_text, revocation
from mcpinstall.model.json_text import Json
from mcpinstall.model.signing import SignedBy, Subject
from mcpinstall.operations import signers
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSign:
    """One file that was checked and can be signed."""

    path: Path
    subject: Subject
    kind: str
    """Type of the statement."""
    facts: tuple[str, ...]
    """What the signer vouches for, in words."""
    target: Path
    """File that gets the signature."""
    trust: signatures.TrustRoot
    public: bool
    """Whether the instance is the public one, with its public log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature that was written."""

    target: Path
    signed_by: SignedBy
    count: int
    """Signatures over these bytes in the file now."""


def prepare(path: Path, trust_config: Path | None, context: Context) -> ToSign:
    """Check what is to be signed: a registry with every file that it pins, or one manifest.

    Raises:
        McpInstallError: the refusal of any file, or `config-invalid`.
    """
    trust = signatures.read_trust(trust_config) if trust_config else signatures.PUBLIC
    found = path.absolute()
    if found.name == "manifest.toml":
        subject, facts = _manifest(found)
        target, kind = found.parent / registries.MANIFEST_SIGNATURES, signatures.REVIEW_TYPE
    else:
        found = found if found.name == "registry.toml" else found / "registry.toml"
        subject, facts = _registry(found, context)
        target, kind = found.parent / registries.REGISTRY_SIGNATURES, signatures.REGISTRY_TYPE
    return ToSign(
        path=found,
        subject=subject,
        kind=kind,
        facts=facts,
        target=target,
        trust=trust,
        public=trust_config is None,
    )


def commit(wanted: ToSign, *, browser: bool) -> Signed:
    """Sign, and write the signature beside the others over the same bytes.

    Raises:
        McpInstallError: `signing-failed`, or `disk-failed`.
    """
    made = signatures.sign(wanted.subject, wanted.kind, wanted.trust, browser=browser)
    before = files.read_optional(wanted.target, limits.SIGNATURE_BYTES)
    kept = [_line(one) for one in signers.split(before) if _is_about(one, wanted.subject)]
    lines = [*kept, _line(made.bundle)]
    files.write_atomic(wanted.target, b"".join(line + b"\n" for line in lines), mode=0o644)
    return Signed(target=wanted.target, signed_by=made.signed_by, count=len(lines))


def _registry(path: Path, context: Context) -> tuple[Subject, tuple[str, ...]]:
    text = files.read_bounded(path, limits.REGISTRY_BYTES)
    registry = registries.open_folder(path.parent, context.paths, context.now)
    state = registry.state
    rows = registry.index()
    for row in rows:
        if not revocation.is_withdrawn(row.name, row.version, state.revocations):
            registry.find(row.name, row.version, withdrawn=True)
    if files.read_bounded(path, limits.REGISTRY_BYTES) != text:
        raise McpInstallError(ErrorCode.REGISTRY_INVALID, f"`{path}` changed while it was checked")
    name, until = state.name.removeprefix("folder "), f"{state.expires:%Y-%m-%d}"
    facts = (
        f"registry {name}, serial {state.serial}, expires {until}",
        f"index of {len(rows)} with every file that is pinned",
    )
    return signers.registry_subject(text), facts


def _manifest(path: Path) -> tuple[Subject, tuple[str, ...]]:
    text = files.read_bounded(path, limits.MANIFEST_BYTES)
    manifest = manifest_text.parse(text, str(path))
    for name, digest in manifest.files:
        found = hashlib.sha256(files.read_bounded(path.parent / name, limits.LOCK_BYTES))
        if found.hexdigest() != digest:
            raise McpInstallError(
                ErrorCode.DIGEST_MISMATCH, f"`{path.parent / name}` is not what its manifest pins"
            )
    if not manifest.reviews:
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID,
            f"`{path}` has no review that could be signed",
            hint="add `[[reviews]]` with what you did: `by`, `on`, `criteria`",
        )
    reviews = tuple(
        f"review by {one.by}, {one.on}: {', '.join(one.criteria) or 'nothing claimed'}"
        for one in manifest.reviews
    )
    subject = signers.manifest_subject(manifest, hashlib.sha256(text).hexdigest())
    return subject, (f"{manifest.name} {manifest.version}", *reviews)


def _is_about(bundle: bytes, subject: Subject) -> bool:
    """Tell whether an older signature is still about these bytes; what can't be read is not."""
    try:
        envelope = _member(json_text.parse(bundle, "signature"), "dsseEnvelope")
        payload = base64.b64decode(str(_member(envelope, "payload")), validate=True)
        subjects = _member(json_text.parse(payload, "statement"), "subject")
    except (McpInstallError, ValueError):
        return False
    wanted = {"name": subject.name, "digest": {"sha256": subject.sha256}}
    return subjects == [wanted]


def _member(value: Json, key: str) -> Json:
    return value.get(key) if isinstance(value, dict) else None


def _line(bundle: bytes) -> bytes:
    return json_text.canonical(json_text.parse(bundle, "signature"))
