"""The screens of the commands that only look.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.cli import words
from mcpinstall.cli.layout import (
    BLANK,
    CONTINUED,
    Line,
    Screen,
    Segment,
    Tone,
    broken,
    cells,
    fields,
    line,
    padded,
    table,
    wrapped,
)
from mcpinstall.model.host import SecretPlace

if TYPE_CHECKING:
    from mcpinstall.errors import McpInstallError
    from mcpinstall.model.receipt import HistoryRecord
    from mcpinstall.model.registry import IndexRow
    from mcpinstall.operations.installed import Installed
    from mcpinstall.operations.inventory import HostState
    from mcpinstall.operations.secret_store import SecretState

_WIDE = 120  # columns from which four of them stand side by side


def installed(rows: Sequence[Installed], width: int) -> Screen:
    """Return installed entries: name, version, hosts, state."""
    return table(
        ("name", "version", "hosts", "state"),
        [
            (
                Segment(row.receipt.entry_name, Tone.STRONG),
                row.receipt.version,
                ", ".join(map(words.host, row.receipt.hosts)) or "none",
                _state(row),
            )
            for row in rows
        ],
        width,
    )


def _state(row: Installed) -> Segment:
    if row.withdrawal is None:
        kept = f", {row.receipt.hold.value}" if row.receipt.hold else ""
        return Segment(f"{row.state}{kept}", Tone.GOOD if row.state == "ok" else Tone.WARN)
    also = "" if row.state == "ok" else f"; {row.state}"
    return Segment(f"REVOKED: {row.withdrawal.reason} ({row.withdrawal.date}){also}", Tone.BAD)


def secrets(states: Sequence[SecretState], width: int) -> Screen:
    """Return secrets: entry, name, host, and where each one is; never a secret."""
    return table(
        ("entry", "secret", "host", "where it is"),
        [
            (
                Segment(state.entry_name, Tone.STRONG),
                state.name,
                words.host(state.row_id) if state.row_id else "none",
                _where(state),
            )
            for state in states
        ],
        width,
    )


def _where(state: SecretState) -> Segment:
    if state.place is SecretPlace.VARIABLE:
        return Segment(f"your variable {state.reference}")
    if state.place is SecretPlace.HOST:
        return Segment("the host keeps it")
    if state.place is SecretPlace.CLEAR:
        return Segment("in CLEAR TEXT in the host's file", Tone.WARN)
    if state.stored is None:
        return Segment("the keyring, which does not answer", Tone.WARN)
    if state.stored:
        return Segment("the keyring", Tone.GOOD)
    return Segment("MISSING in the keyring", Tone.BAD)


def servers(rows: Sequence[IndexRow], width: int) -> Screen:
    """Return what a search found, with the name to install by first."""
    if width >= _WIDE:
        return table(
            ("name", "version", "full name", "summary"),
            [(Segment(r.alias or r.name, Tone.STRONG), r.version, r.name, r.summary) for r in rows],
            width,
        )
    return tuple(shown for row in rows for shown in _server(row, width))


def not_searched(name: str, error: McpInstallError, width: int) -> Screen:
    """Return that a registry is not among those whose servers are shown, and why."""
    text = f"not searched: the registry `{name}` ({error.code}): {error.message}"
    return wrapped(text, width, CONTINUED, Tone.WARN)


def _server(row: IndexRow, width: int) -> Screen:
    title = f"{row.alias or row.name} {row.version}"
    (first,), *rest = wrapped(f"{title} — {row.summary}", width, CONTINUED)
    bold, faint = first.text[: len(title)], first.text[len(title) :]
    full = broken(row.name, width, "  ", Tone.NAME) if row.alias else ()
    return ((Segment(bold, Tone.STRONG), Segment(faint)), *rest, *full)


def hosts(states: Sequence[HostState], home: Path, width: int) -> Screen:
    """Return hosts: id, whether the program is found, our servers, the file or why not."""
    return table(
        ("host", "program", "servers", "ours", "file"),
        [
            (
                Segment(words.host(state.row.id), Tone.STRONG if state.found else Tone.PLAIN),
                "found" if state.found else "not found",
                str(len(state.servers)) if state.exists and state.problem is None else "-",
                ", ".join(state.ours) or "-",
                _file(state, home),
            )
            for state in states
        ],
        width,
    )


def host_details(states: Sequence[HostState], home: Path, width: int) -> Screen:
    """Return what a person does with each host: where its file is refused, and after a change."""
    rows: list[Line] = []
    for state in states:
        rows += [BLANK, line(Segment(state.row.title, Tone.STRONG))]
        rows += wrapped(f"  --host  {words.host(state.row.id)}", width, CONTINUED)
        if state.path is not None:
            rows += broken(f"file    {words.path(state.path, home)}", width, "  ", Tone.NAME)
        for path in state.choices:
            rows += broken(f"or      {words.path(path, home)}", width, "  ", Tone.NAME)
        written = "yes" if state.writable else f"no: {state.problem or state.why_not}"
        rows += wrapped(f"  written {written}", width, CONTINUED)
        if state.advice:
            rows += wrapped(f"  do      {state.advice}", width, CONTINUED)
        if state.writable:
            rows += wrapped(f"  after   {state.row.reload}", width, CONTINUED)
    return tuple(rows)


def _file(state: HostState, home: Path) -> Segment:
    if state.problem is not None:
        return Segment(state.problem, Tone.WARN)
    if state.why_not:
        return Segment(f"not written, `--print` only: {state.why_not}", Tone.WARN)
    path = words.path(state.path, home) if state.path else "not known"
    facts = [state.row.status] if state.row.status != "active" else []
    facts += [] if state.exists else ["no such file yet"]
    return Segment(f"{path} ({', '.join(facts)})" if facts else path)


def history(records: Sequence[HistoryRecord], undone: Collection[str], width: int) -> Screen:
    """Return finished changes, newest first."""
    return table(
        ("id", "when", "change", "servers"),
        [
            (
                Segment(record.id, Tone.STRONG),
                words.record_time(record.id),
                f"{record.action} (taken back)" if record.id in undone else record.action,
                ", ".join(words.touched(record)),
            )
            for record in records
        ],
        width,
    )


def welcome(
    rows: Sequence[Installed], states: Sequence[HostState], home: Path, width: int
) -> Screen:
    """Return what `mcpi` alone says: what is installed, found, and next."""
    found = [state for state in states if state.found]
    lines: list[Line] = [line(Segment("Installed", Tone.STRONG))]
    if rows:
        lines += [(Segment("  "), *row) for row in installed(rows, width - 2)]
    else:
        lines.append(line("  nothing yet"))
    lines += [BLANK, line(Segment("Hosts on this machine", Tone.STRONG))]
    room = max((cells(state.row.title) for state in found), default=0)
    for state in found:
        title = padded(state.row.title, room)
        lines += wrapped(f"  {title}  {_file(state, home).text}", width, "    ")
    if not found:
        lines.append(line("  none found"))
    lines += [BLANK, line(Segment("Next", Tone.STRONG))]
    return (*lines, *_next(rows, found, width))


def _next(rows: Sequence[Installed], found: Sequence[HostState], width: int) -> Screen:
    revoked = [row.receipt.entry_name for row in rows if row.withdrawal is not None]
    broken = [r.receipt.entry_name for r in rows if r.state != "ok" and r.withdrawal is None]
    steps = [("mcpi search TEXT", "find a server"), ("mcpi --help", "every command")]
    if revoked:
        steps.insert(0, (f"mcpi uninstall {revoked[0]}", "its registry revoked it"))
    elif broken:
        steps.insert(0, (f"mcpi reinstall {broken[0]}", "build its environment again"))
    elif rows:
        steps.insert(0, ("mcpi verify", "check what is installed"))
    else:
        steps.insert(0, ("mcpi install time", "a first server: it tells the time"))
    if any(state.problem for state in found):
        steps.insert(1, ("mcpi doctor", "say what is wrong with a host's file"))
    elif any({one.name for one in state.servers} - {*state.ours} for state in found):
        steps.insert(1, ("mcpi audit", "say what is unsafe in what hosts start today"))
    room = max(len(command) for command, _ in steps)
    return tuple(
        row
        for command, what in steps
        for row in fields(
            [Segment(f"  {padded(command, room)}", Tone.NAME), Segment(what)], width, "    "
        )
    )
