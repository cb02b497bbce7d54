"""`mcpi audit --fix`: what would change, as diffs; nothing is written here.

Each remedy is tried on the bytes in memory, and what they say then is audited again: one that
brings another finding, or leaves its own, is not proposed.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcpinstall.hosts.forms import FormError, ScanError
from mcpinstall.hosts.value_edits import edited
from mcpinstall.model.audit_report import AuditFinding, AuditReport
from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.host import HostChange
from mcpinstall.operations import audit, fix_modes
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.audit_findings import RuleSet
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.context import Context
from mcpinstall.operations.fix_comparison import (
    Aim,
    Judged,
    Key,
    aim_of,
    judged,
    key_of,
    part,
    read_again,
    why_worse,
)
from mcpinstall.operations.fix_diffs import showable
from mcpinstall.operations.fix_modes import ModeChange
from mcpinstall.operations.fix_offers import Known, outcome_of
from mcpinstall.operations.fix_places import owned_entries, placed
from mcpinstall.operations.fix_versions import FoundVersions
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.rules import remedies
from mcpinstall.rules.audit.rule import Hit, Persona
from mcpinstall.rules.remedies.remedy import Fixer, NoRemedy, Outcome, Remedy

_PERSONAS = tuple(Persona)
_MOST = 100  # remedies that are tried in one entry
_OPTION = re.compile(r"-[A-Za-z]|--[A-Za-z][A-Za-z-]{0,30}")  # (`-pWORD` is an option's value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A finding that goes."""

    finding: AuditFinding
    fixer: str
    is_safe: bool
    what: str
    aim: Aim
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A finding that stays though its rule has a remedy."""

    finding: AuditFinding
    fixer: str
    reason: str = ""
    """Nothing where only its name is missing on the command line."""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFix:
    """What happens to one file."""

    name: str
    """As findings name it."""
    change: HostChange | None
    modes: tuple[ModeChange, ...]
    fixed: tuple[Fixed, ...]
    plain: frozenset[str]
    """Texts that its diff shows."""
    places: tuple[ReadFile, ...]
    """The file as each host reads it, before."""
    context: Context = field(repr=False)
    """With the project's folder as the one where we are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedFixes:
    """What is shown before the question."""

    files: tuple[FileFix, ...]
    left: tuple[Left, ...]
    report: AuditReport
    """The audit before."""
    rules: RuleSet = field(repr=False)
    asked: Context = field(repr=False)
    around: Surroundings = field(repr=False)


def prepare(wanted: audit.Wanted, named: frozenset[str], context: Context) -> PreparedFixes:
    """Say which findings go, by which edits; `named` are the unsafe remedies that are wanted.

    Raises:
        McpInstallError: As `audit.audit`.
    """
    read = audit.looked_at(wanted, context.machine)
    files = [one for one in read if isinstance(one, ReadFile)]
    around = audit.surroundings(wanted, files, context)
    report = audit.audit(wanted, context, read, around)
    heard = [*(one.finding for one in report.suppressed), *(one.finding for one in report.known)]
    accepted = frozenset((one.location.file, key_of(one)) for one in heard)
    groups: dict[str, list[ReadFile]] = {}
    for one in files:
        groups.setdefault(os.path.realpath(one.place.path), []).append(one)
    known = Known(versions=FoundVersions(context.machine), around=around)
    engine = _Engine(wanted, named, accepted, known)
    changed = [engine.file(tuple(group), context) for group in groups.values()]
    return PreparedFixes(
        files=tuple(one for one in changed if one is not None),
        left=tuple(engine.left),
        report=report,
        rules=wanted.rules,
        asked=context,
        around=around,
    )


@dataclass(slots=True)
class _Engine:
    """Tries remedies, one after the other, on one file after the other."""

    wanted: audit.Wanted
    named: frozenset[str]
    accepted: frozenset[tuple[str, Key]]
    """By file, what somebody accepted, and what is known from a baseline or a commit."""
    known: Known
    left: list[Left] = field(default_factory=list)

    @property
    def around(self) -> Surroundings:
        """The machine around the files."""
        return self.known.around

    @property
    def rules(self) -> RuleSet:
        """The rules that are asked."""
        return self.wanted.rules

    def file(self, group: tuple[ReadFile, ...], context: Context) -> FileFix | None:
        """Return what happens to a file; None for nothing."""
        first = group[0]
        there, file, refusal = placed(first.place, context)
        if file is not None and file.content != first.document.data:
            file = None
            refusal = NoRemedy("it was saved while it was judged", "run the command again")
        modes, fixed = self._modes(group, context)
        if refusal is not None and modes:
            refusal = NoRemedy(refusal.reason, "its rights go first: then run the command again")
        trial = _Trial(first.document.data)
        for one in group:
            owned = owned_entries(one, there)
            self._values(one, trial, context, refusal, owned)
        if not (trial.fixed or modes):
            return None
        change = None
        if file is not None and trial.data != file.content:
            chain = ReceiptStore(there.paths).chain(file.row.id)
            change = HostChange(
                file=file, after=trial.data, chain_before=chain, chain_after=chain,
                warnings=file.warnings,
            )  # fmt: skip
        return FileFix(
            name=first.shown, change=change, modes=modes, fixed=(*fixed, *trial.fixed),
            plain=frozenset(showable(trial.plain)), places=group, context=there,
        )  # fmt: skip

    def _modes(
        self, group: Sequence[ReadFile], context: Context
    ) -> tuple[tuple[ModeChange, ...], tuple[Fixed, ...]]:
        """Return the modes that change: of the file, its target, and the folders above."""
        modes: dict[Path, ModeChange] = {}
        fixed: list[Fixed] = []
        for finding, hit, _ in judged(group[0], self.rules, self.around):
            if hit.rule.id not in fix_modes.RULES or not self._is_wanted(finding):
                continue
            change = fix_modes.change(hit, group[0], context.machine)
            if isinstance(change, NoRemedy):
                self._leave(finding, fix_modes.NAME, change)
                continue
            known = modes.get(change.path, change)
            modes[change.path] = dataclasses.replace(change, after=change.after & known.after)
            fixed.append(Fixed(
                finding=finding, fixer=fix_modes.NAME, is_safe=True,
                what=f"take rights of others to `{change.shown}` away", aim=aim_of(finding),
            ))  # fmt: skip
        return tuple(modes.values()), tuple(fixed)

    def _values(
        self,
        file: ReadFile,
        trial: _Trial,
        context: Context,
        refusal: NoRemedy | None,
        owned: Mapping[str, str],
    ) -> None:
        """Try every remedy that is wanted; each on what the ones before it made."""
        now = read_again(file, trial.data, context)
        if now is not None:
            work = _Work(trial, context, refusal, owned)
            for pointer in ("", *(server.pointer for server in now.servers)):
                now = self._part(now, pointer, work)

    def _part(self, now: ReadFile, pointer: str, work: _Work) -> ReadFile:
        """Try the remedies of one server, or with no pointer of the file; return it afterwards."""
        tried: set[tuple[Key, str]] = set()
        for _ in range(_MOST):
            found = judged(part(now, pointer), self.rules, self.around)
            todo = self._next(found, pointer, tried)
            if todo is None:
                break
            (finding, hit, server), fixer = todo
            tried.add((key_of(finding), hit.pointer))
            outcome = work.refusal or self._outcome(hit, server, now, fixer, work.owned)
            if isinstance(outcome, Remedy) and not (fixer.is_safe or fixer.name in self.named):
                self._keep(Left(finding=finding, fixer=fixer.name))
                continue
            aim = aim_of(finding, fixer)
            then = self._tried(now, pointer, outcome, aim, work.context)
            if isinstance(then, NoRemedy):
                self._leave(finding, fixer.name, then)
            elif isinstance(outcome, Remedy):
                work.trial.take(then.document.data, finding, fixer, outcome, server)
                now = then
        return now

    def _tried(
        self,
        now: ReadFile,
        pointer: str,
        outcome: Outcome,
        aim: Aim,
        context: Context,
    ) -> ReadFile | NoRemedy:
        """Return the file as a remedy makes it, or why it isn't taken."""
        if isinstance(outcome, NoRemedy):
            return outcome
        try:
            after = edited(now.document.data, now.place.dialect, outcome.edits)
        except FormError as error:
            return NoRemedy(str(error))
        except ScanError as error:
            return NoRemedy(error.message)
        then = read_again(now, after, context)
        if then is None:
            return NoRemedy("its host could not read the file any more")
        before, after_it = part(now, pointer), part(then, pointer)
        if self.wanted.online:
            self.around.ask_online([after_it])
            if not self.around.is_answered:
                return NoRemedy("OSV did not answer for what would be started then")
        return why_worse(before, after_it, aim, self.rules, self.around) or then

    def _next(
        self, found: Sequence[Judged], pointer: str, tried: set[tuple[Key, str]]
    ) -> tuple[Judged, Fixer] | None:
        for one in sorted(found, key=_of_others):
            finding, hit, server = one
            fixer = remedies.BY_RULE.get(hit.rule.id)
            is_here = (server.pointer if server else "") == pointer
            if (
                fixer
                and is_here
                and (key_of(finding), hit.pointer) not in tried
                and self._is_wanted(finding)
            ):
                return one, fixer
        return None

    def _is_wanted(self, finding: AuditFinding) -> bool:
        audible = _PERSONAS.index(Persona(finding.persona)) <= _PERSONAS.index(self.wanted.persona)
        place = (finding.location.file, key_of(finding))
        return audible and place not in self.accepted

    def _outcome(
        self,
        hit: Hit,
        server: AuditedServer | None,
        file: ReadFile,
        fixer: Fixer,
        owned: Mapping[str, str],
    ) -> Outcome:
        is_owned = server is not None and server.name.text in owned
        if server is not None and is_owned and not fixer.of_own:
            about_it = hit.pointer == server.pointer  # the rule knows whose it is
            helps = hit.fix if about_it else owned[server.name.text]
            return NoRemedy("mcpi installed this entry", helps)
        if fixer.of_own and not is_owned:
            return NoRemedy("mcpi did not write this entry", hit.fix)
        return outcome_of(hit, server, file, fixer, self.known)

    def _leave(self, finding: AuditFinding, fixer: str, why: NoRemedy) -> None:
        hint = why.hint or finding.fix
        self._keep(Left(finding=finding, fixer=fixer, reason=why.reason, hint=hint))

    def _keep(self, left: Left) -> None:
        """Note what stays, once: an edit of its entry may move the place of a finding."""
        if not any(_is_same(left, one) for one in self.left):
            self.left.append(left)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is the same for all remedies of one file."""

    trial: _Trial
    context: Context
    refusal: NoRemedy | None
    """Why nothing in it is changed."""
    owned: Mapping[str, str]
    """Entries that mcpi wrote, each with what helps."""


def _of_others(one: Judged) -> bool:
    """Tell what is not for an entry of ours: to write one again may do more than its own rule."""
    fixer = remedies.BY_RULE.get(one[1].rule.id)
    return not (fixer and fixer.of_own)


def _is_same(one: Left, other: Left) -> bool:
    return (
        (one.fixer, one.reason) == (other.fixer, other.reason)
        and key_of(one.finding) == key_of(other.finding)
        and one.finding.location.file == other.finding.location.file
    )


@dataclass(slots=True)
class _Trial:
    """A file's bytes as remedies have made them so far."""

    data: bytes
    fixed: list[Fixed] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)

    def take(
        self,
        after: bytes,
        finding: AuditFinding,
        fixer: Fixer,
        remedy: Remedy,
        server: AuditedServer | None,
    ) -> None:
        """Keep what a remedy made."""
        self.data = after
        self.plain += remedy.plain
        argv = server.argv if server else ()
        self.plain += [one.text for one in argv[:1]]
        self.plain += [one.text for one in argv if _OPTION.fullmatch(one.text)]
        self.fixed.append(Fixed(
            finding=finding, fixer=fixer.name, is_safe=fixer.is_safe, what=remedy.what,
            notes=remedy.notes, aim=aim_of(finding, fixer),
        ))  # fmt: skip
