"""Who made one file, whatever kind of package it is of: the door that check 5 goes through.

`Source.of` is the same for every ecosystem: a file and what is carried or offered about it go
in, a `Provenance` comes out (verified with identities, absent, failed, unsupported, or not
checked).  npm provenance and MCPB signatures are further rows of `_VERIFIERS`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import Offered
from mcpinstall.model import provenance_text
from mcpinstall.model.checks import Outcome
from mcpinstall.model.publisher import Origin, PackageFile, Provenance
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.signing import Subject, Verdict
from mcpinstall.operations import configuration
from mcpinstall.operations.context import Context
from mcpinstall.receipts import codec
from mcpinstall.system import files, limits

if TYPE_CHECKING:
    from mcpinstall.signatures import TrustRoot

_HOSTILE = frozenset({ErrorCode.INDEX_FORBIDDEN, ErrorCode.DIGEST_MISMATCH})
"""What an index is refused for, whether or not anybody needs its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Attestations that were verified once, and where they came from."""

    origin: Origin
    attestations: tuple[bytes, ...]


class Source:
    """Answers for files one by one; Sigstore is loaded with the first attestation."""

    def __init__(
        self,
        context: Context,
        server: ReviewedServer | None = None,
        *,
        delivered: Callable[[], TrustRoot | None] | None = None,
    ) -> None:
        """`server` is the one whose files are judged: its registry may deliver a trust root.

        `delivered` reads that root where there is no such server yet.
        """
        self._context = context
        self._server = server
        self._delivered = delivered
        self._roots: tuple[TrustRoot, ...] = ()

    def of(
        self, file: PackageFile, attestations: Sequence[bytes], origin: Origin | None
    ) -> Provenance:
        """Return what attestations of a file come to: one that is verified is enough."""
        verify = _VERIFIERS.get(file.ecosystem)
        if verify is None:
            return _unknown(
                file, Outcome.UNSUPPORTED, f"packages of `{file.ecosystem}` can't be verified yet"
            )
        verdicts = [verify(file, one, self._trusted()) for one in attestations]
        signers = tuple(one.signed_by for one in verdicts if one.signed_by is not None)
        shown = next((one for one in verdicts if one.signed_by is not None), verdicts[0])
        return Provenance(
            file=file, outcome=shown.outcome, evidence=shown.evidence, signers=signers,
            origin=origin,
        )  # fmt: skip

    def kept(self, file: PackageFile) -> Provenance | None:
        """Return what was verified once of this very file, verified again; None for nothing.

        What is damaged is taken away: the index is asked again.
        """
        path = self._path(file)
        data = files.read_optional(path, limits.ATTESTATIONS_BYTES)
        if data is None:
            return None
        self._trusted()  # a trust root that can't be had says nothing against what is kept
        with contextlib.suppress(McpInstallError):
            kept = codec.load(data, Kept, str(path))
            found = self.of(file, kept.attestations, kept.origin) if kept.attestations else None
            if found is not None and found.outcome is Outcome.VERIFIED:
                return found
        with files.disk_errors(f"remove `{path}`"):
            path.unlink(missing_ok=True)
        return None

    def offered(self, file: PackageFile, answer: Offered | McpInstallError | None) -> Provenance:
        """Return what the answer of an index comes to; None for an index that was not asked.

        Raises:
            McpInstallError: `index-forbidden` or `digest-mismatch` for a hostile answer.
        """
        if answer is None:
            return _unknown(file, Outcome.NOT_CHECKED, "offline")
        if isinstance(answer, McpInstallError):
            if answer.code in _HOSTILE:
                raise answer
            return _unknown(file, Outcome.NOT_CHECKED, answer.message)
        if answer.problem is not None:
            return _unknown(file, Outcome.NOT_CHECKED, answer.problem.message, answer.origin)
        if answer.document is None:
            return _unknown(file, Outcome.ABSENT, "no attestation is offered", answer.origin)
        try:
            attestations = provenance_text.parse_provenance(answer.document)
        except McpInstallError as error:
            return _unknown(file, Outcome.FAILED, error.message, answer.origin)
        found = self.of(file, attestations, answer.origin)
        if found.outcome is Outcome.VERIFIED:
            self._keep(file, Kept(origin=answer.origin, attestations=attestations))
        return found

    def _keep(self, file: PackageFile, kept: Kept) -> None:
        files.private_folder(self._context.paths.attestations)
        files.write_atomic(self._path(file), codec.dump(kept))

    def _path(self, file: PackageFile) -> Path:
        return self._context.paths.attestations / f"{file.sha256}.json"

    def _trusted(self) -> tuple[TrustRoot, ...]:
        """Return the public instance, and private ones: of the configuration, of the registry."""
        if not self._roots:
            from mcpinstall import signatures
            from mcpinstall.operations import delivered_trust

            private = configuration.publishers_trust(self._context)
            mine = None if private is None else signatures.read_trust(private)
            theirs = None if self._server is None else delivered_trust.of_server(self._server)
            if self._delivered is not None:
                theirs = self._delivered()
            self._roots = (signatures.PUBLIC, *(one for one in (mine, theirs) if one is not None))
        return self._roots


def _unknown(
    file: PackageFile, outcome: Outcome, evidence: str, origin: Origin | None = None
) -> Provenance:
    return Provenance(file=file, outcome=outcome, evidence=evidence, origin=origin)


def _pep740(file: PackageFile, attestation: bytes, roots: Sequence[TrustRoot]) -> Verdict:
    from mcpinstall import signatures

    subject = Subject(name=file.filename, sha256=file.sha256)
    return signatures.verify_attestation(subject, attestation, roots)


_VERIFIERS: Mapping[str, Callable[[PackageFile, bytes, Sequence[TrustRoot]], Verdict]] = {
    "pypi": _pep740,
}
"""`registryType` → how one attestation of a file is verified."""
