"""An entry that another program wrote, and that mcpinstall takes over where it stands.

Only what starts the server is exchanged, value by value.  Its other fields stay as they are,
byte for byte: variables, approvals, whether it is off, comments, order and indentation.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import edits, tolerant
from mcpinstall.hosts.entry import fields, is_own_kind, kept, shape, started
from mcpinstall.hosts.forms import FormError, ScanError
from mcpinstall.hosts.remote_entry import address_keys
from mcpinstall.model import json_text
from mcpinstall.model.adoption import KeptFields
from mcpinstall.model.host import AppliedEntry, EntryShape, Format, HostRow, Patch, ServerEntry
from mcpinstall.model.json_text import Json


def patches(content: bytes, row: HostRow, entry: ServerEntry) -> tuple[Patch, ...]:
    """Return the patches that let an existing entry start what `entry` says, in their order.

    Raises:
        McpInstallError: as `edits.replace`; `host-config-invalid` for an entry whose form holds
            no single values to exchange.
    """
    if row.list_field:
        raise _unfit(row, "its servers are a list")
    found: list[Patch] = []
    try:
        for inner, key, value in _wanted(content, row, entry):
            patch = edits.put_value(content, inner, key, value, replace=True)
            content = patch.apply(content)
            found.append(patch)
    except FormError as error:
        raise _unfit(row, str(error)) from None
    return tuple(found)


def _wanted(
    content: bytes, row: HostRow, entry: ServerEntry
) -> Iterator[tuple[HostRow, str, object]]:
    """Yield each value to write: the collection that it stands in, its key, and itself."""
    old = _value(content, row, entry.name)
    _require_not_there(old.get(row.entry.env_key), row, entry)
    own, variables = fields(row, entry)
    names = own.pop(row.entry.names_key, None) if row.entry.names_key else None
    if isinstance(names, list) and row.entry.names_key:
        listed = _listed(old, row.entry.names_key)
        added = [name for name in names if name not in listed]
        own |= {row.entry.names_key: [*listed, *added]} if added else {}
    yield from _variables(old, row, entry, variables)
    # The command comes last: it is the patch by which an entry is known.
    for key, value in sorted(own.items(), key=lambda pair: pair[0] == row.entry.command_key):
        yield _inner(row, entry.name), key, value


def _require_not_there(table: object, row: HostRow, entry: ServerEntry) -> None:
    """Refuse a secret that is to come from elsewhere while the entry itself still has it.

    Raises:
        McpInstallError: `input-invalid`.
    """
    for item in entry.env:
        if item.secret and isinstance(table, dict) and item.name in table:
            raise McpInstallError(
                ErrorCode.INPUT_INVALID,
                f"`{item.name}` stays in {row.title}'s file, for the entry there was adopted",
                hint=f"`mcpi uninstall {entry.name}`, take it out of the file, then `mcpi install` "
                f"the server with `--secret {item.asked}`",
            )


def _variables(
    old: dict[str, object], row: HostRow, entry: ServerEntry, variables: dict[str, object]
) -> Iterator[tuple[HostRow, str, object]]:
    if not variables:
        return
    key = row.entry.env_key
    if not isinstance(old.get(key), dict):
        yield _inner(row, entry.name), key, variables
        return
    for name, text in variables.items():
        yield _inner(row, entry.name, key), name, text


def _inner(row: HostRow, *way: str) -> HostRow:
    """Return a row whose servers are the fields of one entry."""
    return dataclasses.replace(
        row,
        servers_key=(*row.servers_key, *way),
        is_list=False,
        entry=EntryShape(),
        secret_inputs=None,
    )


def kept_fields(content: bytes, row: HostRow, name: str) -> KeptFields:
    """Return what an entry keeps when it is adopted.

    Raises:
        McpInstallError: `host-config-invalid`.
    """
    return kept(row, _value(content, row, name))


def entry_digest(content: bytes, row: HostRow, name: str) -> str:
    """Return a digest of an entry as it stands in a file, to notice that it changed meanwhile.

    It is made of secrets, too, and so is never written or shown.

    Raises:
        McpInstallError: `host-config-invalid`.
    """
    return json_text.digest(repr(_value(content, row, name)))


def require_exchangeable(content: bytes, row: HostRow, name: str) -> None:
    """Refuse an entry whose form holds no single values to exchange.

    Raises:
        McpInstallError: `host-config-invalid`.
    """
    patches(content, row, ServerEntry(name=name, command="/", args=("-",), env=()))


def starts_as(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    """Tell whether the host starts the server of that name as `entry` says, adopted or not."""
    if entry.keeps is not None:
        return is_same(content, row, entry)
    return edits.starts_as(content, row, entry)


def is_same(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    """Tell whether an adopted entry starts what `entry` says, in the environment that it kept."""
    value = edits.server(content, row, entry.name)
    if not isinstance(value, dict) or entry.keeps is None:
        return False
    return not differing_keys(value, row, entry)


def differing_keys(value: object, row: HostRow, entry: ServerEntry) -> tuple[str, ...]:
    """Return the fields that decide what is started and are not as `entry` says, adopted or not.

    `value` is the server as it stands in a file.  An adopted entry may have its own variables
    and fields: those of them that it kept, by name.

    Raises:
        McpInstallError: `host-unsupported` when the host can't have the entry any more.
    """
    found = value if isinstance(value, dict) else {}
    if entry.keeps is None:
        return edits.differing_keys(found, row, entry)
    return tuple(dict.fromkeys(_differing(found, row, entry, entry.keeps)))


def as_written(
    value: dict[str, object], row: HostRow, entry: ServerEntry, keys: Sequence[str]
) -> dict[str, Json]:
    """Return fields of a server as they were written; None for one that was not.

    `value` is the server as it stands in a file: names that an adopted entry passes on besides
    ours stay.

    Raises:
        McpInstallError: `host-unsupported` when the host can't have the entry any more.
    """
    wanted = shape(row, entry)
    names = row.entry.names_key
    if entry.keeps is not None and names:
        wanted[names] = list(dict.fromkeys([*_listed(value, names), *_listed(wanted, names)]))
    return {key: tolerant.as_json(wanted.get(key)) for key in keys}


def _listed(value: dict[str, object], key: str) -> list[object]:
    found = value.get(key)
    return found if isinstance(found, list) else []


def _differing(
    value: dict[str, object], row: HostRow, entry: ServerEntry, keeps: KeptFields
) -> Iterator[str]:
    own, variables = fields(row, entry)
    names = own.pop(row.entry.names_key, None) if row.entry.names_key else None
    yield from (key for key, wanted in own.items() if (value.get(key) or None) != (wanted or None))
    there = kept(row, value)
    expected = {*keeps.variables, *variables}
    if set(there.variables) != expected or not _has(value.get(row.entry.env_key), variables):
        yield row.entry.env_key
    passed_on = {*keeps.forwarded, *(names if isinstance(names, list) else ())}
    if set(there.forwarded) != passed_on and row.entry.names_key:
        yield row.entry.names_key
    if is_own_kind(value):
        yield "type"
    yield from sorted(set(there.keys) ^ set(keeps.keys))
    yield from (key for key in address_keys(row) if value.get(key))


def _has(table: object, wanted: dict[str, object]) -> bool:
    found = table if isinstance(table, dict) else {}
    return all(found.get(key) == text for key, text in wanted.items())


def is_users(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    """Tell whether an adopted entry starts another program than ours by now: its user's."""
    if entry.keeps is None:
        return False
    command, _ = started(row, _value(content, row, entry.name))
    return command != entry.command


def given_back(content: bytes, row: HostRow, applied: AppliedEntry) -> bytes | None:
    """Return a file that was written anew since, with what its user's entry started at first.

    None where the form can't take it.
    """
    if applied.entry.keeps is None:
        return None
    name = applied.entry.name
    try:
        for key in _own(row, applied.entry):
            first = _first(row, applied, key)
            if not first:
                return None
            if first[0] or _value(content, row, name).get(key):
                inner = _inner(row, name)
                patch = edits.put_value(content, inner, key, first[0], replace=True)
                content = patch.apply(content)
        return _without_variables(content, row, applied.entry)
    except (FormError, McpInstallError):
        return None


def _without_variables(content: bytes, row: HostRow, entry: ServerEntry) -> bytes:
    """Take the variables out that came with us, where they have our values."""
    key, found = row.entry.env_key, _own_variables(content, row, entry)
    with contextlib.suppress(FormError, McpInstallError):  # one that can't go stays
        for name in found:
            content = edits.remove(content, _inner(row, entry.name, key), name).apply(content)
        kept_names = entry.keeps.variables if entry.keeps else ()
        if found and not kept_names and _value(content, row, entry.name).get(key) == {}:
            content = edits.remove(content, _inner(row, entry.name), key).apply(content)
    return content


def _own_variables(content: bytes, row: HostRow, entry: ServerEntry) -> list[str]:
    """Return the variables of an entry that came with us, and still have our values."""
    _, ours = fields(row, entry)
    there = _value(content, row, entry.name).get(row.entry.env_key)
    kept_names = entry.keeps.variables if entry.keeps else ()
    found = there if isinstance(there, dict) else {}
    return [one for one in ours if one not in kept_names and found.get(one) == ours[one]]


def is_given_back(content: bytes, row: HostRow, applied: AppliedEntry) -> bool:
    """Tell whether nothing of ours is left in what an adopted entry starts."""
    if applied.entry.keeps is None:
        return True
    try:
        there, own = _value(content, row, applied.entry.name), _own(row, applied.entry)
        left = _own_variables(content, row, applied.entry)
    except McpInstallError:
        return False
    firsts = {key: _first(row, applied, key) for key in own}
    return not left and all(
        (there.get(key) or None) == (firsts[key][0] or None)
        if firsts[key]
        else there.get(key) != ours
        for key, ours in own.items()
    )


def without_addresses(content: bytes, row: HostRow, entry: ServerEntry) -> bytes:
    """Return a file whose entry connects to no address: what was adopted had none.

    Raises:
        McpInstallError: `host-config-invalid`.
    """
    for key in address_keys(row):
        if key in _value(content, row, entry.name):
            content = edits.remove(content, _inner(row, entry.name), key).apply(content)
    return content


def _own(row: HostRow, entry: ServerEntry) -> dict[str, object]:
    """Return command and arguments as they are written into a host's file, by field."""
    own, _ = fields(row, entry)
    own.pop(row.entry.names_key or "", None)
    return own


def _first(row: HostRow, applied: AppliedEntry, key: str) -> list[object]:
    """Return the one value that a field had at first; nothing where nobody can tell."""
    ours = _own(row, applied.entry)[key]
    patches = [one for one in applied.own if [ours] == _read(row, one.inserted)]
    if patches:
        return _read(row, patches[0].removed)
    return [[]] if key == row.entry.args_key else []  # there were none: the command had them


def _read(row: HostRow, value: bytes) -> list[object]:
    """Return the one value that a text of a host's file stands for; nothing where it is none."""
    begin, end = {Format.TOML: (b"x = ", b""), Format.YAML: (b"x: ", b"")}.get(
        row.format, (b'{"x":', b"}")
    )
    try:
        found = tolerant.read(begin + value + end, row.format).value
    except ScanError:
        return []
    return [found["x"]] if isinstance(found, dict) and len(found) == 1 and "x" in found else []


def first_value(
    content: bytes, row: HostRow, before: AppliedEntry, after: AppliedEntry
) -> AppliedEntry:
    """Return what was applied last so that taking it back gives what stood there at first.

    `content` is the file with what was applied last.
    """
    *others, patch = (_from_first(content, row, (before, after), one) for one in after.own)
    return dataclasses.replace(after, fields=tuple(others), patch=patch)


def _from_first(
    content: bytes, row: HostRow, applied: tuple[AppliedEntry, AppliedEntry], last: Patch
) -> Patch:
    """Return a patch that replaces the text before the first of two changes by that of the last.

    A host may have written the file anew in between: fields are told by what they say.
    """
    before, after = applied
    for first in before.own:
        if last.removed and first.inserted.count(last.removed) == 1:
            lead, _, tail = first.inserted.partition(last.removed)
            whole = lead + last.inserted + tail
            if whole in content:
                at = last.offset - len(lead)
                return Patch(offset=at, removed=first.removed, inserted=whole)
    old = _own(row, before.entry)
    keys = [key for key, v in _own(row, after.entry).items() if [v] == _read(row, last.inserted)]
    for first in before.own:
        if any([old[key]] == _read(row, first.inserted) for key in keys):
            return dataclasses.replace(last, removed=first.removed)
    key = row.entry.args_key
    if key in keys and [old[key]] == _read(row, last.removed):  # at first the command had them
        return dataclasses.replace(last, removed=b"[]")
    return last


def _value(content: bytes, row: HostRow, name: str) -> dict[str, object]:
    value = edits.servers(content, row).get(name)
    return value if isinstance(value, dict) else {}


def _unfit(row: HostRow, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.HOST_CONFIG_INVALID,
        f"the entry in {row.title}'s file can't be changed in place: {why}",
        hint="write it as its host does, one field a line; then try again",
    )
