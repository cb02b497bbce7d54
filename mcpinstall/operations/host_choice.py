"""Which hosts an installation goes to (design §7)."""

from __future__ import annotations

import json

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostRow
from mcpinstall.model.plan import Request
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import HostChoice
from mcpinstall.system import files, limits

_LAST_CHOICE = "last-hosts.json"


def choose(request: Request, context: Context) -> HostChoice:
    """Return the hosts that the request names, else those whose program is found.

    One found: that one.  Several: candidates for a tick list, preselected the last choice,
    else the host whose terminal we are in.  None: nobody, and the entry is printed.

    Raises:
        McpInstallError: `host-unknown`.
    """
    if request.hosts:
        rows = tuple(dict.fromkeys(hosts.find_rows(selector) for selector in request.hosts))
        return HostChoice(chosen=rows, candidates=(), preselected=())
    found = _writable(context)
    if len(found) <= 1 or request.print_only:
        return HostChoice(chosen=found if len(found) == 1 else (), candidates=(), preselected=())
    return HostChoice(chosen=(), candidates=found, preselected=_preselected(found, context))


def require_decided(choice: HostChoice) -> tuple[HostRow, ...]:
    """Return the chosen hosts, or refuse when the person still has to pick.

    Raises:
        McpInstallError: `host-ambiguous`, naming the flag of each host.
    """
    if not choice.candidates:
        return choice.chosen
    flags = " ".join(f"`--host {row.product}`" for row in choice.candidates)
    raise McpInstallError(
        ErrorCode.HOST_AMBIGUOUS,
        f"several hosts are installed: {', '.join(row.title for row in choice.candidates)}",
        hint=f"name those that should get the server: {flags}; or `--print` for the entry alone",
    )


def remember(rows: tuple[HostRow, ...], context: Context) -> None:
    """Keep the choice as the next tick list's preselection."""
    if rows:
        text = json.dumps(sorted(row.id for row in rows)).encode()
        files.write_atomic(files.private_folder(context.paths.data) / _LAST_CHOICE, text)


def _writable(context: Context) -> tuple[HostRow, ...]:
    """Return the hosts whose program is found, and whose file can take a server."""
    return tuple(
        row for row in hosts.detected(context.machine) if not hosts.why_not(row, context.machine)
    )


def _preselected(found: tuple[HostRow, ...], context: Context) -> tuple[str, ...]:
    data = files.read_optional(context.paths.data / _LAST_CHOICE, limits.STATE_BYTES)
    try:
        last = json.loads(data) if data else []
    except (ValueError, RecursionError):
        last = []
    names = {name for name in last if isinstance(name, str)} if isinstance(last, list) else set()
    chosen = tuple(row.id for row in found if row.id in names)
    if chosen:
        return chosen
    terminal = hosts.terminal_host(context.machine)
    return (terminal.id,) if terminal in found and terminal is not None else ()
