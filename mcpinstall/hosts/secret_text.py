"""How an entry names a secret that its host asks for and keeps: inputs, or a store of its own."""

from __future__ import annotations

import dataclasses

from mcpinstall.model.host import (
    EntryShape,
    EnvironmentValue,
    HostRow,
    SecretPlace,
    ServerEntry,
)

_MARK = "mcpi."


def input_id(entry_name: str, variable: str) -> str:
    """Return the id of an input of ours: `mcpi.ENTRY.VARIABLE` (neither holds a dot)."""
    return f"{_MARK}{entry_name}.{variable}"


def is_ours(identifier: object, entry_names: frozenset[str]) -> bool:
    """Tell whether an input is one that we made for one of these entries."""
    if not isinstance(identifier, str) or not identifier.startswith(_MARK):
        return False
    return identifier.removeprefix(_MARK).partition(".")[0] in entry_names


def kept_by_host(entry: ServerEntry) -> tuple[EnvironmentValue, ...]:
    """Return the secrets of an entry that its host asks for."""
    values = (*entry.env, *(entry.remote.headers if entry.remote else ()))
    return tuple(value for value in values if value.place is SecretPlace.HOST)


def named(row: HostRow, entry_name: str, item: EnvironmentValue) -> str | None:
    """Return what stands for a secret that the host keeps; None where its name alone does."""
    inputs = row.secret_inputs
    if inputs is None or inputs.template is None:
        return None
    text = inputs.template.replace("%s", input_id(entry_name, item.name))
    return f"{item.prefix}{text}{item.suffix}"


def inputs(row: HostRow, entry: ServerEntry) -> dict[str, dict[str, object]]:
    """Return the inputs that an entry needs, by id, as a parser of the file would see them."""
    if row.secret_inputs is None or row.secret_inputs.key is None:
        return {}
    return {
        input_id(entry.name, item.name): {
            "type": "promptString",
            "id": input_id(entry.name, item.name),
            "description": f"{item.name} of {entry.name}",
            "password": True,
        }
        for item in kept_by_host(entry)
    }


def inputs_row(row: HostRow) -> HostRow | None:
    """Return a row whose servers are the inputs of this host's file; None if it has none.

    The list of inputs is edited, and proved, as a list of servers is.
    """
    if row.secret_inputs is None or row.secret_inputs.key is None:
        return None
    return dataclasses.replace(
        row,
        servers_key=(row.secret_inputs.key,),
        is_list=True,
        entry=EntryShape(name_key="id"),
        secret_inputs=None,
    )
