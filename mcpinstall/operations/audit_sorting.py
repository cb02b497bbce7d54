"""What becomes of a finding: shown, accepted, known from before, or for another persona."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mcpinstall.hosts.tolerant import Tolerant
from mcpinstall.model.audit_report import AuditFinding, Known, Suppressed
from mcpinstall.operations.audit_baseline import Baseline
from mcpinstall.operations.audit_ignores import Ignores
from mcpinstall.operations.context import Context
from mcpinstall.rules.audit.rule import Persona

_PERSONAS = tuple(Persona)
_SECRETS = ("MA301", "MA302", "MA303", "MA304")
"""Rules whose fact is that a secret is there, whichever it is."""


class Before:
    """Findings of one file at an earlier commit; each is taken once."""

    def __init__(self, ref: str) -> None:
        self.ref = ref
        self._left: Counter[tuple[str, str]] = Counter()

    def add(self, found: AuditFinding, document: Tolerant) -> None:
        """Remember one finding."""
        self._left[_key(found, document)] += 1

    def take(self, found: AuditFinding, document: Tolerant) -> bool:
        """Tell whether a finding was there, and has not been taken yet."""
        key = _key(found, document)
        known = self._left[key] > 0
        self._left[key] -= known
        return known


class SortedOut:
    """Findings by what becomes of them."""

    def __init__(
        self, persona: Persona, ignores: Ignores, baseline: Baseline | None, context: Context
    ) -> None:
        self._persona, self._ignores, self._context = persona, ignores, context
        self._left = Counter(baseline.known if baseline else {})
        self._is_old = baseline is not None and baseline.approved is None
        self.kept: list[AuditFinding] = []
        self.suppressed: list[Suppressed] = []
        self.hidden: list[AuditFinding] = []
        self.known: list[Known] = []

    def add(self, found: AuditFinding, document: Tolerant, before: Before | None) -> None:
        """Take one finding; `before` has those of its file at an earlier commit."""
        accepted = self._ignores.of(found, self._context)
        if _PERSONAS.index(Persona(found.persona)) > _PERSONAS.index(self._persona):
            self.hidden.append(found)
        elif accepted is not None:
            self.suppressed.append(accepted)
        elif self._left[found.fingerprint] > 0:
            self._left[found.fingerprint] -= 1
            self.known.append(Known(finding=found, source="baseline"))
        elif before is not None and before.take(found, document):
            self.known.append(Known(finding=found, source=before.ref))
        else:
            self.kept.append(found)

    def sentences(self) -> Iterator[str]:
        """Yield what is not shown, and how it is."""
        if self.suppressed:
            yield f"{_count(len(self.suppressed))} suppressed (`--no-ignores` shows them)"
        for source, number in sorted(Counter(one.source for one in self.known).items()):
            named = "from the baseline" if source == "baseline" else f"since `{source}` or longer"
            yield f"{_count(number)} known {named}"
        if self.hidden:
            louder = Persona.AUDITOR
            yield f"{_count(len(self.hidden))} for other readers (`--persona {louder}` shows them)"
        if self._is_old:
            yield (
                "the baseline is of an older form, without servers: what changed in them is not "
                "told (MA502); `--save-baseline` writes the new one"
            )


def _key(found: AuditFinding, document: Tolerant) -> tuple[str, str]:
    """Return what tells a finding from others; another secret in its place is another one."""
    span = document.span(found.pointer) if found.rule.id in _SECRETS else None
    return found.fingerprint, document.text[span.start : span.end] if span else ""


def _count(number: int) -> str:
    return "1 finding is" if number == 1 else f"{number} findings are"
