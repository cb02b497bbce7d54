"""Whether mcpinstall writes a host's file on this machine, and if not, what a person does."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts.paths import choices, config_path, is_configured_elsewhere, matches
from mcpinstall.model.host import HostRow, ServerEntry
from mcpinstall.system.files import exists
from mcpinstall.system.machine import Machine

_PASTE = "put these lines there yourself"


def why_not(row: HostRow, machine: Machine) -> str:
    """Return why no server is added to the host's file here; empty when it can be."""
    if not row.writable:
        return row.why
    return _superseded(row, machine) or _missing(row, machine)


def require_writable(row: HostRow, entries: Sequence[ServerEntry], machine: Machine) -> None:
    """Refuse a host whose file is not written, with the text to paste.

    Raises:
        McpInstallError: `host-unsupported`.
    """
    why = why_not(row, machine)
    if not why:
        return
    superseded = row.superseded if row.writable and _superseded(row, machine) else None
    hint = row.paste or _PASTE
    if superseded:
        hint = f"name the file that it reads: `--host {superseded.instead}`"
    raise McpInstallError(
        ErrorCode.HOST_UNSUPPORTED,
        f"mcpi does not write to {row.title}: {why}",
        hint=hint,
        evidence="" if superseded else _text(row, entries),
    )


def _text(row: HostRow, entries: Sequence[ServerEntry]) -> str:
    try:
        from mcpinstall.hosts.edits import shown  # late: to ask why a file isn't written needs none

        return "\n".join(shown(row, entry) for entry in entries)
    except McpInstallError:  # such as a value that this host can't take
        return ""


def _superseded(row: HostRow, machine: Machine) -> str:
    """Return the sign that the host reads another file by now."""
    rule = row.superseded
    if rule is None or any(matches(one, machine) for one in rule.missing):
        return ""
    found = [path for one in rule.exists for path in matches(one, machine)]
    return f"it reads another file here, as `{found[0]}` shows" if found else ""


def _missing(row: HostRow, machine: Machine) -> str:
    """Return that a file which is only edited, never made, does not exist."""
    if machine.platform not in row.must_exist or is_configured_elsewhere(row, machine):
        return ""
    if choices(row, machine):  # some of them exist: which one is another question
        return ""
    path = config_path(row, machine)
    if exists(path):
        return ""
    return f"there is no `{path}`, which only the program itself can make"
