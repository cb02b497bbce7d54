"""`mcpi audit`: hosts' files judged where they lie.  Nothing is run, resolved or written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from mcpinstall.errors import ErrorCode
from mcpinstall.hosts import audit_places, find_rows
from mcpinstall.hosts.audit_places import Place, State
from mcpinstall.model.audit_report import AuditedFile, AuditFinding, AuditReport, Suppressed
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.host import HostRow
from mcpinstall.operations import audit_files
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.audit_findings import Judge, RuleSet
from mcpinstall.operations.audit_ignores import Ignores, read_ignores
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.context import Context
from mcpinstall.rules.audit.rule import Hit, Persona
from mcpinstall.system.machine import Machine

Judged: TypeAlias = tuple[AuditFinding, Hit, AuditedServer | None, ReadFile]
"""A finding, what its rule said, the server that it is about, and the file."""

STDIN = "-"
_PERSONAS = tuple(Persona)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to audit."""

    paths: tuple[str, ...] = ()
    """Files and projects' folders; `-` is standard input; none is all hosts of this machine."""
    host: str = ""
    """Host that named files belong to; of all hosts, only this one."""
    persona: Persona = Persona.REGULAR
    ignores: bool = True
    """Whether `mcpi-audit.toml` is heard."""
    standard_input: bytes = b""
    known: frozenset[str] = frozenset()
    """Fingerprints that do not count."""
    rules: RuleSet = field(default_factory=RuleSet)


def audit(
    wanted: Wanted, context: Context, read: Sequence[ReadFile | Unchecked] | None = None
) -> AuditReport:
    """Return what the rules find in hosts' files; in `read` where these were read before.

    Raises:
        McpInstallError: `host-unknown`; `config-invalid` for a `mcpi-audit.toml` that can't be
            read, which must not pass for one that says nothing.
    """
    found_there = looked_at(wanted, context.machine) if read is None else read
    files = [one for one in found_there if isinstance(one, ReadFile)]
    unchecked = [one for one in found_there if isinstance(one, Unchecked)]
    if wanted.paths and not (files or unchecked):
        unchecked.append(_nothing(wanted.paths))
    found: list[AuditFinding] = []
    around, judged = Surroundings(context), list[Judged]()
    for file in files:
        judge = Judge(file, wanted.rules, around)
        for finding, hit, server in judge.judged():
            found.append(finding)
            judged.append((finding, hit, server, file))
        unchecked += judge.failed.values()
    unchecked += [around.problem] if around.problem else []
    ignores = read_ignores(context) if wanted.ignores else Ignores()
    sorted_out = _SortedOut()
    for finding in sorted(found, key=lambda one: one.order):
        sorted_out.add(finding, wanted, ignores, context)
    sentences = around.sentences() if any(file.servers for file in files) else ()
    subjects = (_subject(file, name) for file in files for name in _names(file))
    return AuditReport(
        tool="mcpi audit",
        rules=wanted.rules.rules,
        subjects=tuple(sorted(subjects)),
        findings=tuple(sorted_out.kept),
        unchecked=tuple(sorted(unchecked, key=lambda one: (one.subject, one.message))),
        left_out=(
            *_offers(judged, sorted_out.kept, wanted, context),
            *sorted_out.sentences(),
            *ignores.notes(context),
            *sentences,
        ),
        noun="server",
        files=tuple(_file(one) for one in sorted(files, key=lambda one: one.shown)),
        suppressed=tuple(sorted_out.suppressed),
        hidden=sorted_out.hidden,
        known=sorted_out.known,
    )


def _offers(
    judged: Sequence[Judged], kept: Sequence[AuditFinding], wanted: Wanted, context: Context
) -> tuple[str, ...]:
    """Return the commands that take findings away; loaded when there are some."""
    if not kept:
        return ()
    from mcpinstall.operations.fix_offers import Offers

    heard = {one.fingerprint for one in kept}
    offers = Offers(context)
    for finding, hit, server, file in judged:
        if finding.fingerprint in heard:
            offers.add(finding, hit, server, file)
    return tuple(offers.sentences(kept, wanted.paths, wanted.host))


def looked_at(wanted: Wanted, machine: Machine) -> tuple[ReadFile | Unchecked, ...]:
    """Return each file that is audited, or why it is not; each entry of one once.

    Raises:
        McpInstallError: `host-unknown`.
    """
    row = find_rows(wanted.host) if wanted.host else None
    return tuple(_once(_read(wanted, row, machine)))


def places(wanted: Wanted, context: Context) -> tuple[tuple[str, Place, State], ...]:
    """Return every path that an audit of this machine looks at, and what is there."""
    row = find_rows(wanted.host) if wanted.host else None
    found = {
        (place.path, place.row.id if place.row else ""): place
        for place in audit_places.everywhere(context.machine, row)
    }
    return tuple(
        (audit_files.shown(place.path, context.machine), place, place.state)
        for place in found.values()
    )


def _read(wanted: Wanted, row: HostRow | None, machine: Machine) -> Iterator[ReadFile | Unchecked]:
    if not wanted.paths:
        for place in audit_places.everywhere(machine, row):
            if place.problem or os.path.lexists(place.path):
                yield audit_files.read(place, machine)
    for text in wanted.paths:
        if text == STDIN:
            yield _of_stdin(wanted, row, machine)
            continue
        path = Path(os.path.abspath(machine.cwd / text))  # noqa: PTH100 (`..` without links)
        if path.is_dir():
            for place in audit_places.below(path, machine):
                if os.path.lexists(place.path):
                    yield audit_files.read(place, machine)
        elif row is not None:
            yield audit_files.read(_place(row, path), machine)
        else:
            yield audit_files.read_named(path, machine)


def _of_stdin(wanted: Wanted, row: HostRow | None, machine: Machine) -> ReadFile | Unchecked:
    place = _place(row, Path()) if row else Place(row=None, path=Path(), scope=FileScope.USER)
    return audit_files.of_bytes(wanted.standard_input, place, "<stdin>", machine)


def _place(row: HostRow, path: Path) -> Place:
    scope = FileScope.PROJECT if row.scope == "project" else FileScope.USER
    return Place(row=row, path=path, scope=scope)


def _once(found: Iterable[ReadFile | Unchecked]) -> Iterator[ReadFile | Unchecked]:
    """Yield each file, and each entry of one that several hosts read, once."""
    entries: set[tuple[str, str]] = set()
    failed: set[tuple[str, str]] = set()
    for one in found:
        if isinstance(one, Unchecked):
            if (one.subject, one.message) not in failed:
                failed.add((one.subject, one.message))
                yield one
            continue
        real = os.path.realpath(one.place.path)
        fresh = tuple(server for server in one.servers if (real, server.pointer) not in entries)
        entries.update((real, server.pointer) for server in fresh)
        if (real, "") in entries and not fresh and one.shown != "<stdin>":
            continue
        entries.add((real, ""))
        yield replace(one, servers=fresh)


@dataclass(slots=True)
class _SortedOut:
    """Findings by what becomes of them."""

    kept: list[AuditFinding] = field(default_factory=list)
    suppressed: list[Suppressed] = field(default_factory=list)
    hidden: int = 0
    known: int = 0

    def add(self, found: AuditFinding, wanted: Wanted, ignores: Ignores, context: Context) -> None:
        """Take one finding."""
        accepted = ignores.of(found, context)
        if _PERSONAS.index(Persona(found.persona)) > _PERSONAS.index(wanted.persona):
            self.hidden += 1
        elif accepted is not None:
            self.suppressed.append(accepted)
        elif found.fingerprint in wanted.known:
            self.known += 1
        else:
            self.kept.append(found)

    def sentences(self) -> Iterator[str]:
        """Yield what is not shown, and how it is."""
        if self.suppressed:
            yield f"{_count(len(self.suppressed))} suppressed (`--no-ignores` shows them)"
        if self.known:
            yield f"{_count(self.known)} known from the baseline"
        if self.hidden:
            louder = Persona.AUDITOR
            yield f"{_count(self.hidden)} for other readers (`--persona {louder}` shows them)"


def _count(number: int) -> str:
    return "1 finding is" if number == 1 else f"{number} findings are"


def _file(file: ReadFile) -> AuditedFile:
    row = file.place.row
    return AuditedFile(
        path=file.shown,
        host=row.id if row else "",
        title=row.title if row else "unknown host",
        servers=_names(file),
    )


def _names(file: ReadFile) -> tuple[str, ...]:
    return tuple(server.name.text for server in file.servers)


def _subject(file: ReadFile, name: str) -> str:
    row = file.place.row
    return f"{row.title if row else 'unknown host'}: {name}"


def _nothing(paths: tuple[str, ...]) -> Unchecked:
    return Unchecked(
        subject=", ".join(paths),
        code=ErrorCode.NOT_FOUND,
        message="there is no file of a known host there",
        hint="name the file itself; `mcpi audit --list-hosts` shows where hosts have theirs",
    )
