"""What `mcpi audit --fix` could do about the findings of an audit, told as commands."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.model.audited import AuditedServer
from mcpinstall.operations import fix_modes
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.context import Context
from mcpinstall.operations.fix_places import is_fixable, owned_entries
from mcpinstall.operations.fix_versions import FoundVersions
from mcpinstall.rules import remedies
from mcpinstall.rules.audit.rule import Hit
from mcpinstall.rules.remedies.remedy import Case, Fixer, NoRemedy, Outcome, Remedy


class Offers:
    """The findings of a run that have a remedy."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._versions = FoundVersions(context.machine)
        self._names: dict[str, str] = {}
        """Fingerprint → name of the remedy."""
        self._fixable: dict[Path, tuple[bool, Mapping[str, str]]] = {}

    def add(
        self, finding: AuditFinding, hit: Hit, server: AuditedServer | None, file: ReadFile
    ) -> None:
        """Take one finding."""
        name = self._name(hit, server, file)
        if name:
            self._names[finding.fingerprint] = name

    def sentences(
        self, kept: Sequence[AuditFinding], paths: Collection[str], host: str
    ) -> Iterator[str]:
        """Yield the commands that take findings away."""
        found = [self._names[one.fingerprint] for one in kept if one.fingerprint in self._names]
        safe = sum(_is_safe(name) for name in found)
        unsafe = sorted({name for name in found if not _is_safe(name)})
        where = "".join(f" {shlex.quote(one)}" for one in paths)
        where = f" --host {shlex.quote(host)}{where}" if host else where
        if safe:
            yield f"{_go(safe)} by `mcpi audit --fix{where}`"
        if unsafe:
            names = "".join(f" --unsafe-fix {name}" for name in unsafe)
            yield f"{_go(len(found) - safe)} by `mcpi audit --fix{names}{where}`"

    def _name(self, hit: Hit, server: AuditedServer | None, file: ReadFile) -> str:
        fixer = remedies.BY_RULE.get(hit.rule.id)
        if fixer is None and hit.rule.id not in fix_modes.RULES:
            return ""
        there, owned = self._of(file)
        if not there or (server is not None and server.name.text in owned):
            return ""
        if fixer is None:
            change = fix_modes.change(hit, file, self._context.machine)
            return "" if isinstance(change, NoRemedy) else fix_modes.NAME
        outcome = outcome_of(hit, server, file, fixer, self._versions)
        return fixer.name if isinstance(outcome, Remedy) else ""

    def _of(self, file: ReadFile) -> tuple[bool, Mapping[str, str]]:
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


def outcome_of(
    hit: Hit,
    server: AuditedServer | None,
    file: ReadFile,
    fixer: Fixer,
    versions: FoundVersions,
) -> Outcome:
    """Return the remedy of one finding, as far as the file alone decides."""
    if file.facts.ambiguous:
        return NoRemedy("two programs read this file differently: that comes first")
    row, document = file.place.row, file.facts.settings
    return fixer.build(Case(hit=hit, server=server, row=row, document=document, versions=versions))


def _is_safe(name: str) -> bool:
    return name == fix_modes.NAME or remedies.BY_NAME[name].is_safe


def _go(count: int) -> str:
    return "1 finding goes" if count == 1 else f"{count} findings go"
