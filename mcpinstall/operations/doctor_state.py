"""`mcpi doctor`: mcpinstall's own state: an unfinished change, leftovers, locks, the cache."""

from __future__ import annotations

import contextlib
import functools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall import hosts, registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostRow
from mcpinstall.operations import cache, configuration, typed
from mcpinstall.operations.cache import CacheSize
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.trouble import Trouble
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where state lies, and what is wrong with it."""

    data: Path
    cache: CacheSize
    busy: bool
    """Another mcpinstall is at work right now."""
    troubles: tuple[Trouble, ...]


def look(context: Context) -> State:
    """Return what there is; nothing is taken back or swept."""
    busy, troubles = _lock(context)
    troubles += _clock(context)
    troubles += _records(context)
    if not busy:
        troubles += [*_unfinished(context), *_leftovers(context)]
    return State(
        data=context.paths.data,
        cache=cache.size(context),
        busy=busy,
        troubles=tuple(troubles),
    )


def damaged(error: McpInstallError) -> Trouble:
    """Return that a record of ours can't be read."""
    return Trouble(
        kind=Kind.RECORD_DAMAGED,
        subject="mcpinstall",
        message=error.message,
        fix=error.hint,
        entry=error.message,
    )


def _clock(context: Context) -> Iterator[Trouble]:
    """Yield that this machine's clock stands before a time that was seen earlier."""
    seen = registries.latest(context.paths)
    if context.now < seen:
        yield Trouble(
            kind=Kind.CLOCK_BEHIND,
            subject="mcpinstall",
            message=f"this machine's clock stands before {seen:%Y-%m-%d %H:%M} UTC, which was "
            "seen earlier; that later time counts where something has expired",
            fix="set the clock; where it is right and was wrong before, delete the records in "
            f"`{context.paths.registries}`",
            path=context.paths.registries,
        )


def _records(context: Context) -> Iterator[Trouble]:
    """Yield what can't be read of configuration and records, and entries without a receipt."""
    store = ReceiptStore(context.paths)
    titles: dict[str, list[str]] = defaultdict(list)

    def chain(row: HostRow) -> None:
        for name in store.chain(row.id).names:
            titles[name].append(row.title)

    readings: list[Callable[[], object]] = [
        lambda: configuration.configured(context),
        store.history,
        *(functools.partial(chain, row) for row in hosts.table()),
    ]
    for reading in readings:
        try:
            reading()
        except McpInstallError as error:
            yield damaged(error)
    with contextlib.suppress(McpInstallError):  # (the look at the servers tells it)
        known = {one.entry_name for one in store.receipts()}
        yield from (_forgotten(name, rows) for name, rows in titles.items() if name not in known)


def _forgotten(name: str, titles: Sequence[str]) -> Trouble:
    return Trouble(
        kind=Kind.RECORD_GONE,
        subject=name,
        message=f"mcpinstall wrote this entry of {', '.join(titles)}, and has no receipt of it "
        "any more",
        fix=f"install the server again under that name (`mcpi install NAME --as {name}`): what is "
        "in place stays, and gets its receipt",
        entry=name,
    )


def _lock(context: Context) -> tuple[bool, list[Trouble]]:
    """Tell whether somebody holds the lock of all changes, and whether there can be one."""
    path = context.paths.lock
    if not path.exists():
        return False, []
    try:
        with files.locked(path, seconds=0):
            return False, []
    except McpInstallError as error:
        if error.code is ErrorCode.STATE_BUSY:
            return True, []
        return False, [
            Trouble(
                kind=Kind.NO_LOCKS,
                subject="mcpinstall",
                message=f"changes nothing here: {error.message}",
                fix=error.hint.removesuffix("; nothing was changed"),
                path=path,
            )
        ]


def _unfinished(context: Context) -> Iterator[Trouble]:
    store = ReceiptStore(context.paths)
    try:
        record = store.journal()
    except McpInstallError as error:
        yield damaged(error)
        return
    if record is not None and not store.is_finished(record.id):
        names = ", ".join(f"`{name}`" for name in record.entries)
        yield Trouble(
            kind=Kind.CHANGE_UNFINISHED,
            subject="mcpinstall",
            message=f"the change `{record.id}` ({record.action} of {names}) did not end",
            fix="`mcpi list` takes it back, as any other command but this one does",
            path=context.paths.history,
        )


def _leftovers(context: Context) -> Iterator[Trouble]:
    """Yield what processes that died left beside hosts' files."""
    for row in hosts.table():
        if row.writable and hosts.runs_on(row, context.machine):
            yield from _beside(_files_of(row, context))


def _files_of(row: HostRow, context: Context) -> tuple[Path, ...]:
    """Return the files that could be a host's; none where a variable names none."""
    try:
        return hosts.candidates(row, context.machine)
    except McpInstallError:
        return ()


def _beside(paths: tuple[Path, ...]) -> Iterator[Trouble]:
    for path in paths:
        left = files.temporary_beside(path)
        if left:
            yield Trouble(
                kind=Kind.LEFTOVERS,
                subject="mcpinstall",
                message=f"{_count(left)} of a write that died beside `{path}`",
                fix=_deleted(left),
                path=path,
                entry=str(left[0]),
            )


def _count(left: Sequence[Path]) -> str:
    return "a temporary file" if len(left) == 1 else f"{len(left)} temporary files"


def _deleted(left: Sequence[Path]) -> str:
    command = typed.command("rm", *map(str, left))
    return f"`{command}` deletes what is left" if command else "delete what is left"
