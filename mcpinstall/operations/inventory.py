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
    why_not: str = ""
    """Why no server is added to it; empty when one can be."""


def host_states(context: Context) -> tuple[HostState, ...]:
    """Return what is known about the user's own file of every host; projects' are left out."""
    found = {row.id for row in hosts.detected(context.machine)}
    return tuple(
        _host_state(row, row.id in found, context)
        for row in hosts.table()
        if row.scope in ("user", "user-remote") and hosts.runs_on(row, context.machine)
    )


def _host_state(row: HostRow, found: bool, context: Context) -> HostState:  # noqa: FBT001
    ours = ReceiptStore(context.paths).chain(row.id).names
    if not row.writable:
        return HostState(
            row=row, path=None, found=found, exists=False,
            servers=(), ours=ours, problem=None, why_not=row.why,
        )  # fmt: skip
    path: Path | None = None
    why_not = ""
    try:
        path = hosts.config_path(row, context.machine)
        why_not = hosts.why_not(row, context.machine)
        file = hosts.read(row, context.machine)
        servers = hosts.entries(file)
    except McpInstallError as error:
        return HostState(
            row=row, path=path, found=found, exists=path is not None and files.exists(path),
            servers=(), ours=ours, problem=error.message, why_not=why_not,
        )  # fmt: skip
    return HostState(
        row=row, path=path, found=found, exists=file.content is not None,
        servers=servers, ours=ours, problem=None, why_not=why_not,
    )  # fmt: skip
