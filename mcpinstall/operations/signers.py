"""Verify a folder's signatures by who may sign, as the user's configuration says for it.

One signer counts once, and so does one identity: a threshold counts people, not signatures.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcpinstall import registries, signatures
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.checks import Outcome
from mcpinstall.model.manifest import Manifest
from mcpinstall.model.registry import ReviewState
from mcpinstall.model.signing import NamedSigner, Signing, Subject, Verdict
from mcpinstall.operations.context import Context
from mcpinstall.system import limits


@dataclass(frozen=True, slots=True)
class _Counted:
    """Whose signatures over one file hold, and why the others don't."""

    names: tuple[str, ...]
    faults: tuple[str, ...]


class Signers:
    """The voucher of one folder registry."""

    def __init__(self, name: str, signing: Signing, context: Context) -> None:
        self._name = name
        self._signing = signing
        self._context = context

    def registry(self, text: bytes, bundles: bytes | None) -> registries.Vouched:
        """Return who signed a `registry.toml` of these bytes.

        Raises:
            McpInstallError: `signature-invalid` where they are fewer than the threshold.
        """
        subject = registry_subject(text)
        found = self._counted(subject, signatures.REGISTRY_TYPE, bundles, self._signing.signers)
        wanted, most = self._signing.threshold, len(self._signing.signers)
        if len(found.names) < wanted:
            raise McpInstallError(
                ErrorCode.SIGNATURE_INVALID,
                f"the registry `{self._name}` needs the signatures of {wanted} of {most} signers "
                f"that your configuration names, and has {len(found.names)} that hold",
                hint="ask its owner; your `config.toml` says who may sign it",
                evidence="\n".join(found.faults) or "there is no signature",
            )
        return registries.Vouched(
            review=ReviewState.CERTIFIED,
            evidence=f"signed by {', '.join(found.names)} ({wanted} of {most} needed)",
        )

    def manifest(
        self, manifest: Manifest, sha256: str, bundles: bytes | None, before: ReviewState
    ) -> registries.Vouched:
        """Return which of a manifest's reviews are signed, and whether they are enough."""
        authors = {review.by for review in manifest.reviews}
        reviewers = [one for one in self._signing.signers if one.name in authors]
        subject = manifest_subject(manifest, sha256)
        found = self._counted(subject, signatures.REVIEW_TYPE, bundles, reviewers)
        rule = self._signing.rule_for(manifest.name.partition("/")[0])
        if rule is None:
            evidence = f"review signed by {', '.join(found.names)}" if found.names else ""
            return registries.Vouched(review=before, evidence=evidence, reviewers=found.names)
        counted = [name for name in found.names if name in rule.signers]
        enough = len(counted) >= rule.threshold
        return registries.Vouched(
            review=before if enough else ReviewState.UNREVIEWED,
            evidence=f"{len(counted)} of {rule.threshold} signed reviews that its namespace needs",
            reviewers=found.names,
            needed=rule.threshold,
            counted=tuple(counted),
        )

    def _counted(
        self, subject: Subject, kind: str, bundles: bytes | None, signers: Sequence[NamedSigner]
    ) -> _Counted:
        names: list[str] = []
        faults: list[str] = []
        seen: set[tuple[str, str]] = set()
        for number, bundle in enumerate(split(bundles), start=1):
            left = [one for one in signers if one.name not in names]
            name, verdict = self._first(subject, kind, bundle, left)
            who = verdict.signed_by
            if who is None:
                faults.append(f"signature {number}: {verdict.outcome}: {verdict.evidence}")
            elif (who.issuer, who.identity) in seen:
                faults.append(f"signature {number}: {who.identity} signed twice")
            else:
                names.append(name)
                seen.add((who.issuer, who.identity))
        return _Counted(tuple(names), tuple(faults))

    def _first(
        self, subject: Subject, kind: str, bundle: bytes, signers: Iterable[NamedSigner]
    ) -> tuple[str, Verdict]:
        """Return the first signer whose signature a bundle is, or why it is nobody's."""
        last = Verdict(outcome=Outcome.FAILED, evidence="nobody is left who may sign")
        for one in signers:
            last = signatures.verify_statement(subject, bundle, one.signer, self._root, (kind,))
            if last.outcome is Outcome.VERIFIED:
                return one.name, last
        return "", last

    @functools.cached_property
    def _root(self) -> signatures.TrustRoot:
        """The Sigstore instance; a private one lies beside the configuration that names it."""
        if not self._signing.trust_config:
            return signatures.PUBLIC
        return signatures.read_trust(self._context.paths.config / self._signing.trust_config)


def registry_subject(text: bytes) -> Subject:
    """Return what a signature over a `registry.toml` is about."""
    return Subject(name="registry.toml", sha256=hashlib.sha256(text).hexdigest())


def manifest_subject(manifest: Manifest, sha256: str) -> Subject:
    """Return what a signature over a `manifest.toml` is about: that server, that version."""
    return Subject(name=f"{manifest.name}/{manifest.version}/manifest.toml", sha256=sha256)


def split(bundles: bytes | None) -> tuple[bytes, ...]:
    """Return the bundles of a file: it holds one, or one on each line.

    Raises:
        McpInstallError: `signature-invalid` for more than anyone needs.
    """
    if bundles is None:
        return ()
    try:
        json_text.parse(bundles, "signatures")
    except McpInstallError:
        lines = tuple(line for line in bundles.splitlines() if line.strip())
    else:
        lines = (bundles,)
    if len(lines) > limits.SIGNATURES:
        raise McpInstallError(
            ErrorCode.SIGNATURE_INVALID,
            f"a file has {len(lines)} signatures; {limits.SIGNATURES} are the most that are read",
        )
    return lines
