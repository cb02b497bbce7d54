"""What mcpinstall writes into a host's file is no drift as the auditor reads it, in any host."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.hosts import differing_keys, insert, table
from mcpinstall.hosts.audit_places import Place
from mcpinstall.hosts.tolerant import at
from mcpinstall.model.audited import FileScope
from mcpinstall.model.host import EnvironmentValue, HostRow, ServerEntry
from mcpinstall.operations.audit_files import ReadFile, of_bytes
from mcpinstall.system.machine import Machine

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
