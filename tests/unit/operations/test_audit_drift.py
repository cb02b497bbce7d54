"""What mcpinstall writes into a host's file is no drift as the auditor reads it, in any host."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.hosts import as_written, differing_keys, insert, table
from mcpinstall.hosts.audit_places import Place
from mcpinstall.hosts.tolerant import at
from mcpinstall.hosts.value_edits import edited
from mcpinstall.model.audited import FileScope
from mcpinstall.model.host import EnvironmentValue, HostRow, ServerEntry
from mcpinstall.model.value_edit import turned
from mcpinstall.operations.audit_files import ReadFile, of_bytes
from mcpinstall.system.machine import Machine

Change: TypeAlias = Callable[[dict[str, Any], HostRow], None]
ENTRY = ServerEntry(
    name="clock", command="/home/me/.local/share/mcpinstall/servers/clock/current/bin/python",
    args=("-I", "-B", "-X", "utf8", "/home/me/\u00e9t\u00e9/start.py", "--zone", "UTC"),
    env=(EnvironmentValue(name="LEVEL", value="gr\u00fcn"),),
)  # fmt: skip
OTHER = ServerEntry(name="clock", command=ENTRY.command, args=("-c", "evil"), env=ENTRY.env)


def written(row: HostRow) -> bytes | None:
    try:
        return insert(None, row, ENTRY).apply(b"")
    except McpInstallError:
        return None


ROWS = [row for row in table() if row.servers_key and written(row) is not None]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_was_written_is_read_as_it_was_written(row: HostRow, home: Path) -> None:
    data = written(row)
    assert data is not None
    place = Place(row=row, path=home / "x", scope=FileScope.USER)
    file = of_bytes(data, place, "x", Machine.current())
    assert isinstance(file, ReadFile)
    (server,) = [one for one in file.servers if one.name.text == ENTRY.name]

    value = at(file.document.value, server.pointer)

    assert isinstance(value, dict)
    assert differing_keys(value, row, ENTRY) == ()
    assert differing_keys(value, row, OTHER) != ()


def test_most_hosts_are_among_them() -> None:
    assert len(ROWS) > 60


# What `audit --fix` writes again ------------------------------------------------------------------


def changed(data: bytes, row: HostRow, change: Change) -> bytes:
    """Return a file whose entry somebody changed by hand, in the file's own style."""
    file = _read(data, row)
    (server,) = file.servers
    value = at(file.document.value, server.pointer)
    assert isinstance(value, dict)
    after = copy.deepcopy(value)
    change(after, row)
    return edited(data, file.place.dialect, tuple(turned(server.pointer, value, after)))


def another_argument(entry: dict[str, Any], row: HostRow) -> None:
    words = entry[row.entry.args_key if row.entry.args_key in entry else row.entry.command_key]
    words[-1] = "--evil"


def one_argument_more(entry: dict[str, Any], row: HostRow) -> None:
    words = entry[row.entry.args_key if row.entry.args_key in entry else row.entry.command_key]
    words.append("--evil")


def one_argument_less(entry: dict[str, Any], row: HostRow) -> None:
    words = entry[row.entry.args_key if row.entry.args_key in entry else row.entry.command_key]
    del words[2:4]


def another_program(entry: dict[str, Any], row: HostRow) -> None:
    command = entry[row.entry.command_key]
    if isinstance(command, list):
        command[0] = "/bin/sh"
    else:
        entry[row.entry.command_key] = "/bin/sh"


def another_variable(entry: dict[str, Any], row: HostRow) -> None:
    entry[row.entry.env_key]["LEVEL"] = "other"


def one_variable_more(entry: dict[str, Any], row: HostRow) -> None:
    entry[row.entry.env_key]["PYTHONPATH"] = "/evil"


CHANGES = (
    another_argument, one_argument_more, one_argument_less, another_program, another_variable,
    one_variable_more,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_changed_entry_is_written_again_as_it_was(
    row: HostRow, change: Change, home: Path
) -> None:
    data = written(row)
    assert data is not None
    found = changed(data, row, change)
    file = _read(found, row)
    (server,) = file.servers
    value = at(file.document.value, server.pointer)
    assert isinstance(value, dict)
    keys = differing_keys(value, row, ENTRY)
    assert keys

    wanted = value | as_written(value, row, ENTRY, keys)
    again = edited(found, file.place.dialect, tuple(turned(server.pointer, value, wanted)))

    assert _entry(again, row) == _entry(data, row)
    if change in (another_argument, another_program, another_variable, one_variable_more):
        assert again == data


def _read(data: bytes, row: HostRow) -> ReadFile:
    place = Place(row=row, path=Path("/x"), scope=FileScope.USER)
    file = of_bytes(data, place, "x", Machine.current())
    assert isinstance(file, ReadFile)
    return file


def _entry(data: bytes, row: HostRow) -> object:
    file = _read(data, row)
    (server,) = file.servers
    return at(file.document.value, server.pointer)
