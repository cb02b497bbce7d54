"""What an entry looks like in one host: its shape, and what that host would misread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import remote_entry, secret_text
from mcpinstall.model import names
from mcpinstall.model.adoption import KeptFields
from mcpinstall.model.host import (
    CommandForm,
    EntryShape,
    EnvironmentValue,
    HostRow,
    SecretPlace,
    SecretStyle,
    ServerEntry,
)

_EXPANDED = re.compile(r"\$(?:\{|[A-Za-z_])")
"""Text in which a host that knows variables would put something else."""

FROM_ELSEWHERE = ("envFile", "env_file", "dev", "code")
"""Fields that bring variables or code which no entry shows: a file of variables, VS Code's
debugger, Goose's `inline_python`."""
_ALSO_STARTING = ("cwd", "working_directory", "workingDirectory", *FROM_ELSEWHERE)
"""Fields that we never write, and that change what is started."""
_OWN_KINDS = frozenset({"builtin", "frontend", "inline_python", "platform"})
"""Values of `type` with which a host (Goose) starts something of its own, and no command."""


def require_name(row: HostRow, name: str) -> None:
    """Refuse a name that no host takes, or that this one doesn't.

    Raises:
        McpInstallError: `name-invalid`.
    """
    names.entry_name(name)
    reserved = {taken.lower() for taken in row.reserved_names}
    if name.lower() in reserved or not re.fullmatch(row.name_pattern, name):
        why = "keeps that name for itself" if name.lower() in reserved else "refuses that name"
        raise McpInstallError(
            ErrorCode.NAME_INVALID,
            f"{row.title} can't have a server named `{name}`: it {why}",
            hint=f"choose another one with `--as`, such as `{_usable(row, name)}`",
        )


def shape(row: HostRow, entry: ServerEntry) -> dict[str, object]:
    """Return the value of an entry as a parser of the host's file would see it.

    Raises:
        McpInstallError: `host-unsupported` when the host would misread a value, or has no way
            to name a secret.
    """
    remote = entry.remote
    values = (*entry.env, *(remote.headers if remote else ()))
    texts = (entry.command, *entry.args, remote.url if remote else "")
    around = [text for one in values for text in (one.value or one.prefix, one.suffix)]
    for text in (*texts, *around):
        _require_literal(row, text)
    for item in values:
        _require_reference(row, item)
    if remote is not None:
        return remote_entry.value(row, entry.name, remote)
    _require_variables(row, entry)
    shape = row.entry
    value: dict[str, object] = dict(shape.constants)
    if shape.name_key:
        value = {shape.name_key: entry.name, **value}
    value |= _command(shape, entry)
    environment = {
        item.name: _environment_text(row, entry, item)
        for item in entry.env
        if item.place is not SecretPlace.KEYRING  # the command that is started sets it
    }
    literal = {name: text for name, text in environment.items() if text is not None}
    forwarded = [name for name, text in environment.items() if text is None]
    if forwarded and shape.names_key:
        value[shape.names_key] = forwarded
    if literal:
        value[shape.env_key] = literal
    return value


def started(row: HostRow, value: object) -> tuple[str | None, tuple[str, ...]]:
    """Return command and arguments of an entry as its host would start it."""
    fields = value if isinstance(value, dict) else {}
    command = fields.get(row.entry.command_key)
    words = command if isinstance(command, list) else [command]
    arguments = fields.get(row.entry.args_key)
    words += arguments if isinstance(arguments, list) else []
    first, *rest = words or [None]
    return (
        first if isinstance(first, str) else None,
        tuple(word for word in rest if isinstance(word, str)),
    )


def is_off(row: HostRow | None, fields: Mapping[str, object]) -> bool:
    """Tell whether a host does not start an entry, by its own switch or one of the usual ones."""
    off = (("disabled", True), ("enabled", False), ("state", "disabled"))
    own = (row.switch_off,) if row and row.switch_off else ()
    return any(
        fields.get(key) == value and isinstance(fields[key], type(value))
        for key, value in (*own, *off)
    )


def fields(row: HostRow, entry: ServerEntry) -> tuple[dict[str, object], dict[str, object]]:
    """Return what is written into an entry that was adopted: its fields, and its variables.

    Raises:
        McpInstallError: as `shape`.
    """
    value = shape(row, entry)
    own = _command(row.entry, entry)
    found = value.get(row.entry.env_key)
    forwarded = value.get(row.entry.names_key or "")
    if isinstance(forwarded, list) and row.entry.names_key:
        own[row.entry.names_key] = forwarded
    return own, dict(found) if isinstance(found, dict) else {}


def kept(row: HostRow, value: object) -> KeptFields:
    """Return what an entry that another program wrote would keep when it is adopted."""
    found = value if isinstance(value, dict) else {}
    table = found.get(row.entry.env_key)
    return KeptFields(
        variables=tuple(sorted(str(name) for name in table)) if isinstance(table, dict) else (),
        keys=tuple(key for key in _ALSO_STARTING if found.get(key)),
        forwarded=tuple(sorted(forwarded(row, found))),
    )


def forwarded(row: HostRow, value: Mapping[str, object]) -> set[str]:
    """Return the variables that an entry lets its host pass on by their names alone."""
    names = value.get(row.entry.names_key or "")
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def is_own_kind(value: Mapping[Any, object]) -> bool:
    """Tell whether an entry lets its host start something of its own, whatever its command is."""
    return value.get("type") in _OWN_KINDS


def starting_keys(row: HostRow) -> tuple[str, ...]:
    """Return the fields of an entry that decide what is started, and in which environment."""
    shape = row.entry
    own = (shape.command_key, shape.args_key, shape.env_key, shape.names_key or "")
    return (*own, *remote_entry.address_keys(row), *_ALSO_STARTING)


def _require_reference(row: HostRow, item: EnvironmentValue) -> None:
    """Refuse to refer to a variable that the host would look up under another name."""
    name = item.reference
    if not row.capital_variables or name is None or name == name.upper():
        return
    if item.place not in (SecretPlace.HOST, SecretPlace.KEYRING):
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"{row.title} looks for the variable `{name.upper()}` where an entry names `{name}`",
            hint=f"put the value into a variable in capitals, and name that: `env:{name.upper()}`",
        )


def _require_variables(row: HostRow, entry: ServerEntry) -> None:
    """Refuse a variable that the host would leave out, mostly without a word."""
    refused = {name.upper() for name in row.refused_variables}
    for item in entry.env:
        if item.name.upper() in refused:
            raise McpInstallError(
                ErrorCode.HOST_UNSUPPORTED,
                f"{row.title} does not let an entry set the variable `{item.name}`",
                hint="choose another host",
            )


def _command(shape: EntryShape, entry: ServerEntry) -> dict[str, object]:
    if shape.command_form is CommandForm.WHOLE:
        return {shape.command_key: [entry.command, *entry.args]}
    alone = shape.command_form is CommandForm.LIST
    return {
        shape.command_key: [entry.command] if alone else entry.command,
        shape.args_key: list(entry.args),
    }


def _environment_text(row: HostRow, entry: ServerEntry, item: EnvironmentValue) -> str | None:
    """Return a variable's text; None when the host passes the variable on by its name."""
    if item.place is SecretPlace.HOST:
        return secret_text.named(row, entry.name, item)
    if item.reference is None:
        return item.value or ""
    if row.secret_style is SecretStyle.TEMPLATE and row.secret_template:
        return item.prefix + row.secret_template.replace("%s", item.reference) + item.suffix
    if row.secret_style is SecretStyle.NAMES and item.is_whole and item.reference == item.name:
        return None
    if row.secret_style is SecretStyle.NAMES:
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"{row.title} passes variables on by their own name, so `{item.name}` can't be "
            f"taken from `{item.reference}`",
            hint=f"put the value into the variable `{item.name}`"
            if item.is_whole
            else f"`--secret {item.asked}` keeps it in the keyring",
        )
    raise McpInstallError(
        ErrorCode.HOST_UNSUPPORTED,
        f"{row.title} can't refer to the variable `{item.reference}`: values in its file are "
        "taken as they are",
        hint=f"`--secret {item.asked}` keeps it in the keyring; or choose another host, or let the "
        "value stand there in clear text with `--plaintext-secrets`",
    )


def _require_literal(row: HostRow, text: str) -> None:
    """Refuse text that the host would expand, or that is not Unicode."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"a value holds bytes that are not UTF-8, which {row.title}'s file can't hold",
        ) from None
    if found := expanded(row, text):
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"{row.title} would expand `{found}` in a value, and put something else there",
            hint=f"choose a value (or a folder) without `{found}`",
        )


def expanded(row: HostRow, text: str) -> str | None:
    """Return the first part of a text in whose place the host would put something else."""
    dollar = None if row.literal_dollar else _EXPANDED.search(text)
    return dollar[0] if dollar else next((one for one in row.expands if one in text), None)


def _usable(row: HostRow, name: str) -> str:
    for candidate in (name.replace("_", "-"), f"my-{name}", "my-server"):
        if candidate != name and re.fullmatch(row.name_pattern, candidate):
            return candidate
    return "server"
