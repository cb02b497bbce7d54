"""What the hosts on this machine hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.errors import McpInstallError
from mcpinstall.model.host import ConfiguredServer, HostRow
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """One host on this machine, as `mcpi hosts` shows it."""

    row: HostRow
    path: Path | None
    """Its configuration file; None when it can't be told."""
    found: bool
    """Its program is installed."""
    exists: bool
    servers: tuple[ConfiguredServer, ...]
    ours: tuple[str, ...]
    """Entry names that mcpinstall wrote."""
    problem: str | None
    """Why the file can't be read or edited."""


def host_states(context: Context) -> tuple[HostState, ...]:
    """Return what is known about every host that mcpinstall can write to."""
    found = {row.id for row in hosts.detected(context.machine)}
    return tuple(_host_state(row, row.id in found, context) for row in hosts.table())


def _host_state(row: HostRow, found: bool, context: Context) -> HostState:  # noqa: FBT001
    ours = ReceiptStore(context.paths).chain(row.id).names
    path: Path | None = None
    try:
        path = hosts.config_path(row, context.machine)
        file = hosts.read(row, context.machine)
        servers = hosts.entries(file)
    except McpInstallError as error:
        return HostState(
            row=row, path=path, found=found, exists=path is not None and files.exists(path),
            servers=(), ours=ours, problem=error.message,
        )  # fmt: skip
    return HostState(
        row=row, path=path, found=found, exists=file.content is not None,
        servers=servers, ours=ours, problem=None,
    )  # fmt: skip
