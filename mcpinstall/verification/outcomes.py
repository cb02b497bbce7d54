"""Checks 4 and 6 in words: the facts that their outcome rests on."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.model.artifact import VerifiedArtifact
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.manifest import HookKind

_KILO = 1000
_KINDS = {
    HookKind.SCRIPT: "script",
    HookKind.DATA: "data file",
    HookKind.EXECUTABLE: "program",
}


def downloads_check(verified: Sequence[VerifiedArtifact]) -> CheckResult:
    """Return check 4 for files that passed it: `32 files, 10.1 MB, sha256`."""
    if not verified:
        return _nothing(Check.DOWNLOADS)
    size = sum(item.artifact.size for item in verified)
    evidence = f"{counted(len(verified), 'file')}, {_readable(size)}, sha256"
    return CheckResult(check=Check.DOWNLOADS, outcome=Outcome.VERIFIED, evidence=evidence)


def archives_check(verified: Sequence[VerifiedArtifact]) -> CheckResult:
    """Return check 6 for archives that passed it: `1,612 members, no start-up hooks`.

    What reviewers accepted is named where it runs by itself, and counted otherwise; so are
    native programs among the modules' files.
    """
    if not verified:
        return _nothing(Check.ARCHIVES)
    accepted = [hook for item in verified for hook in item.inspection.accepted]
    facts = [counted(sum(item.inspection.members for item in verified), "member")]
    hooks = sorted(hook.member for hook in accepted if hook.kind is HookKind.STARTUP)
    if hooks:
        facts.append(f"{counted(len(hooks), 'accepted start-up hook')} ({', '.join(hooks)})")
    else:
        facts.append("no start-up hooks")
    for kind, word in _KINDS.items():
        count = sum(hook.kind is kind for hook in accepted)
        if count:
            facts.append(counted(count, f"accepted {word}"))
    programs = sum(len(item.inspection.programs) for item in verified)
    if programs:
        facts.append(counted(programs, "bundled program"))
    return CheckResult(check=Check.ARCHIVES, outcome=Outcome.VERIFIED, evidence=", ".join(facts))


def _nothing(check: Check) -> CheckResult:
    return CheckResult(check=check, outcome=Outcome.NOT_CHECKED, evidence="there are no files")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: `1 file`, `1,612 members`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _readable(size: int) -> str:
    for unit, bytes_each in (("GB", _KILO**3), ("MB", _KILO**2), ("kB", _KILO)):
        if size >= bytes_each:
            return f"{size / bytes_each:.1f} {unit}"
    return counted(size, "byte")
