"""Rules asked about one file, and what they found as findings with their places."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from mcpinstall.errors import ErrorCode
from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity, Unchecked
from mcpinstall.model.secret_forms import without_secrets
from mcpinstall.operations.audit_excerpts import Excerpts
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.audit_identity import entry_digest, identity
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.rules import audit as rules
from mcpinstall.rules.audit.causes import without_general
from mcpinstall.rules.audit.file_facts import Checks, FileChecks
from mcpinstall.rules.audit.rule import AuditRule, Confidence, Hit, Persona
from mcpinstall.rules.audit.secret_values import (
    Confidential,
    confidential,
    confidential_in,
    public_names,
)
from mcpinstall.rules.audit.secrets import told_name, told_pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The checks of a run."""

    server: rules.ServerChecks = rules.SERVER_CHECKS
    facts: Checks = rules.FACT_CHECKS
    file: FileChecks = rules.FILE_CHECKS

    @property
    def rules(self) -> tuple[AuditRule, ...]:
        """All rules, by id."""
        asked = [ids for ids, _ in self.server]
        asked += [ids for ids, _ in self.facts]
        asked += [ids for ids, _ in self.file]
        found = {rule.id: rule for ids in asked for rule in ids}
        return tuple(found[key] for key in sorted(found))


class Judge:
    """Asks all rules about one file."""

    def __init__(self, file: ReadFile, wanted: RuleSet, around: Surroundings) -> None:
        self._file = file
        self._around = around
        self._wanted = wanted
        self._excerpts = Excerpts(file)
        self._entries: dict[str, str] = {}
        self._secrets: dict[str, Confidential] = {}
        self._lines: dict[str, tuple[Value, ...]] = {}
        self.failed: dict[str, Unchecked] = {}
        """Rules that raised, by their ids."""

    def findings(self) -> Iterator[AuditFinding]:
        """Yield all findings, whatever persona hears them; one cause is one finding."""
        yield from (finding for finding, _, _ in self.judged())

    def judged(
        self, *, everything: bool = False
    ) -> Iterator[tuple[AuditFinding, Hit, AuditedServer | None]]:
        """Yield the same with what the rule said, and the server that it is about.

        With `everything`, also what a more specific finding explains.
        """
        sorted_out = tuple if everything else without_general
        facts = self._file.facts
        for server in self._file.servers:
            hits: list[Hit] = []
            machine = self._around.of(server, self._file)
            for ids, check in self._wanted.server:
                hits += self._asked(ids, check, server, machine)
            for ids, fact_check in self._wanted.facts:
                hits += self._asked(ids, fact_check, server, facts)
            for hit in sorted_out(hits):
                known = self._confidential(server)
                yield self._finding(self._told(hit, known), server), hit, server
        hits = []
        for ids, file_check in self._wanted.file:
            hits += self._asked(ids, file_check, self._file.servers, facts)
        for hit in sorted_out(hits):
            about = self._server_at(hit.pointer)
            yield self._finding(self._told(hit, self._of_file), about), hit, about

    def _told(self, hit: Hit, known: Confidential) -> Hit:
        """Return a hit whose words hold no secret, wherever in the entry or file it was found."""
        message, fix = (without_secrets(one, known.within(one)) for one in (hit.message, hit.fix))
        if (message, fix) == (hit.message, hit.fix):
            return hit
        return replace(hit, message=message, fix=fix)

    def _asked(
        self, ids: tuple[AuditRule, ...], check: Callable[..., Iterator[Hit]], *arguments: object
    ) -> tuple[Hit, ...]:
        """Return what a check finds; one that raises is told of, and the others go on."""
        try:
            return tuple(check(*arguments))
        except Exception as error:  # noqa: BLE001 (a bug in one rule hides no other's findings)
            named = ", ".join(rule.id for rule in ids)
            self.failed[named] = Unchecked(
                subject=self._file.shown,
                code=ErrorCode.RULE_FAILED,
                message=f"a rule failed on it ({named}): {type(error).__name__}",
                hint="this is a bug in mcpinstall; the other rules were asked",
            )
            return ()

    def _finding(self, hit: Hit, server: AuditedServer | None) -> AuditFinding:
        severity = hit.severity or hit.rule.severity
        if server is not None and server.is_disabled:
            severity = tuple(Severity)[max(severity.rank - 1, 0)]
        confidence = hit.confidence or hit.rule.confidence
        persona = hit.persona or hit.rule.persona
        place = self._excerpts.location(hit.pointer)
        title = self._file.place.row.title if self._file.place.row else "unknown host"
        name = told_name(server.name.text) if server else ""
        return AuditFinding(
            rule=_rated(hit.rule, severity, confidence, persona),
            location=place,
            message=hit.message,
            subject=f"{title}: {told_name(server.name.text)}"
            if server
            else f"{title}: {place.file}",
            fix=hit.fix,
            excerpt=self._excerpts.line(
                place, self._argv(server) if server else (), hit.rule.id, hit.pointer
            ),
            why=f"{hit.rule.title} (docs/{hit.rule.page}#{hit.rule.anchor})",
            host=server.host if server else self._file.facts.host,
            server=name,
            entry=self._entry(server) if server else "",
            confidence=confidence,
            persona=persona,
            identity=identity(hit, server, self._file.facts),
            pointer=told_pointer(hit.pointer),
            counts=confidence is not Confidence.LOW,
        )

    def _entry(self, server: AuditedServer) -> str:
        """Return the digest of an entry, made once for all that is found in it."""
        if server.pointer not in self._entries:
            self._entries[server.pointer] = entry_digest(server)
        return self._entries[server.pointer]

    def _confidential(self, server: AuditedServer) -> Confidential:
        """Return what no report may hold of an entry, made once for all that is found in it."""
        if server.pointer not in self._secrets:
            self._secrets[server.pointer] = confidential(server)
        return self._secrets[server.pointer]

    @functools.cached_property
    def _of_file(self) -> Confidential:
        """Return what no report may hold of the whole file."""
        of_servers = (self._confidential(one).texts for one in self._file.servers)
        others = confidential_in(self._file.facts.settings)
        named = (name for one in self._file.servers for name in public_names(one))
        return Confidential(
            itertools.chain(others, *of_servers), lambda: (self._file.shown, *named)
        )

    def _server_at(self, pointer: str) -> AuditedServer | None:
        """Return the server in whose entry a pointer leads."""
        while pointer and pointer not in self._by_pointer:
            pointer = pointer.rpartition("/")[0]
        return self._by_pointer.get(pointer)

    @functools.cached_property
    def _by_pointer(self) -> dict[str, AuditedServer]:
        return {one.pointer: one for one in reversed(self._file.servers)}

    def _argv(self, server: AuditedServer) -> tuple[Value, ...]:
        """Return command and arguments for a line; what holds something secret is empty."""
        if server.pointer not in self._lines:
            known = self._confidential(server)
            self._lines[server.pointer] = tuple(
                replace(one, text="") if one.text in known.texts or known.within(one.text) else one
                for one in server.argv
            )
        return self._lines[server.pointer]


@functools.lru_cache(maxsize=256)
def _rated(
    rule: AuditRule, severity: Severity, confidence: Confidence, persona: Persona
) -> AuditRule:
    return replace(rule, severity=severity, confidence=confidence, persona=persona)
