"""A file of a host as the auditor has it: its servers, what is known beside them, its places."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePath

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import audited, tolerant
from mcpinstall.hosts.audit_places import Place, guessed_dialect, named
from mcpinstall.hosts.forms import ScanError
from mcpinstall.hosts.table import table
from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.host import HostRow
from mcpinstall.rules.audit.file_facts import (
    Ambiguity,
    Ambiguous,
    FileFacts,
    Owner,
    PathFacts,
    Tracking,
)
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.system import git_tracking, limits
from mcpinstall.system.files import read_bounded
from mcpinstall.system.machine import Machine
from mcpinstall.system.permissions import is_closed_group

_LARGEST_PORT = 65_535
_MOST_AMBIGUOUS = 1_000  # places of one file that are told of


@dataclass(kw_only=True)
class ReadFile:
    """One file that could be read."""

    place: Place
    shown: str
    """Its path as findings name it."""
    document: tolerant.Tolerant
    servers: tuple[AuditedServer, ...]
    facts: FileFacts
    ways: tuple[audited.Tokens, ...] = field(default=())
    """Where its servers stand."""


def shown(path: Path, machine: Machine) -> str:
    """Return a path as findings name it: relative to where we are, else with `~`."""
    if path.is_relative_to(machine.cwd) and machine.cwd != machine.home:
        return path.relative_to(machine.cwd).as_posix()
    if path.is_relative_to(machine.home):
        return f"~/{path.relative_to(machine.home).as_posix()}"
    return path.as_posix()


def absolute(name: str, machine: Machine) -> Path:
    """Return the path that `shown` made a name of."""
    return machine.home / name[2:] if name.startswith("~/") else machine.cwd / name


def read(place: Place, machine: Machine) -> ReadFile | Unchecked:
    """Return what stands in a file of the table, or why that can't be told."""
    name = shown(place.path, machine)
    if place.problem:
        return Unchecked(subject=name, code=ErrorCode.HOST_PATH_REFUSED, message=place.problem)
    try:
        data = read_bounded(place.path, limits.HOST_FILE_BYTES)
    except McpInstallError as error:
        return Unchecked(subject=name, code=error.code, message=error.message, hint=error.hint)
    return of_bytes(data, place, name, machine)


def read_named(path: Path, machine: Machine) -> ReadFile | Unchecked:
    """Return the same of a file that the person named; its host is told by name and content."""
    name = shown(path, machine)
    try:
        data = read_bounded(path, limits.HOST_FILE_BYTES)
    except McpInstallError as error:
        return Unchecked(subject=name, code=error.code, message=error.message, hint=error.hint)
    try:
        document = tolerant.read(data, guessed_dialect(path))
    except ScanError as error:
        return _unread(name, data, error)
    place = named(path, machine, document.value)
    if place.dialect is not document.dialect:
        return of_bytes(data, place, name, machine)
    return _of_document(document, place, name, machine)


def of_bytes(data: bytes, place: Place, name: str, machine: Machine) -> ReadFile | Unchecked:
    """Return the same of bytes, such as those of standard input."""
    try:
        document = tolerant.read(data, place.dialect)
    except ScanError as error:
        return _unread(name, data, error)
    return _of_document(document, place, name, machine)


def _of_document(
    document: tolerant.Tolerant, place: Place, name: str, machine: Machine
) -> ReadFile | Unchecked:
    try:
        return _read_file(document, place, name, machine)
    except RecursionError:
        return _unread(name, document.data, ScanError("it nests too deeply", -1))


def _read_file(
    document: tolerant.Tolerant, place: Place, name: str, machine: Machine
) -> ReadFile | Unchecked:
    row = place.row
    ways = () if place.is_settings else audited.ways(document.value, row)
    if not isinstance(document.value, dict) and () not in ways:
        return _unread(name, document.data, ScanError("the document is not an object", 0))
    problem = "" if place.is_settings else _no_servers(document.value, ways, place)
    if problem:
        return _unread(name, document.data, ScanError(problem, -1))
    reader = audited.Reader(row=row, scope=place.scope)
    servers = tuple(
        _unwrapped(server) for way in ways for server in reader.servers(document.value, way)
    )
    facts = _facts(document, place, ways, machine)
    return ReadFile(
        place=place, shown=name, document=document, servers=servers, facts=facts, ways=ways
    )


def _no_servers(document: object, ways: tuple[audited.Tokens, ...], place: Place) -> str:
    """Return what is wrong where servers belong; in a host's own file they may be absent."""
    if place.row is None and not ways:
        return "it holds no servers in any place where a host looks for them"
    for way in ways:
        found = audited.follow(document, way)
        if found is not None and not isinstance(found, (dict, list)):
            return f"`{'.'.join(way)}` holds no servers but a single value"
    return ""


def _unwrapped(server: AuditedServer) -> AuditedServer:
    found = unwrap(server.argv)
    return replace(
        server,
        launch=found.launch,
        wrappers=found.wrappers,
        variables=(*server.variables, *found.variables),
        url=server.url or found.url,
    )


def _facts(
    document: tolerant.Tolerant, place: Place, ways: tuple[audited.Tokens, ...], machine: Machine
) -> FileFacts:
    value = tolerant.as_json(document.value)
    return FileFacts(
        host=place.row.id if place.row else "",
        scope=place.scope,
        paths=_paths(place.path, machine),
        tracking=_tracking(place.path),
        ambiguous=tuple(_ambiguous(document, ways)),
        unread_keys=audited.misplaced(document.value, (*ways, *_of_product(place))),
        settings=value if isinstance(value, dict) else {},
    )


def _of_product(place: Place) -> tuple[audited.Tokens, ...]:
    """Return where other rows of the same product have servers: they may share the file."""
    if place.row is None:
        return audited.WAYS
    return tuple(
        one.servers_key
        for one in table()
        if one.product == place.row.product and place.path.name in _names(one)
    )


def _names(row: HostRow) -> frozenset[str]:
    """Return what a row's file may be called."""
    return frozenset(PurePath(one).name for _, templates in row.paths for one in templates)


def _tracking(path: Path) -> Tracking:
    """Return how git sees a file; standard input has no path."""
    return Tracking(git_tracking.tracking(path)) if path.name else Tracking.UNKNOWN


def _ambiguous(
    document: tolerant.Tolerant, ways: tuple[audited.Tokens, ...]
) -> Iterator[Ambiguous]:
    """Yield what two programs read differently, on the way to servers and in them."""
    found: dict[str, Ambiguity] = {}
    for way in ways:
        for length in range(len(way)):
            for pointer in document.repeated(way[:length], deep=False):
                found.setdefault(pointer, Ambiguity.DUPLICATE_KEY)
        for pointer in document.repeated(way, deep=True):
            found.setdefault(pointer, Ambiguity.DUPLICATE_KEY)
        for pointer in _other_spellings(document.value, way):
            found.setdefault(pointer, Ambiguity.TWO_ROOTS)
        for pointer, kind in _odd_numbers(audited.follow(document.value, way), way):
            found.setdefault(pointer, kind)
    for pointer, kind in islice(found.items(), _MOST_AMBIGUOUS):
        yield Ambiguous(kind=kind, pointer=pointer)


def _other_spellings(document: object, way: audited.Tokens) -> Iterator[str]:
    """Yield root keys that are the servers' key in other letters, beside it."""
    keys = document if isinstance(document, dict) else {}
    if way and way[0] in keys:
        for key in keys:
            if key != way[0] and str(key).lower() == way[0].lower():
                yield tolerant.pointer_of((str(key),))


def _odd_numbers(found: object, way: audited.Tokens) -> Iterator[tuple[str, Ambiguity]]:
    """Yield numbers that are none in JSON, or that another parser can't hold."""
    pending: list[tuple[object, audited.Tokens]] = [(found, way)]
    while pending:
        value, here = pending.pop()
        if isinstance(value, float) and not math.isfinite(value):
            kind = Ambiguity.NOT_A_NUMBER if math.isnan(value) else Ambiguity.OVERFLOW
            yield tolerant.pointer_of(here), kind
        elif isinstance(value, int) and not isinstance(value, bool):
            port = here[-1:] and here[-1].lower() == "port"
            if abs(value) >= 1 << 53 or (port and value > _LARGEST_PORT):
                yield tolerant.pointer_of(here), Ambiguity.OVERFLOW
        elif isinstance(value, dict):
            pending += [(inner, (*here, str(key))) for key, inner in value.items()]
        elif isinstance(value, list):
            pending += [(inner, (*here, str(n))) for n, inner in enumerate(value)]


def _paths(path: Path, machine: Machine) -> tuple[PathFacts, ...]:
    """Return modes of the file, its link's target, and the folders above up to the home."""
    if os.name != "posix" or not path.name:
        return ()
    real = Path(os.path.realpath(path))
    above = [
        folder
        for one in dict.fromkeys((path, real))
        for folder in one.parents
        if folder == machine.home or folder.is_relative_to(machine.home)
    ]
    facts = (_path_facts(one, machine) for one in dict.fromkeys((path, real, *above)))
    return tuple(one for one in facts if one is not None)


def _path_facts(path: Path, machine: Machine) -> PathFacts | None:
    try:
        found = path.stat()
    except OSError:
        return None
    owner = {os.geteuid(): Owner.SELF, 0: Owner.ROOT}.get(found.st_uid, Owner.OTHER)
    return PathFacts(
        path=shown(path, machine),
        mode=stat.S_IMODE(found.st_mode) & 0o1777,
        owner=owner,
        is_folder=stat.S_ISDIR(found.st_mode),
        is_own_group=is_closed_group(found),
    )


def _unread(name: str, data: bytes, error: ScanError) -> Unchecked:
    where = ""
    if error.offset >= 0:
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        before = text[: error.offset]
        line, column = before.count("\n") + 1, error.offset - (before.rfind("\n") + 1) + 1
        where = f"line {line}, column {column}: "
    return Unchecked(
        subject=name,
        code=ErrorCode.HOST_CONFIG_INVALID,
        message=f"could not read it: {where}{error.message}",
        hint="its host may read it otherwise; repair it, then audit it again",
    )
