"""Edits of a host's file, in bytes: one span changes, and an independent parser proves it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import codecs, json_plain, positions, proof, remote_entry
from mcpinstall.hosts.entry import is_own_kind, require_name, shape, starting_keys
from mcpinstall.hosts.forms import FormError, ScanError
from mcpinstall.hosts.json_scan import latin, locate, utf8
from mcpinstall.hosts.redaction import HIDDEN
from mcpinstall.model.host import EnvironmentValue, Format, HostRow, Patch, ServerEntry

_CONFLICT_BEGIN = re.compile(rb"^<{7} ", re.MULTILINE)
_CONFLICT_END = re.compile(rb"^>{7} ", re.MULTILINE)
_TITLES = {
    Format.JSON: "JSON",
    Format.JSON_COMMENTS: "JSON with comments",
    Format.JSONC: "JSON with comments",
    Format.TOML: "TOML",
    Format.YAML: "YAML",
}
_PASTE = {
    **dict.fromkeys(Format, "paste these lines yourself"),
    Format.TOML: "write it as tables, or paste these lines yourself",
}


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
        try:
            splice = parsed.codec.removed(name)
        except FormError as error:
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


def shown(row: HostRow, entry: ServerEntry) -> str:
    """Return the same as `rendered`, with no secret in it.

    Raises:
        McpInstallError: As `rendered`.
    """
    return rendered(row, _without_secrets(entry))


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
    if row.format in (Format.TOML, Format.YAML):
        return proof.servers(utf8(proof.tree(row, content)), row)
    if row.format is not Format.JSON:
        proof.tree(row, content)  # (the scanner only passes over what it need not read)
    # Of a file of 10 MB, only the servers become values.
    found = locate(
        content.decode("latin-1"), row.format, row.servers_key, name_field=row.list_field
    ).servers
    if found is None:
        return {}
    text = content[found.start : found.close + 1].decode("utf-8")
    document = json_plain.parse(text, row.format)
    return proof.servers(document, dataclasses.replace(row, servers_key=()))


def server(content: bytes, row: HostRow, name: str) -> object:
    """Return the value of a server in a file; None where there is none, or no way to it."""
    try:
        return servers(content, row).get(name)
    except McpInstallError:
        return None


def is_entry(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    """Tell whether the server of that name has exactly the value of `entry`."""
    return server(content, row, entry.name) == shape(row, entry)


def starts_as(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    """Tell whether the host starts the server of that name as `entry` says.

    What hosts add for themselves, such as a list of allowed tools, does not count, nor does an
    empty list or table.
    """
    value = server(content, row, entry.name)
    return isinstance(value, dict) and not differing_keys(value, row, entry)


def differing_keys(
    value: Mapping[object, object], row: HostRow, entry: ServerEntry
) -> tuple[str, ...]:
    """Return the fields that decide what is started and are not as `entry` says.

    `value` is the server as it stands in a file.

    Raises:
        McpInstallError: `host-unsupported` when the host can't have the entry any more.
    """
    wanted = shape(row, entry)
    keys = (*starting_keys(row), *(remote_entry.keys(row) if entry.remote else ()))
    found = tuple(
        key
        for key in dict.fromkeys(keys)
        if key and (value.get(key) or None) != (wanted.get(key) or None)
    )
    return (*found, "type") if is_own_kind(value) else found


def _put(
    content: bytes | None, row: HostRow, entry: ServerEntry, *, insert: bool, replace: bool
) -> Patch:
    require_name(row, entry.name)
    value = shape(row, entry)
    with _pasting(content or b"", row, entry):
        return put_value(content, row, entry.name, value, insert=insert, replace=replace)


def put_value(
    content: bytes | None,
    row: HostRow,
    name: str,
    value: object,
    *,
    insert: bool = True,
    replace: bool = False,
) -> Patch:
    """Return the patch that gives the server, the input, or the field of that name a value.

    Raises:
        FormError: The form of the file can't take it.
        McpInstallError: As `insert`.
    """
    with proof.collection_paused():
        parsed = _parsed(content, row, name)
        exists = name in parsed.names
        if exists and not replace:
            raise _exists(row, name)
        if not exists and not insert:
            raise _missing(row, name)
        codec = parsed.codec
        put = codec.replaced if exists else codec.inserted
        return _proved(content, row, parsed, put(name, value), value)


def _parsed(content: bytes | None, row: HostRow, name: str) -> codecs.Parsed:
    data = content or b""
    _require_text(data, row)
    try:
        return codecs.parsed(data, row, name)
    except ScanError as error:
        raise _unparsable(data, row, error) from None


def _proved(
    content: bytes | None,
    row: HostRow,
    parsed: codecs.Parsed,
    splice: codecs.Splice,
    value: object,
) -> Patch:
    """Return the splice as a patch, once the independent parser has seen its result."""
    start, end, text = splice
    name, before = parsed.name, content or b""
    patch = Patch(offset=start, removed=before[start:end], inserted=text.encode("latin-1"))
    try:
        document = proof.tree(row, patch.apply(before))
        found = proof.server(document, row, name)
        outline = proof.outline(document, row, frozenset({name}))
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
        found = ScanError(f"it is not UTF-8 at byte {error.start}", error.start)
        raise _unparsable(data, row, found) from None
    begin = _CONFLICT_BEGIN.search(data)
    if begin and _CONFLICT_END.search(data, begin.end()):
        raise _unparsable(data, row, ScanError("it has merge conflict markers", begin.start()))


def _unparsable(data: bytes, row: HostRow, error: ScanError) -> McpInstallError:
    offset = error.offset
    if offset < 0 and error.word:
        offset = positions.of_word(data.decode("latin-1"), error.word)
    if offset < 0:
        return _invalid(row, error.message)
    before = data[:offset]
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
def _pasting(content: bytes, row: HostRow, entry: ServerEntry) -> Iterator[None]:
    """Turn a form that can't take a new entry into an error with the text to paste."""
    try:
        yield
    except FormError as error:
        found = ScanError(str(error), -1, row.servers_key[-1] if row.servers_key else "")
        refused = _unparsable(content, row, found)
        refused.hint = _PASTE[row.format]
        refused.evidence = shown(row, entry)
        raise refused from None


def _without_secrets(entry: ServerEntry) -> ServerEntry:
    """Return an entry that may be shown."""

    def shown(items: Iterable[EnvironmentValue]) -> tuple[EnvironmentValue, ...]:
        return tuple(
            dataclasses.replace(item, value=HIDDEN) if item.secret and item.value else item
            for item in items
        )

    remote = entry.remote
    if remote is not None:
        remote = dataclasses.replace(remote, headers=shown(remote.headers))
    return dataclasses.replace(entry, env=shown(entry.env), remote=remote)


def _exists(row: HostRow, name: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.SERVER_EXISTS,
        f"{row.title} already has a server named `{name}`",
        hint="choose another name with `--as NAME`, or write over the old one with `--replace`; "
        "`mcpi adopt` says whether it can keep what the old one was given",
    )


def _missing(row: HostRow, name: str) -> McpInstallError:
    return McpInstallError(ErrorCode.NOT_INSTALLED, f"{row.title} has no server named `{name}`")
