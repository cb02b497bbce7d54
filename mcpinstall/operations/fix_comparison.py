"""Two audits of one file: whether the second is better than the first."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.model.audited import AuditedServer
from mcpinstall.operations import audit_files
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.audit_findings import Judge, RuleSet
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.context import Context
from mcpinstall.rules.audit.rule import Hit
from mcpinstall.rules.remedies.remedy import Fixer, NoRemedy

Judged = tuple[AuditFinding, Hit, AuditedServer | None]
Key = tuple[str, str, str]
"""Rule, server and message: what a finding is, wherever it stands."""
Group = tuple[str, str]
"""Rule and server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a remedy is to do to a finding: it goes, or is less severe."""

    key: Key
    is_eased: bool = False
    is_counted: bool = False
    """No other finding of its rule may come in its place."""


def judged(
    file: ReadFile, rules: RuleSet, around: Surroundings, *, everything: bool = False
) -> tuple[Judged, ...]:
    """Return all findings in a file, each with what its rule said."""
    return tuple(Judge(file, rules, around).judged(everything=everything))


def read_again(file: ReadFile, data: bytes, context: Context) -> ReadFile | None:
    """Return other bytes of a file as its host reads them; None where it can't."""
    found = audit_files.of_bytes(data, file.place, file.shown, context.machine)
    return found if isinstance(found, ReadFile) else None


def part(file: ReadFile, pointer: str) -> ReadFile:
    """Return a file with one of its servers, or without a pointer with none."""
    servers = tuple(one for one in file.servers if one.pointer == pointer)
    return dataclasses.replace(file, servers=servers)


def why_worse(
    before: ReadFile, then: ReadFile, aim: Aim, rules: RuleSet, around: Surroundings
) -> NoRemedy | None:
    """Return how a file would be worse, or not better; None where it is better."""
    was, now = (judged(one, rules, around, everything=True) for one in (before, then))
    return worse(was, now, (aim,))


def worse(
    before: Sequence[Judged], after: Sequence[Judged], aims: Sequence[Aim]
) -> NoRemedy | None:
    """Compare two audits of a file; findings of one rule about one server are told by number."""
    was, now = (Counter(key_of(one) for one, _, _ in found) for found in (before, after))
    groups_was, groups_now = _groups(before), _groups(after)
    for group, severities in groups_now.items():
        if _is_worse(groups_was.get(group, []), severities):
            return NoRemedy(f"the entry would have another finding then: {group[0]}")
    for one, count in Counter(aim.key for aim in aims if not aim.is_eased).items():
        if now[one] > max(was[one] - count, 0):
            return NoRemedy(f"{one[0]} would still be found")
    for group, count in Counter(aim.key[:2] for aim in aims if aim.is_counted).items():
        if len(groups_now.get(group, ())) > max(len(groups_was.get(group, ())) - count, 0):
            return NoRemedy(f"{group[0]} would be found for another reason")
    for one in {aim.key for aim in aims if aim.is_eased}:
        if now[one] and _worst(after, one) >= _worst(before, one):
            return NoRemedy(f"{one[0]} would be as severe as before")
    return None


def _worst(found: Sequence[Judged], key: Key) -> int:
    ranks = (one.rule.severity.rank for one, _, _ in found if key_of(one) == key)
    return max(ranks, default=0)


def aim_of(finding: AuditFinding, fixer: Fixer | None = None) -> Aim:
    """Return what a remedy, or the change of rights, is to do to a finding."""
    return Aim(
        key=key_of(finding),
        is_eased=fixer is not None and fixer.only_eases,
        is_counted=fixer is not None and fixer.is_counted,
    )


def _is_worse(before: list[int], after: list[int]) -> bool:
    """Tell whether there are more findings, or one is graver than any that it could stand for."""
    pairs = zip(sorted(before, reverse=True), sorted(after, reverse=True), strict=False)
    return len(after) > len(before) or any(now > was for was, now in pairs)


def _groups(found: Sequence[Judged]) -> dict[Group, list[int]]:
    groups: dict[Group, list[int]] = {}
    for finding, _, _ in found:
        groups.setdefault(group_of(finding), []).append(finding.rule.severity.rank)
    return groups


def group_of(finding: AuditFinding) -> Group:
    """Return its rule, and the server that it is about."""
    return (finding.rule.id, finding.server)


def key_of(finding: AuditFinding) -> Key:
    """Return what a finding is, wherever it stands."""
    return (finding.rule.id, finding.server, finding.message)
