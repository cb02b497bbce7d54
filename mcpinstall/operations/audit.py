"""`mcpi audit`: hosts' files judged where they lie.  Nothing is run, resolved or written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import audit_places, find_rows
from mcpinstall.hosts.audit_places import Place, State
from mcpinstall.model.audit_report import ApprovedFile, AuditedFile, AuditFinding, AuditReport
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.host import HostRow
from mcpinstall.operations import audit_files
from mcpinstall.operations.audit_baseline import Baseline, approvals
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.audit_findings import Judge, RuleSet
from mcpinstall.operations.audit_ignores import Ignores, read_ignores
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.audit_sorting import SortedOut
from mcpinstall.operations.context import Context
from mcpinstall.rules.audit.rule import Hit, Persona
from mcpinstall.rules.audit.secrets import told_name
from mcpinstall.system.files import is_folder
from mcpinstall.system.machine import Machine

if TYPE_CHECKING:
    from mcpinstall.operations.audit_earlier import Earlier

Judged: TypeAlias = tuple[AuditFinding, Hit, AuditedServer | None, ReadFile]
"""A finding, what its rule said, the server that it is about, and the file."""

STDIN = "-"


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
    ignores_from: str | None = None
    """A commit: that file is heard as it was there."""
    standard_input: bytes = b""
    online: bool = False
    """Whether OSV is asked about the packages."""
    baseline: Baseline | None = None
    """What is known and approved: findings of it do not count."""
    since: str | None = None
    """A commit: findings that were there do not count, and only files of its repository do."""
    approvals: bool = False
    """Whether to return the servers as a baseline keeps them."""
    rules: RuleSet = field(default_factory=RuleSet)


def audit(
    wanted: Wanted,
    context: Context,
    read: Sequence[ReadFile | Unchecked] | None = None,
    around: Surroundings | None = None,
) -> AuditReport:
    """Return what the rules find in hosts' files; in `read` where these were read before.

    Of the machine counts what `around` knows, where that is given.

    Raises:
        McpInstallError: `usage`; `host-unknown`; `config-invalid` for a `mcpi-audit.toml` that
            can't be read, which must not pass for one that says nothing; as
            `audit_earlier.Earlier`.
    """
    if wanted.since is not None and STDIN in wanted.paths:
        raise McpInstallError(ErrorCode.USAGE, "standard input has no earlier state for `--diff`")
    found_there = looked_at(wanted, context.machine) if read is None else read
    files = [one for one in found_there if isinstance(one, ReadFile)]
    unchecked = [one for one in found_there if isinstance(one, Unchecked)]
    if wanted.paths and not (files or unchecked):
        unchecked.append(_nothing(wanted.paths))
    around = around or surroundings(wanted, files, context)
    judged: list[Judged] = []
    ignores = read_ignores(context, wanted.ignores_from) if wanted.ignores else Ignores()
    earlier = _earlier(wanted, files, context)
    sorted_out = SortedOut(wanted.persona, ignores, wanted.baseline, context)
    for file in sorted(files, key=lambda one: one.shown):
        judge = Judge(file, wanted.rules, around)
        before = earlier.found(file, wanted.rules, around) if earlier else None
        found = [(*one, file) for one in judge.judged()]
        judged += found
        for finding in sorted((one[0] for one in found), key=lambda one: one.order):
            sorted_out.add(finding, file.document, before)
        unchecked += judge.failed.values()
    unchecked += earlier.unchecked if earlier else ()
    unchecked += around.problems()
    sentences = around.sentences() if any(file.servers for file in files) else ()
    subjects = (_subject(file, name) for file in files for name in _names(file))
    return AuditReport(
        tool="mcpi audit",
        rules=wanted.rules.rules,
        subjects=tuple(sorted(subjects)),
        findings=tuple(sorted(sorted_out.kept, key=lambda one: one.order)),
        unchecked=tuple(sorted(unchecked, key=lambda one: (one.subject, one.message))),
        left_out=(
            *_offers(judged, sorted_out.kept, wanted, context, around),
            *sorted_out.sentences(),
            *ignores.notes(context),
            *sentences,
        ),
        noun="server",
        files=tuple(_file(one) for one in sorted(files, key=lambda one: one.shown)),
        suppressed=tuple(sorted_out.suppressed),
        hidden=tuple(sorted_out.hidden),
        known=tuple(sorted_out.known),
        approvals=_approvals(files, wanted, context.machine),
    )


def _offers(
    judged: Sequence[Judged],
    kept: Sequence[AuditFinding],
    wanted: Wanted,
    context: Context,
    around: Surroundings,
) -> tuple[str, ...]:
    """Return the commands that take findings away; loaded when there are some."""
    if not kept:
        return ()
    from mcpinstall.operations.fix_offers import Offers

    heard = {one.fingerprint for one in kept}
    offers = Offers(context, around)
    for finding, hit, server, file in judged:
        if finding.fingerprint in heard:
            offers.add(finding, hit, server, file)
    options = (*(("--host", wanted.host) if wanted.host else ()), *["--online"] * wanted.online)
    return tuple(offers.sentences(kept, wanted.paths, options))


def surroundings(wanted: Wanted, files: Sequence[ReadFile], context: Context) -> Surroundings:
    """Return the machine around some files; where it is wanted, OSV is asked about packages."""
    around = Surroundings(context)
    if wanted.online:
        around.ask_online(files)
    return around


def looked_at(wanted: Wanted, machine: Machine) -> tuple[ReadFile | Unchecked, ...]:
    """Return each file that is audited, or why it is not; each entry of one once.

    Raises:
        McpInstallError: `host-unknown`.
    """
    row = find_rows(wanted.host) if wanted.host else None
    return tuple(
        _with_baseline(one, wanted, machine) if isinstance(one, ReadFile) else one
        for one in _once(_read(wanted, row, machine))
    )


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
        yield from _of_machine(wanted, row, machine)
    for text in wanted.paths:
        if text == STDIN:
            yield _of_stdin(wanted, row, machine)
            continue
        path = Path(os.path.abspath(machine.cwd / text))  # noqa: PTH100 (`..` without links)
        if is_folder(path):
            for place in audit_places.below(path, machine):
                if os.path.lexists(place.path):
                    yield audit_files.read(place, machine)
        elif row is not None:
            yield audit_files.read(_place(row, path), machine)
        else:
            yield audit_files.read_named(path, machine)


def _of_machine(
    wanted: Wanted, row: HostRow | None, machine: Machine
) -> Iterator[ReadFile | Unchecked]:
    """Yield all files of hosts; where a commit is compared with, those of projects."""
    for place in audit_places.everywhere(machine, row):
        if wanted.since is not None and place.scope is not FileScope.PROJECT:
            continue
        if place.problem or os.path.lexists(place.path):
            yield audit_files.read(place, machine)


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


def _with_baseline(file: ReadFile, wanted: Wanted, machine: Machine) -> ReadFile:
    """Return a file with what the baseline has of it."""
    if wanted.baseline is None:
        return file
    approved = wanted.baseline.of(file, machine)
    return replace(file, facts=replace(file.facts, approved=approved))


def _approvals(files: list[ReadFile], wanted: Wanted, machine: Machine) -> tuple[ApprovedFile, ...]:
    return tuple(approvals(file, machine) for file in files) if wanted.approvals else ()


def _earlier(wanted: Wanted, files: list[ReadFile], context: Context) -> Earlier | None:
    if wanted.since is None:
        return None
    from mcpinstall.operations.audit_earlier import Earlier

    if not files and wanted.paths:  # nothing can be new in what is not there
        return None
    return Earlier(wanted.since, files, context)


def _file(file: ReadFile) -> AuditedFile:
    row = file.place.row
    return AuditedFile(
        path=file.shown,
        host=row.id if row else "",
        title=row.title if row else "unknown host",
        servers=_names(file),
    )


def _names(file: ReadFile) -> tuple[str, ...]:
    return tuple(told_name(server.name.text) for server in file.servers)


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
