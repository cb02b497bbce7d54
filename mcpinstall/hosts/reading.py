"""Reading a host's file: which file it really is, whether it may be edited, what it holds."""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import edits, remote_entry, settled
from mcpinstall.hosts.entry import started
from mcpinstall.hosts.paths import (
    candidates,
    config_path,
    is_configured_elsewhere,
    matches,
)
from mcpinstall.model.host import ConfiguredServer, HostFile, HostRow
from mcpinstall.system.machine import Machine
from mcpinstall.system.permissions import acl_lets_others_write, others_exchange, others_write

_STATUS = {
    "maintenance": "it gets repairs only, and has a successor",
    "legacy": "a newer version reads another file",
    "deprecated": "servers no longer belong into this file",
    "archived": "it is no longer developed",
}
"""What a row's status means, as the end of a sentence."""


def read(row: HostRow, machine: Machine, at: Path | None = None) -> HostFile:
    """Read the host's file, links resolved; a file that is missing has no content.

    `at` chooses among the files that could be the host's; without it, the rule of its row does.

    Raises:
        McpInstallError: `host-path-refused` when `at` is none of these, when a link leads out of
            the home folder, or the file or a folder above it can be written to by others;
            `host-ambiguous`; `file-unreadable` for anything but a regular file of a sensible size.
    """
    path = config_path(row, machine) if at is None else _chosen(row, at, machine)
    target = Path(os.path.realpath(path))
    _require_inside(row, path, target, machine)
    _require_safe(target)
    content = settled.content(target)
    named = at is not None
    file = HostFile(row=row, path=path, target=target, content=content, named=named)
    return dataclasses.replace(file, warnings=_warnings(file, machine), notes=_notes(file, machine))


def _chosen(row: HostRow, at: Path, machine: Machine) -> Path:
    """Return the file of the row's that `at` names.

    Raises:
        McpInstallError: `host-path-refused`.
    """
    possible = candidates(row, machine)
    for path in possible:
        if at in (path, Path(os.path.realpath(path))):
            return path
    named = ", ".join(f"`{path}`" for path in possible)
    raise McpInstallError(
        ErrorCode.HOST_PATH_REFUSED,
        f"`{at}` is no file of {row.title}",
        hint=f"it reads one of these: {named}" if named else "it has no file on this system",
    )


def managed(row: HostRow, machine: Machine) -> tuple[Path, ...]:
    """Return the administrator's files that exist and can make an entry inert."""
    templates = dict(row.managed_files).get(machine.platform, ())
    return tuple(path for template in templates for path in matches(template, machine))


def entries(file: HostFile) -> tuple[ConfiguredServer, ...]:
    """Return all servers that the file configures, in its order.

    Raises:
        McpInstallError: `host-config-invalid`, with the position.
    """
    if file.content is None:
        return ()
    try:
        servers = edits.servers(file.content, file.row)
    except McpInstallError as error:
        named = f"`{file.path}`: {error.message}"
        raise McpInstallError(error.code, named, hint=error.hint) from None
    return tuple(_configured(file.row, name, value) for name, value in servers.items())


def _configured(row: HostRow, name: str, value: object) -> ConfiguredServer:
    command, args = started(row, value)
    url = remote_entry.url_of(row, value) if isinstance(value, dict) else None
    return ConfiguredServer(name=name, command=command, args=args, url=url)


def _require_inside(row: HostRow, path: Path, target: Path, machine: Machine) -> None:
    """Refuse a target outside the home folder, or outside the folder that a variable names."""
    home = Path(os.path.realpath(machine.home))
    if target.is_relative_to(home):
        return
    moved = is_configured_elsewhere(row, machine) or not path.is_relative_to(machine.home)
    if moved and target.is_relative_to(os.path.realpath(path.parent)):
        return
    raise _refused(path, f"it is a link that leads out of the home folder, to `{target}`")


def _require_safe(target: Path) -> None:
    """Refuse what others can exchange: the file, or a folder above it."""
    try:
        found = target.lstat()
    except OSError:  # it isn't there; where it can't be reached, reading says so
        pass
    else:
        if not stat.S_ISREG(found.st_mode):
            raise _refused(target, "it is not a regular file")
        if others_write(found) or acl_lets_others_write(target, found):
            raise _refused(target, "other users can write to it")
    for folder in target.parents:
        try:
            above = folder.stat()
        except OSError:
            continue
        if not stat.S_ISDIR(above.st_mode):
            raise _refused(target, f"`{folder}` is not a folder")
        sticky = above.st_mode & stat.S_ISVTX
        if others_exchange(above) or (not sticky and acl_lets_others_write(folder, above)):
            raise _refused(target, f"other users can write to the folder `{folder}`")


def _warnings(file: HostFile, machine: Machine) -> tuple[str, ...]:
    row = file.row
    warnings: list[str] = []
    if file.target != _unlinked(file.path, machine):
        warnings.append(f"`{file.path}` is a link; `{file.target}` is what changes")
    if file.content is not None and _has_another_name(file.target):
        warnings.append(
            f"`{file.target}` has another name (a hard link), which keeps the file as it is now"
        )
    warnings += [
        f"`{path}` is set by an administrator; {row.title} may ignore this entry because of it"
        for path in managed(row, machine)
    ]
    return tuple(warnings)


def _has_another_name(target: Path) -> bool:
    try:
        return target.stat().st_nlink > 1
    except OSError:
        return False


def _notes(file: HostFile, machine: Machine) -> tuple[str, ...]:
    """Return what the table says of the host, and what the place where it runs means."""
    row = file.row
    found = list(dict(row.notes).get(machine.platform, ()))
    if row.status != "active":
        found.append(f"{row.title}: {_STATUS[row.status]}")
    if row.session_environment and machine.environ.get("WSL_DISTRO_NAME"):
        found.append(f"this is WSL: a {row.title} that runs on Windows reads its own file there")
    if ".var/app" in file.path.as_posix():
        found.append(
            f"{row.title} is a Flatpak: it starts servers in its sandbox, where Python and other "
            "programs of this system may be missing"
        )
    return tuple(found)


def _unlinked(path: Path, machine: Machine) -> Path:
    """Return the path with only the links above the home folder resolved."""
    if path.is_relative_to(machine.home):
        return Path(os.path.realpath(machine.home)) / path.relative_to(machine.home)
    return Path(os.path.realpath(path.parent)) / path.name


def _refused(path: Path, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.HOST_PATH_REFUSED,
        f"`{path}` is not edited: {why}",
        hint="`--print` gives the entry to paste it yourself",
    )
