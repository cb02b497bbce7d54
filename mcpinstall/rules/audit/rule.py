"""What a rule of `mcpi audit` is, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mcpinstall.model.finding import Rule, Severity

PAGE = "audit-rules.md"


class Confidence(StrEnum):
    """How sure a rule is, the least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Persona(StrEnum):
    """Who wants to hear of it; each hears what those before hear, too."""

    REGULAR = "regular"
    PEDANTIC = "pedantic"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRule(Rule):
    """A rule with what a gate needs to know of it."""

    confidence: Confidence = Confidence.HIGH
    persona: Persona = Persona.REGULAR
    cwe: int = 0
    """Number of the weakness (CWE)."""

    @property
    def precision(self) -> str:
        """How sure it is, as code-scanning tools call it."""
        return str(self.confidence)

    @property
    def tags(self) -> tuple[str, ...]:
        """Words by which code-scanning tools sort rules."""
        return ("security", f"external/cwe/cwe-{self.cwe:03d}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a rule found in one server; the engine makes a finding of it."""

    rule: AuditRule
    pointer: str
    """JSON pointer of the value at fault."""
    message: str
    """The fact; no secret is ever in it."""
    fix: str = ""
    """What to do, best a command."""
    severity: Severity | None = None
    """Where it is not the rule's own."""
    confidence: Confidence | None = None
    persona: Persona | None = None


def rule(
    number: int,
    slug: str,
    severity: Severity,
    title: str,
    *,
    cwe: int,
    confidence: Confidence = Confidence.HIGH,
    persona: Persona = Persona.REGULAR,
) -> AuditRule:
    """Return a rule of the table in `docs/audit-rules.md`."""
    return AuditRule(
        id=f"MA{number}", slug=slug, severity=severity, title=title, page=PAGE,
        confidence=confidence, persona=persona, cwe=cwe,
    )  # fmt: skip
