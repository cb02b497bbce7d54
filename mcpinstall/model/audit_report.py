"""What `mcpi audit` answers: a report with the files, and what was held back and why."""

from __future__ import annotations

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
    counts: bool = True
    """Sure enough for a gate, and not known from the baseline."""

    @property
    def fingerprint(self) -> str:
        """Digest of the identity."""
        import hashlib

        return hashlib.sha256(self.identity.encode("utf-8", "backslashreplace")).hexdigest()


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
class AuditReport(Report):
    """A report on hosts' files."""

    files: tuple[AuditedFile, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    hidden: int = 0
    """Findings that only another persona hears."""
    known: int = 0
    """Findings of the baseline."""

    def at_or_above(self, least: Severity | None) -> tuple[Finding, ...]:
        """Return the findings that fail a gate at that severity; None for none of them."""
        found = Report.at_or_above(self, least)
        return tuple(one for one in found if not isinstance(one, AuditFinding) or one.counts)
