"""What the hosts on this machine hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.errors import McpInstallError
from mcpinstall.model.host import ConfiguredServer, HostRow
from mcpinstall.operations import host_files
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
    advice: str = ""
    """What a person does about a problem, or to use a host that is not written."""
    choices: tuple[Path, ...] = ()
    """Files of which the host reads one, where only the person can tell which."""

    @property
    def writable(self) -> bool:
        """Tell whether a server can be added to its file now."""
        return not self.why_not and self.problem is None


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
            servers=(), ours=ours, problem=None, why_not=row.why, advice=row.paste,
        )  # fmt: skip
    path: Path | None = None
    why_not = ""
    try:
        path = host_files.written(row, context) or hosts.config_path(row, context.machine)
        why_not = hosts.why_not(row, context.machine)
        file = host_files.read(row, context)
        servers = hosts.entries(file)
    except McpInstallError as error:
        return HostState(
            row=row, path=path, found=found, exists=path is not None and files.exists(path),
            servers=(), ours=ours, problem=error.message, why_not=why_not, advice=error.hint,
            choices=_choices(row, context),
        )  # fmt: skip
    return HostState(
        row=row, path=path, found=found, exists=file.content is not None,
        servers=servers, ours=ours, problem=None, why_not=why_not, advice=_instead(row, why_not),
    )  # fmt: skip


def _choices(row: HostRow, context: Context) -> tuple[Path, ...]:
    try:
        return hosts.choices(row, context.machine)
    except McpInstallError:
        return ()


def _instead(row: HostRow, why_not: str) -> str:
    """Return what to do where a file of a host is not the one that it reads here."""
    if not why_not:
        return ""
    if row.superseded is not None and "another file" in why_not:
        return f"use `--host {row.superseded.instead}`"
    return f"start {row.title} once, so that it makes its file; or paste what `--print` gives"
