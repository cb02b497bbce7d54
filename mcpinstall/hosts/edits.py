"""Edits of a host's file, in bytes: one span changes, and an independent parser proves it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import json_edit, json_plain, proof, toml_edit
from mcpinstall.hosts.entry import require_name, shape
from mcpinstall.hosts.json_scan import Located, ScanError, latin, locate
from mcpinstall.hosts.redaction import HIDDEN
from mcpinstall.model.host import Format, HostRow, Patch, ServerEntry

Splice = tuple[int, int, str]
_CONFLICT_BEGIN = re.compile(rb"^<{7} ", re.MULTILINE)
_CONFLICT_END = re.compile(rb"^>{7} ", re.MULTILINE)
_STARTING = ("command", "args", "cwd", "env", "envFile", "env_vars")
"""Keys of an entry that decide what is started, and in which environment."""
_TITLES = {
    Format.JSON: "JSON",
    Format.JSON_COMMENTS: "JSON with comments",
    Format.JSONC: "JSON with comments",
    Format.TOML: "TOML",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parsed:
    """A file before the edit."""

    text: str
    """Its bytes as Latin-1."""
    located: Located | None
    """Of JSON; None for TOML."""
    names: frozenset[str]
    """Names of the servers."""
    name: str
    """The server that is edited."""
    outline: proof.Outline
    """Without that server."""


def insert(content: bytes | None, row: HostRow, entry: ServerEntry) -> Patch:
    """Return the patch that adds an entry behind the other servers.

    Raises:
        McpInstallError: `host-config-invalid` for a file that is not of the host's dialect,
            has something else where servers belong, a key twice on the way, conflict markers
            or other bytes than UTF-8; `server-exists`; `name-invalid`; `host-unsupported`.
    """
    return _put(content, row, entry, insert=True, replace=False)


def remove(content: bytes, row: HostRow, name: str) -> Patch:
    """Return the patch that takes a server out of a file, wherever it stands in it.

    Raises:
        McpInstallError: As `insert`; `not-installed` when there is no such server.
    """
    with proof.collection_paused():
        parsed = _parsed(content, row, name)
        if name not in parsed.names:
            raise _missing(row, name)
        if parsed.located:
            splice = json_edit.removed(parsed.located, name)
        else:
            try:
                splice = toml_edit.removed(parsed.text, row.servers_key, name)
            except toml_edit.TomlFormError as error:
                raise _invalid(row, str(error), f"take `{name}` out in an editor") from None
        return _proved(content, row, parsed, splice, None)


def replace(content: bytes, row: HostRow, entry: ServerEntry) -> Patch:
    """Return the patch that gives an existing server the value of `entry`.

    Raises:
        McpInstallError: As `insert`; `not-installed` when there is no such server.
    """
    return _put(content, row, entry, insert=False, replace=True)


def put(content: bytes | None, row: HostRow, entry: ServerEntry) -> Patch:
    """Return the patch that gives the server the value of `entry`, whether it exists or not.

    Raises:
        McpInstallError: As `insert`.
    """
    return _put(content, row, entry, insert=True, replace=True)


def rendered(row: HostRow, entry: ServerEntry) -> str:
    """Return the text of a file of this host that holds nothing but the entry.

    Raises:
        McpInstallError: `name-invalid`, `host-unsupported`.
    """
    return insert(None, row, entry).inserted.decode("utf-8")


def contains(content: bytes, row: HostRow, name: str) -> bool:
    """Tell whether a file has a server of that name.

    Raises:
        McpInstallError: `host-config-invalid`.
    """
    return name in servers(content, row)


def servers(content: bytes, row: HostRow) -> dict[str, object]:
    """Return the servers of a file by name, as parsed values.

    Raises:
        McpInstallError: `host-config-invalid`.
    """
    with proof.collection_paused():
        _require_text(content, row)
        try:
            return _servers(content, row)
        except ScanError as error:
            raise _unparsable(content, row, error) from None


def _servers(content: bytes, row: HostRow) -> dict[str, object]:
    if row.format is Format.TOML:
        _toml_servers(proof.tree(row, content), row)
        document = tomllib.loads(content.decode("utf-8").removeprefix("\ufeff"))
        return _descended(document, row.servers_key)
    if row.format is not Format.JSON:
        proof.tree(row, content)  # (the scanner only passes over what it need not read)
    found = locate(content.decode("latin-1"), row.format, row.servers_key).servers
    if found is None:
        return {}
    text = content[found.start : found.close + 1].decode("utf-8")
    return _descended(json_plain.parse(text, row.format), ())


def _descended(document: object, way: tuple[str, ...]) -> dict[str, object]:
    for key in way:
        document = document.get(key, {}) if isinstance(document, dict) else {}
    return document if isinstance(document, dict) else {}


def is_entry(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    """Tell whether the server of that name has exactly the value of `entry`.

    Raises:
        ScanError: The file can't be parsed.
    """
    value = proof.server(proof.tree(row, content), row.servers_key, entry.name)
    return value == latin(shape(row, entry))


def starts_as(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    """Tell whether the host starts the server of that name as `entry` says.

    What hosts add for themselves, such as a list of allowed tools, does not count, nor does an
    empty list or table.
    """
    try:
        value = proof.server(proof.tree(row, content), row.servers_key, entry.name)
    except ScanError:
        return False
    if not isinstance(value, dict):
        return False
    wanted = shape(row, entry)
    return all((value.get(key) or None) == (latin(wanted.get(key)) or None) for key in _STARTING)


def _put(
    content: bytes | None, row: HostRow, entry: ServerEntry, *, insert: bool, replace: bool
) -> Patch:
    require_name(row, entry.name)
    value = shape(row, entry)
    with proof.collection_paused(), _pasting(row, entry):
        parsed = _parsed(content, row, entry.name)
        exists = entry.name in parsed.names
        if exists and not replace:
            raise _exists(row, entry.name)
        if not exists and not insert:
            raise _missing(row, entry.name)
        splice = _replaced(parsed, row, value) if exists else _inserted(parsed, row, value)
        return _proved(content, row, parsed, splice, value)


def _inserted(parsed: _Parsed, row: HostRow, value: dict[str, object]) -> Splice:
    if parsed.located:
        return json_edit.inserted(parsed.located, parsed.name, value)
    return toml_edit.inserted(parsed.text, row.servers_key, parsed.name, value)


def _replaced(parsed: _Parsed, row: HostRow, value: dict[str, object]) -> Splice:
    if parsed.located:
        return json_edit.replaced(parsed.located, parsed.name, value)
    return toml_edit.replaced(parsed.text, row.servers_key, parsed.name, value)


def _parsed(content: bytes | None, row: HostRow, name: str) -> _Parsed:
    data = content or b""
    _require_text(data, row)
    text = data.decode("latin-1")
    ours = frozenset({name})
    try:
        if row.format is Format.JSON:
            located = locate(text, row.format, row.servers_key, marks=True)
            outline = proof.outline_of_scan(located, ours)
        else:
            document = proof.tree(row, data)
            outline = proof.outline(document, row.servers_key, ours)
            if row.format is Format.TOML:
                names = _toml_servers(document, row)
                return _Parsed(text=text, located=None, names=names, name=name, outline=outline)
            located = locate(text, row.format, row.servers_key)
    except ScanError as error:
        raise _unparsable(data, row, error) from None
    members = located.servers.members if located.servers else ()
    names = frozenset(member.key for member in members)
    return _Parsed(text=text, located=located, names=names, name=name, outline=outline)


def _toml_servers(document: object, row: HostRow) -> frozenset[str]:
    """Return the names of the servers; refuse anything but tables on the way."""
    for number, key in enumerate(row.servers_key):
        document = document.get(key, {}) if isinstance(document, dict) else {}
        if not isinstance(document, dict):
            raise ScanError(f"`{'.'.join(row.servers_key[: number + 1])}` is not a table", -1)
    return frozenset(document) if isinstance(document, dict) else frozenset()


def _proved(
    content: bytes | None,
    row: HostRow,
    parsed: _Parsed,
    splice: Splice,
    value: dict[str, object] | None,
) -> Patch:
    """Return the splice as a patch, once the independent parser has seen its result."""
    start, end, text = splice
    name, before = parsed.name, content or b""
    patch = Patch(offset=start, removed=before[start:end], inserted=text.encode("latin-1"))
    try:
        document = proof.tree(row, patch.apply(before))
        found = proof.server(document, row.servers_key, name)
        outline = proof.outline(document, row.servers_key, frozenset({name}))
    except ScanError as error:
        raise _unproved(row, error.message) from None
    if found != latin(value):
        raise _unproved(row, f"`{name}` is not what was to be written")
    if not proof.same_others(parsed.outline, outline):
        raise _unproved(row, "something else in the file would change")
    return patch


def _require_text(data: bytes, row: HostRow) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(row, f"it is not UTF-8 at byte {error.start}") from None
    begin = _CONFLICT_BEGIN.search(data)
    if begin and _CONFLICT_END.search(data, begin.end()):
        raise _invalid(row, "it has merge conflict markers")


def _unparsable(data: bytes, row: HostRow, error: ScanError) -> McpInstallError:
    if error.offset < 0:
        return _invalid(row, error.message)
    before = data[: error.offset]
    eol = b"\n" if b"\n" in data else b"\r"
    line = before.count(eol) + 1
    column = len(before[before.rfind(eol) + 1 :].decode("utf-8", "replace")) + 1
    return _invalid(row, f"line {line}, column {column}: {error.message}")


def _invalid(row: HostRow, why: str, hint: str = "correct it in an editor") -> McpInstallError:
    return McpInstallError(
        ErrorCode.HOST_CONFIG_INVALID,
        f"the configuration of {row.title} can't be edited as {_TITLES[row.format]}: {why}",
        hint=hint,
    )


def _unproved(row: HostRow, why: str) -> McpInstallError:
    return _invalid(row, f"the result would be wrong ({why})", "make the change by hand")


@contextlib.contextmanager
def _pasting(row: HostRow, entry: ServerEntry) -> Iterator[None]:
    """Turn a form of TOML that can't take a new table into an error with the text to paste."""
    try:
        yield
    except toml_edit.TomlFormError as error:
        refused = _invalid(row, str(error), "write it as tables, or paste these lines yourself")
        refused.evidence = rendered(row, _without_secrets(entry))
        raise refused from None


def _without_secrets(entry: ServerEntry) -> ServerEntry:
    """Return an entry that may be shown."""
    shown = (
        dataclasses.replace(item, value=HIDDEN) if item.secret and item.value else item
        for item in entry.env
    )
    return dataclasses.replace(entry, env=tuple(shown))


def _exists(row: HostRow, name: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.SERVER_EXISTS,
        f"{row.title} already has a server named `{name}`",
        hint="choose another name with `--as NAME`, or take the old one over with `--replace`",
    )


def _missing(row: HostRow, name: str) -> McpInstallError:
    return McpInstallError(ErrorCode.NOT_INSTALLED, f"{row.title} has no server named `{name}`")
