"""Looking at hosts' files without any intention to edit them: all of them, whoever wrote them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import edits, json_plain, paths, proof, remote_entry
from mcpinstall.hosts.entry import is_off, started
from mcpinstall.hosts.forms import ScanError
from mcpinstall.hosts.json_scan import utf8
from mcpinstall.hosts.table import PROJECT_PLACE
from mcpinstall.model.host import BOM, Format, HostRow
from mcpinstall.system import limits
from mcpinstall.system.files import exists, read_optional
from mcpinstall.system.machine import Machine
from mcpinstall.system.permissions import acl_lets_others_write, others_exchange, others_write

_WAYS = (
    ("mcpServers",), ("servers",), ("mcp", "servers"), ("mcp",), ("context_servers",),
    ("mcp_servers",), ("amp.mcpServers",),
)  # fmt: skip
"""Where hosts look for servers; in another host's file nobody does."""
_STARTING = ("command", "cmd", "url", "serverUrl", "httpUrl", "uri")
"""Fields of which every server has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenServer:
    """One entry of a host's file, whoever wrote it."""

    name: str
    command: str | None
    """None for a remote server, and for an entry that is none."""
    args: tuple[str, ...] = ()
    off: bool = False
    """The entry itself says that it is not started."""
    own_path: bool = False
    """It sets `PATH`, so that its command is looked for elsewhere."""
    address: str = ""
    """Scheme and host of a remote server; what follows may hold a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """One file of a host that exists."""

    row: HostRow
    path: Path
    servers: tuple[SeenServer, ...] = ()
    misplaced: tuple[str, ...] = ()
    """Keys below which servers stand that this host does not look for there."""
    has_bom: bool = False
    exposed: Path | None = None
    """The file, or a folder above it, that other users can write to."""
    problem: McpInstallError | None = None
    """Why it can't be read or parsed, with the position."""

    @property
    def target(self) -> Path:
        """The file with links resolved."""
        return Path(os.path.realpath(self.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadFile:
    """A file with servers in it that no host reads."""

    row: HostRow
    """The host that it was meant for."""
    path: Path
    keys: tuple[str, ...]


def survey(row: HostRow, machine: Machine) -> tuple[SeenFile, ...]:
    """Return what stands in every file of a row that exists, the likelier file first.

    Raises:
        McpInstallError: `host-path-refused` for an override that is no absolute path.
    """
    if not row.servers_key:
        return ()
    here = _of_project(row, machine)
    return tuple(_seen(here, path) for path in paths.existing(row, machine) if exists(path))


def unread(row: HostRow, machine: Machine) -> tuple[UnreadFile, ...]:
    """Return the files that people take for this host's, and that hold servers for nobody."""
    found = []
    for template in dict(row.unread).get(machine.platform, ()):
        for path in paths.matches(template, machine):
            keys = _keys_with_servers(path)
            if keys:
                found.append(UnreadFile(row=row, path=path, keys=keys))
    return tuple(found)


def session_finds(program: Path, machine: Machine) -> bool:
    """Tell whether a desktop session, which reads no shell profile, finds a program by its name."""
    folders = {Path(one) for one in _SESSION_FOLDERS.get(machine.platform, ())}
    if machine.platform == "linux":  # display managers read `~/.profile`, which adds these
        folders |= {machine.home / ".local/bin", machine.home / "bin"}
    return machine.platform == "win32" or program.parent in folders


_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
_SESSION_FOLDERS = {
    "darwin": _SYSTEM_FOLDERS,
    "linux": (*_SYSTEM_FOLDERS, "/usr/local/bin", "/usr/local/sbin", "/snap/bin"),
}
"""PATH of a session: launchd's, and what `/etc/environment` and login settings usually hold."""


def _of_project(row: HostRow, machine: Machine) -> HostRow:
    """Return the row with the working directory in the place of the project's key."""
    if PROJECT_PLACE not in row.servers_key:
        return row
    way = tuple(str(machine.cwd) if key == PROJECT_PLACE else key for key in row.servers_key)
    return dataclasses.replace(row, servers_key=way)


def _seen(row: HostRow, path: Path) -> SeenFile:
    seen = SeenFile(row=row, path=path, exposed=_exposed(Path(os.path.realpath(path))))
    try:
        content = read_optional(path, limits.HOST_FILE_BYTES) or b""
        seen = dataclasses.replace(seen, has_bom=content.startswith(BOM))
        servers = edits.servers(content, row)
        document = _tree(row, content)
    except McpInstallError as error:
        return dataclasses.replace(seen, problem=error)
    return dataclasses.replace(
        seen,
        servers=tuple(_server(row, name, value) for name, value in servers.items()),
        misplaced=tuple(_misplaced(document, row)),
    )


def _tree(row: HostRow, content: bytes) -> object:
    try:
        with proof.collection_paused():
            if row.format in (Format.TOML, Format.YAML):
                return utf8(proof.tree(row, content))
            return json_plain.parse(content.decode("utf-8"), row.format)
    except ScanError as error:  # (the splice's own parser took it)
        raise McpInstallError(ErrorCode.HOST_CONFIG_INVALID, error.message) from None


def _server(row: HostRow, name: str, value: object) -> SeenServer:
    command, args = started(row, value)
    fields = value if isinstance(value, dict) else {}
    environment = fields.get(row.entry.env_key)
    names = environment if isinstance(environment, dict) else {}
    return SeenServer(
        name=name,
        command=command,
        args=args,
        off=is_off(row, fields),
        own_path=any(isinstance(key, str) and key.upper() == "PATH" for key in names),
        address=_origin(remote_entry.url_of(row, fields) or ""),
    )


def _origin(url: str) -> str:
    """Return scheme and host of an address, without credentials; nothing where it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" if parts.scheme and host else ""


def _misplaced(document: object, row: HostRow) -> Iterator[str]:
    """Yield the keys that hold servers, and that neither this row nor one beside it reads."""
    for way in _WAYS:
        if way != row.servers_key and _holds_servers(document, way):
            yield ".".join(way)


def _holds_servers(document: object, way: tuple[str, ...]) -> bool:
    found = document
    for key in way:
        found = found.get(key) if isinstance(found, dict) else None
    entries = found.values() if isinstance(found, dict) else ()
    return any(isinstance(one, dict) and any(key in one for key in _STARTING) for one in entries)


def _keys_with_servers(path: Path) -> tuple[str, ...]:
    """Return the keys of a JSON file below which servers stand; none if it can't be read."""
    try:
        content = read_optional(path, limits.HOST_FILE_BYTES)
        document = json_plain.parse((content or b"").decode("utf-8"), Format.JSONC)
    except (McpInstallError, UnicodeDecodeError, ScanError):
        return ()
    return tuple(".".join(way) for way in _WAYS if _holds_servers(document, way))


def _exposed(target: Path) -> Path | None:
    """Return the file, or the folder above it, that other users can exchange."""
    try:
        found = target.stat()
        if others_write(found) or acl_lets_others_write(target, found):
            return target
        return next((one for one in target.parents if others_exchange(one.stat())), None)
    except OSError:
        return None
