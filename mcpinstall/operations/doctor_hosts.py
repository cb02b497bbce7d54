"""`mcpi doctor`: every host's files, whoever wrote what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostRow
from mcpinstall.operations import doctor_entries, host_files, typed
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.trouble import Trouble, Unseen
from mcpinstall.system import files

_UNREADABLE = frozenset({ErrorCode.FILE_UNREADABLE, ErrorCode.DISK_FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The files of all hosts on this machine, and what is wrong with them."""

    files: tuple[hosts.SeenFile, ...]
    troubles: tuple[Trouble, ...]
    unseen: tuple[Unseen, ...]


def look(context: Context, told: Collection[Path] = ()) -> Looked:
    """Return what stands in the hosts' files, with those of the working directory's project.

    `told` are folders of servers of which it was told already that they start nothing.
    """
    seen: list[hosts.SeenFile] = []
    troubles: list[Trouble] = []
    unseen: list[Unseen] = []
    for row in hosts.table():
        if not hosts.runs_on(row, context.machine):
            continue
        try:
            found = _others(hosts.survey(row, context.machine), seen)
            troubles += _row_troubles(row, found, context)
        except McpInstallError as error:
            troubles.append(_refused(row, error))
            continue
        seen += found
        unseen += [
            _unseen(one, one.problem) for one in found if one.problem and _is_unreadable(one)
        ]
    for one in seen:
        troubles += _file_troubles(one, seen)
        troubles += doctor_entries.commands(one, context, told)
    troubles += doctor_entries.shadowed(seen)
    return Looked(files=tuple(seen), troubles=tuple(troubles), unseen=tuple(unseen))


def _others(
    found: Sequence[hosts.SeenFile], seen: Sequence[hosts.SeenFile]
) -> tuple[hosts.SeenFile, ...]:
    """Leave out what was seen already: in the home folder, a project's file is the user's own."""
    known = {(one.row.product, one.row.servers_key, one.target) for one in seen}
    return tuple(
        one for one in found if (one.row.product, one.row.servers_key, one.target) not in known
    )


def _is_unreadable(seen: hosts.SeenFile) -> bool:
    return seen.problem is not None and seen.problem.code in _UNREADABLE


def _unseen(seen: hosts.SeenFile, problem: McpInstallError) -> Unseen:
    return Unseen(subject=f"{seen.row.title}: `{seen.path}`", error=problem)


def _refused(row: HostRow, error: McpInstallError) -> Trouble:
    return Trouble(kind=Kind.FILE_REFUSED, subject=row.title, message=error.message, fix=error.hint)


# A file by itself ------------------------------------------------------------------------------


def _file_troubles(seen: hosts.SeenFile, others: Sequence[hosts.SeenFile]) -> Iterator[Trouble]:
    row = seen.row
    if seen.problem is not None and not _is_unreadable(seen) and _is_read(row):
        yield _about(
            seen, Kind.FILE_INVALID, seen.problem.message, seen.problem.hint or "correct it"
        )
    if seen.exposed is not None and (seen.servers or row.writable):
        yield _about(
            seen,
            Kind.FILE_OPEN,
            f"other users can write to `{seen.exposed}`, and so choose what {row.title} starts",
            _closed(seen.exposed),
        )
    if seen.has_bom and row.bom == "reject":
        yield _about(
            seen,
            Kind.BYTE_ORDER_MARK,
            f"the file begins with a byte-order mark: {row.title} rejects it as a whole",
            "save it as UTF-8 without BOM; `mcpi install` does that with `--strip-bom`",
        )
    read_here = {".".join(one.row.servers_key) for one in others if one.path == seen.path}
    for key in seen.misplaced:
        if key not in read_here and _is_read(row):
            yield _about(
                seen,
                Kind.WRONG_KEY,
                f"servers stand below `{key}`, where {row.title} does not look",
                f"move them below `{'.'.join(row.servers_key)}`, spelled as {row.title} does",
            )


def _closed(path: Path) -> str:
    """Return how others are kept from writing to a file or folder."""
    command = typed.command("chmod", "go-w", str(path))
    return f"`{command}`" if command else "take from others the permission to write there"


def _is_read(row: HostRow) -> bool:
    """Tell whether the row's own form of a file is known well enough to call a file wrong."""
    return row.writable or row.scope != "user" or bool(row.successor)


def _about(seen: hosts.SeenFile, kind: Kind, message: str, fix: str, entry: str = "") -> Trouble:
    return Trouble(
        kind=kind, subject=seen.row.title, message=message, fix=fix, path=seen.path, entry=entry
    )


# A host's files together -----------------------------------------------------------------------


def _row_troubles(
    row: HostRow, found: Sequence[hosts.SeenFile], context: Context
) -> Iterator[Trouble]:
    yield from _ambiguous(row, found, context)
    yield from _old(row, found, context)
    yield from _inert(row, found, context)
    for one in hosts.unread(row, context.machine):
        yield Trouble(
            kind=Kind.WRONG_FILE,
            subject=row.title,
            message=f"servers stand below `{one.keys[0]}` in a file that it does not read",
            fix=f"move them to the file of `--host {row.product}`, which `mcpi hosts --all` names",
            path=one.path,
        )


def _ambiguous(
    row: HostRow, found: Sequence[hosts.SeenFile], context: Context
) -> Iterator[Trouble]:
    """Yield that nobody can tell which of several files the host reads."""
    if not row.writable or len(found) < 2 or host_files.written(row, context):
        return
    if not row.programs:  # an extension: each editor reads its own copy
        return
    try:
        hosts.config_path(row, context.machine)
    except McpInstallError as error:
        if error.code is not ErrorCode.HOST_AMBIGUOUS:
            raise
        yield Trouble(
            kind=Kind.FILE_AMBIGUOUS, subject=row.title, message=error.message, fix=error.hint,
            path=found[0].path,
        )  # fmt: skip


def _old(row: HostRow, found: Sequence[hosts.SeenFile], context: Context) -> Iterator[Trouble]:
    """Yield the files of a former version in which servers are left behind."""
    left = [one for one in found if one.servers]
    if not left or not row.successor or not _is_left_behind(row, context):
        return
    new = hosts.find_rows(row.successor)
    for one in left:
        names = ", ".join(f"`{server.name}`" for server in one.servers)
        yield _about(
            one,
            Kind.OLD_LOCATION,
            f"{new.title} does not read this file any more: {names}",
            f"add them to {new.title} if they are missing there (`mcpi install NAME --host "
            f"{new.product}`), then delete them here",
        )


def _is_left_behind(row: HostRow, context: Context) -> bool:
    """Tell whether the version that read this file is not what runs here."""
    if not row.writable:
        return True
    if row.superseded:
        return bool(hosts.why_not(row, context.machine))
    if row.programs or row.applications:
        return not hosts.is_installed(row, context.machine)
    successor = hosts.candidates(hosts.find_rows(row.successor), context.machine)
    return any(map(files.exists, successor))


def _inert(row: HostRow, found: Sequence[hosts.SeenFile], context: Context) -> Iterator[Trouble]:
    """Yield the files that a host passes over for another one's sake."""
    filled = [one for one in found if one.servers]
    if not filled or row.successor:
        return
    why = hosts.why_not(row, context.machine) if row.writable and row.superseded else ""
    if why and row.superseded:
        instead = row.superseded.instead
        for one in filled:
            yield _about(
                one, Kind.ENTRY_INERT, f"its servers start nowhere: {why}",
                f"install them with `--host {instead}`",
            )  # fmt: skip
    for path in hosts.managed(row, context.machine):
        yield _about(
            filled[0],
            Kind.ENTRY_INERT,
            f"`{path}` is set by an administrator, and may keep {row.title} from starting them",
            "ask who administers this machine which servers are allowed",
        )
    if row.path_pick == "first-existing" and not row.merges:
        for one in filled:
            if one is not found[0]:
                yield _about(
                    one,
                    Kind.ENTRY_INERT,
                    f"{row.title} reads `{found[0].path}` instead",
                    "move its servers there, or delete the file that is not meant",
                )
