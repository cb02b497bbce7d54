"""What `mcpi audit --fix` could do about the findings of an audit, told as commands."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.model.audited import AuditedServer
from mcpinstall.operations import fix_modes
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.context import Context
from mcpinstall.operations.fix_places import is_fixable, owned_entries, placed
from mcpinstall.operations.fix_versions import FoundVersions
from mcpinstall.rules import remedies
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Hit
from mcpinstall.rules.remedies.remedy import Case, Fixer, NoRemedy, Outcome, Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a remedy may ask about the machine."""

    versions: FoundVersions
    around: Surroundings


class Offers:
    """The findings of a run that have a remedy."""

    def __init__(self, context: Context, around: Surroundings) -> None:
        self._context = context
        self._known = Known(versions=FoundVersions(context.machine), around=around)
        self._names: dict[str, str] = {}
        """Fingerprint → name of the remedy."""
        self._fixable: dict[Path, tuple[bool, Mapping[str, str]]] = {}
        self._written: dict[Path, bool] = {}

    def add(
        self, finding: AuditFinding, hit: Hit, server: AuditedServer | None, file: ReadFile
    ) -> None:
        """Take one finding."""
        name = self._name(hit, server, file)
        if name:
            self._names[finding.fingerprint] = name

    def sentences(
        self, kept: Sequence[AuditFinding], paths: Collection[str], options: Sequence[str]
    ) -> Iterator[str]:
        """Yield the commands that take findings away."""
        found = [self._names[one.fingerprint] for one in kept if one.fingerprint in self._names]
        safe = sum(_is_safe(name) for name in found)
        unsafe = sorted({name for name in found if not _is_safe(name)})
        where = "".join(f" {shlex.quote(one)}" for one in (*options, *paths))
        if safe:
            yield f"{_go(safe)} by `mcpi audit --fix{where}`"
        eased = [name for name in unsafe if remedies.BY_NAME[name].only_eases]
        gone = [name for name in unsafe if name not in eased]
        if gone:
            count = sum(name in gone for name in found)
            yield f"{_go(count)} by `mcpi audit --fix{_named(gone)}{where}`"
        if eased:
            count = sum(name in eased for name in found)
            yield f"{_ease(count)} by `mcpi audit --fix{_named(eased)}{where}`"

    def _name(self, hit: Hit, server: AuditedServer | None, file: ReadFile) -> str:
        fixer = remedies.BY_RULE.get(hit.rule.id)
        if fixer is None and hit.rule.id not in fix_modes.RULES:
            return ""
        there, owned = self._of(file)
        if not there:
            return ""
        if fixer is None:
            change = fix_modes.change(hit, file, self._context.machine)
            return "" if isinstance(change, NoRemedy) else fix_modes.NAME
        if (server is not None and server.name.text in owned) is not fixer.of_own:
            return ""
        outcome = outcome_of(hit, server, file, fixer, self._known)
        return fixer.name if isinstance(outcome, Remedy) and self._is_written(file) else ""

    def _of(self, file: ReadFile) -> tuple[bool, Mapping[str, str]]:
        """Return whether a file is a host's, and the entries of mcpinstall in it."""
        path = file.place.path
        if path not in self._fixable:
            try:
                self._fixable[path] = (
                    is_fixable(file.place, self._context),
                    owned_entries(file, self._context),
                )
            except McpInstallError:  # records that can't be read: another command tells
                self._fixable[path] = (False, {})
        return self._fixable[path]

    def _is_written(self, file: ReadFile) -> bool:
        """Tell whether nothing about the file itself refuses a change of it; it is read again."""
        path = file.place.path
        if path not in self._written:
            self._written[path] = placed(file.place, self._context)[2] is None
        return self._written[path]


def outcome_of(
    hit: Hit, server: AuditedServer | None, file: ReadFile, fixer: Fixer, known: Known
) -> Outcome:
    """Return the remedy of one finding, as far as the file and its surroundings decide."""
    if file.facts.ambiguous:
        return NoRemedy("two programs read this file differently: that comes first")

    def facts() -> MachineFacts:
        return NOTHING if server is None else known.around.of(server, file)

    row, document = file.place.row, file.facts.settings
    case = Case(
        hit=hit, server=server, row=row, document=document, versions=known.versions, facts=facts
    )
    return fixer.build(case)


def _is_safe(name: str) -> bool:
    return name == fix_modes.NAME or remedies.BY_NAME[name].is_safe


def _go(count: int) -> str:
    return "1 finding goes" if count == 1 else f"{count} findings go"


def _ease(count: int) -> str:
    return "1 server is switched off" if count == 1 else f"{count} servers are switched off"


def _named(names: Sequence[str]) -> str:
    return "".join(f" --unsafe-fix {name}" for name in names)
