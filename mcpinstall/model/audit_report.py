"""What `mcpi audit` answers: a report with the files, and what was held back and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcpinstall.model.finding import Finding, Report, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding(Finding):
    """A finding in a host's file, with what a suppression names."""

    host: str
    server: str
    entry: str
    """Digest of the entry, without anything secret; it changes when the entry does."""
    confidence: str
    persona: str
    identity: str
    """What tells it from others: no line numbers, no secrets, no folders."""
    pointer: str = ""
    """JSON pointer (RFC 6901) of the value at fault, of YAML and TOML too."""
    counts: bool = True
    """Sure enough for a gate, and not known from the baseline."""

    @property
    def fingerprint(self) -> str:
        """Digest of the identity."""
        import hashlib

        return hashlib.sha256(self.identity.encode("utf-8", "backslashreplace")).hexdigest()

    @property
    def about(self) -> str:
        """Name of the server."""
        return self.server

    @property
    def accepting(self) -> str:
        """Keys of `[[ignore]]` in `mcpi-audit.toml`, but for `reason`."""
        import json

        if not self.server:
            return f'rule = "{self.rule.id}"  fingerprint = "{self.fingerprint}"'
        name = json.dumps(self.server, ensure_ascii=False)
        return f'rule = "{self.rule.id}"  server = {name}  entry = "{self.entry}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedFile:
    """One file that was looked at."""

    path: str
    host: str
    """Id of the row; empty where it can't be told."""
    title: str
    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """A finding that somebody accepted."""

    finding: AuditFinding
    reason: str
    source: str
    """File that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A finding that was there before."""

    finding: AuditFinding
    source: str
    """`baseline`, or the commit that it was compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedFile:
    """The servers of one file as digests, for a baseline."""

    path: str
    """As a baseline names it: below the repository's root, or with `~`."""
    entries: tuple[tuple[str, Mapping[str, str]], ...]
    """Place of each server, and field → digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport(Report):
    """A report on hosts' files."""

    findings: tuple[AuditFinding, ...]
    files: tuple[AuditedFile, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    hidden: tuple[AuditFinding, ...] = ()
    """Findings that only another persona hears."""
    known: tuple[Known, ...] = ()
    """Findings of the baseline, or of the commit that was compared with."""
    approvals: tuple[ApprovedFile, ...] = ()
    """What a baseline keeps of the servers; empty unless it was asked for."""

    def at_or_above(self, least: Severity | None) -> tuple[Finding, ...]:
        """Return the findings that fail a gate at that severity; None for none of them."""
        found = Report.at_or_above(self, least)
        return tuple(one for one in found if not isinstance(one, AuditFinding) or one.counts)
