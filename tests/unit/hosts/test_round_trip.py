"""Every row that is written: put in, read by a foreign parser, taken out, on each system."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import secrets
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import (
    add,
    config_path,
    find_rows,
    read,
    rendered,
    require_writable,
    table,
    take_out,
    why_not,
    write,
)
from mcpinstall.model.host import EnvironmentValue, HostRow, ServerEntry
from mcpinstall.system.machine import Machine
from tests.builders.host_facts import required
from tests.builders.host_formats import parse
from tests.builders.hosts import machine, no_chain, server

SYSTEMS = ("linux", "darwin", "win32")
WRITTEN = [row for row in table() if row.writable]
PLACES = [(row.id, system) for row in WRITTEN for system, _ in row.paths]
ENTRY = ServerEntry(
    name="ours",
    command="/opt/mcpi/bin/python",
    args=("-I", "a b", 'quote " and é'),
    env=(EnvironmentValue(name="LEVEL", value="info: # no"),),
)
OTHER = server("theirs", "-m", "theirs")


def place(row: HostRow, system: str, home: Path) -> tuple[Machine, Path]:
    """A machine of that system and the row's file on it, whose folder exists."""
    of_system = machine(home, system)
    path = config_path(row, of_system)
    path.parent.mkdir(parents=True, exist_ok=True)
    return of_system, path


def typical(row: HostRow) -> bytes:
    """A file with a server, a comment where the format has one, and Windows' ends of line."""
    text = rendered(row, OTHER)
    if row.format in ("toml", "yaml"):
        text = f"# mine\n{text}# and mine\n"
    elif row.format != "json":
        text = f"// mine\n{text.rstrip()} // and mine\n"
    return text.replace("\n", "\r\n").encode()


def servers(row: HostRow, content: bytes) -> dict[str, Any]:
    """The servers of a file by name, read by a parser that shares nothing with the package."""
    document = parse(row.format, content)
    found: Any = functools.reduce(lambda inner, key: inner[key], row.servers_key, document)
    return {one["name"]: one for one in found} if row.is_list else found


@pytest.mark.parametrize(("row_id", "system"), PLACES)
def test_an_entry_is_written_read_and_taken_out(row_id: str, system: str, tmp_path: Path) -> None:
    row = find_rows(row_id)
    of_system, path = place(row, system, tmp_path)

    for before in (None, b"", typical(row)):
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)
            os.utime(path, (0, 0))  # an empty one was not emptied by its host just now

        change = add(read(row, of_system), no_chain(row), ENTRY)
        write(change, tmp_path / "locks")
        written = servers(row, path.read_bytes())
        undone = take_out(read(row, of_system), change.chain_after, "ours")
        write(undone, tmp_path / "locks")

        assert list(written) == (["theirs", "ours"] if before else ["ours"])
        assert words(row, written["ours"]) == [ENTRY.command, *ENTRY.args]
        assert written["ours"][row.entry.env_key] == {"LEVEL": "info: # no"}
        assert (path.read_bytes() if path.exists() else None) == before


def words(row: HostRow, entry: dict[str, Any]) -> list[str]:
    """Command and arguments, however the host spells them."""
    command = entry[row.entry.command_key]
    first = command if isinstance(command, list) else [command]
    return [*first, *entry.get(row.entry.args_key, [])]


def test_an_entry_is_spelled_as_the_host_spells_it(shared_data: Path) -> None:
    facts = json.loads((shared_data / "hosts.json").read_text(encoding="utf-8"))
    shapes = {fact["id"]: required(fact) for fact in facts}

    for row in WRITTEN:
        assert example(row) == shapes[row.id], row.id


def example(row: HostRow) -> dict[str, Any]:
    """The entry that the facts have as their example, as this row writes it."""
    value = EnvironmentValue(name="API_KEY", value="<value>")
    if row.secret_style != "none":
        value = EnvironmentValue(name="API_KEY", reference="API_KEY")
    entry = ServerEntry(
        name="example", command="npx", args=("-y", "@scope/server@1.2.3"), env=(value,)
    )
    found: dict[str, Any] = servers(row, rendered(row, entry).encode())["example"]
    return found


@pytest.mark.parametrize("row", [row for row in table() if not row.writable], ids=lambda r: r.id)
def test_a_row_that_is_not_written_gives_the_text_to_paste(row: HostRow, tmp_path: Path) -> None:
    value = secrets.token_hex(8)
    secret = EnvironmentValue(name="KEY", value=value, secret=True)
    entry = dataclasses.replace(server("time"), env=(secret,))

    with pytest.raises(McpInstallError) as refused:
        require_writable(row, [entry], machine(tmp_path))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert row.why in refused.value.message
    assert refused.value.hint == row.paste
    assert "/opt/mcpi/bin/python" in refused.value.evidence
    assert value not in refused.value.evidence


@pytest.mark.parametrize(("row_id", "system"), PLACES)
def test_a_file_in_doubt_is_never_made(row_id: str, system: str, tmp_path: Path) -> None:
    row = find_rows(row_id)
    of_system, path = place(row, system, tmp_path)

    missing = why_not(row, of_system)
    path.write_bytes(b"")

    assert bool(missing) == (system in row.must_exist)
    assert why_not(row, of_system) == ""
