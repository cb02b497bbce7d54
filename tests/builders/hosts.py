"""Host files, machines and entries for tests."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from mcpinstall.hosts import find_rows
from mcpinstall.model.host import (
    Chain,
    EntryShape,
    Format,
    HostFile,
    HostRow,
    SecretStyle,
    ServerEntry,
)
from mcpinstall.system.machine import Machine

CURSOR = "cursor-user"
"""Strict JSON, `mcpServers`."""
GEMINI = "gemini-cli-user"
"""JSON with comments, no trailing commas."""
VSCODE = "vscode-user"
"""JSON with comments and trailing commas, `servers`."""
CODEX = "codex-user"
"""TOML."""


def server(name: str = "time", *args: str) -> ServerEntry:
    """An entry without environment."""
    return ServerEntry(name=name, command="/opt/mcpi/bin/python", args=args or ("-I", "start.py"))


def ad_hoc_row(dialect: Format, servers_key: tuple[str, ...], *, is_list: bool = False) -> HostRow:
    """A row of a dialect, for any file; in a list, servers have a `name`."""
    return dataclasses.replace(
        find_rows(CURSOR),
        id=f"ad-hoc-{dialect}",
        format=dialect,
        servers_key=servers_key,
        is_list=is_list,
        entry=EntryShape(name_key="name" if is_list else None),
        secret_style=SecretStyle.NONE,
        secret_template=None,
    )


def host_file(row: HostRow | str, content: bytes | str | None) -> HostFile:
    """A file as if it had been read."""
    row = find_rows(row) if isinstance(row, str) else row
    data = content.encode() if isinstance(content, str) else content
    path = Path("/home/ann/config")
    return HostFile(row=row, path=path, target=path, content=data)


def no_chain(row: HostRow | str) -> Chain:
    """A chain without entries."""
    return Chain(row_id=row if isinstance(row, str) else row.id)


def machine(home: Path, platform: str = "linux", **environ: str) -> Machine:
    """A machine with that home and nothing but these variables."""
    return Machine(platform=platform, home=home, environ=environ, cwd=home)


def program(folder: Path, name: str) -> Path:
    """An executable file of that name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def put(path: Path, document: object) -> Path:
    """Write a host's file as its user or its host would: a text as it is, anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path
