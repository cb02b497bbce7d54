"""Which hosts an installation goes to (design §7)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import BOM, HostRow, SecretStyle
from mcpinstall.model.plan import Request
from mcpinstall.operations import host_files
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import FileQuestion, HostChoice, SkippedHost
from mcpinstall.system import files, limits

ALL = "all"
"""What `--host` takes for every host that is found; never a default."""
_LAST_CHOICE = "last-hosts.json"


def choose(request: Request, context: Context) -> HostChoice:
    """Return the hosts that the request names, else those whose program is found.

    One found: that one.  Several: candidates for a tick list, preselected the last choice,
    else the host whose terminal we are in.  None: nobody, and the entry is printed.

    Raises:
        McpInstallError: `host-unknown`.
    """
    if request.hosts:
        return _questioned(_named(request.hosts, context), request, context)
    found = _writable(context)
    if len(found) <= 1 or request.print_only:
        alone = found if len(found) == 1 else ()
        choice = HostChoice(chosen=alone, candidates=(), preselected=())
        return _questioned(choice, request, context)
    return HostChoice(chosen=(), candidates=found, preselected=_preselected(found, context))


def _named(selectors: Sequence[str], context: Context) -> HostChoice:
    """Return the hosts of `--host`: `HOST`, `HOST=PATH` for one of its files, or `all`.

    Raises:
        McpInstallError: `host-unknown`; `host-unsupported` for `all` where nothing is found.
    """
    rows: dict[HostRow, None] = {}
    paths: dict[str, Path] = {}
    for selector in selectors:
        if is_all(selector):
            continue
        row = hosts.find_rows(selector.partition("=")[0])
        rows[row] = None
        if "=" in selector:
            paths[row.id] = _path(selector.partition("=")[2], context)
    found = _every(context) if any(map(is_all, selectors)) else ()
    skipped = [skip for row in found if row not in rows and (skip := _skipped(row, context))]
    left = {skip.row for skip in skipped}
    return HostChoice(
        chosen=tuple(dict.fromkeys((*rows, *(row for row in found if row not in left)))),
        candidates=(),
        preselected=(),
        files=tuple(paths.items()),
        optional=frozenset(row.id for row in found if row not in rows),
        skipped=tuple(skipped),
    )


def is_all(selector: str) -> bool:
    """Tell whether `--host` names every host that is found."""
    return selector.lower() == ALL


def _every(context: Context) -> tuple[HostRow, ...]:
    found = hosts.detected(context.machine)
    if not found:
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            "no host's program was found on this machine",
            hint="name one with `--host`; `mcpi hosts --all` lists them, `--print` gives the entry",
        )
    return found


def _skipped(row: HostRow, context: Context) -> SkippedHost | None:
    """Return why a host that was found is not written at all."""
    try:
        hosts.require_writable(row, (), context.machine)
    except McpInstallError as error:
        return SkippedHost(row=row, error=error)
    return None


def _path(text: str, context: Context) -> Path:
    """Return the absolute path that a person means; a shell leaves `~` alone behind a `=`."""
    machine = context.machine
    return machine.cwd / (machine.home / text[2:] if text.startswith("~/") else text)


def _questioned(choice: HostChoice, request: Request, context: Context) -> HostChoice:
    """Return the choice with what only the person can tell about its hosts' files."""
    if request.print_only:
        return choice
    named = dict(choice.files)
    found = []
    for row in choice.chosen:
        known = named.get(row.id) or host_files.written(row, context)
        paths = () if known else hosts.choices(row, context.machine)
        if paths and row.id not in choice.optional:
            found.append(FileQuestion(row=row, paths=paths))
        elif not paths and _has_mark(row, known, context) and not request.strip_bom:
            found.append(FileQuestion(row=row, paths=(known or _rule(row, context),)))
    return replace(choice, questions=tuple(found))


def _has_mark(row: HostRow, known: Path | None, context: Context) -> bool:
    """Tell whether the host rejects its file for a byte-order mark; what can't be read has none."""
    if row.bom != "reject" or not row.writable:
        return False
    try:
        content = hosts.read(row, context.machine, known).content
    except McpInstallError:  # the plan tells why
        return False
    return content is not None and content.startswith(BOM)


def _rule(row: HostRow, context: Context) -> Path:
    return hosts.config_path(row, context.machine)


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


def any_host() -> HostRow:
    """Return a row for the entry that is printed when no host is known: the commonest form."""
    return replace(
        hosts.find_rows("claude-desktop"),
        title="Your MCP host",
        reload="restart it",
        secret_style=SecretStyle.TEMPLATE,
        secret_template="${%s}",  # noqa: S106 (how most hosts name a variable)
    )


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
