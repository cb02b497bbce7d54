"""Edits of a host's list of inputs, beside those of its servers: a second span of one file."""

from __future__ import annotations

from collections.abc import Collection

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import edits, secret_text
from mcpinstall.hosts.entry import expanded
from mcpinstall.model.host import HostFile, HostRow, Patch, ServerEntry


def put(
    content: bytes | None, row: HostRow, entry: ServerEntry, have: Collection[str] = ()
) -> tuple[Patch, ...]:
    """Return the patches that give the host the inputs which an entry needs, but for `have`.

    Raises:
        McpInstallError: As `edits.insert`; `server-exists` when there is another input of such
            an id.
    """
    own = secret_text.inputs_row(row)
    patches: list[Patch] = []
    for identifier, value in secret_text.inputs(row, entry).items():
        assert own is not None  # noqa: S101 (it has inputs)
        there = content is not None and identifier in edits.servers(content, own)
        if there and identifier in have:
            continue
        if there:
            raise McpInstallError(
                ErrorCode.SERVER_EXISTS,
                f"{row.title} already has an input `{identifier}`",
                hint="choose another name with `--as NAME`, or take the old input out",
            )
        patch = edits.put_value(content, own, identifier, value)
        content = patch.apply(content or b"")
        patches.append(patch)
    return tuple(patches)


def remove(
    content: bytes, row: HostRow, entry: ServerEntry, keep: Collection[str] = ()
) -> tuple[tuple[Patch, ...], tuple[str, ...]]:
    """Return the patches that take an entry's inputs out, and notes on those that stay.

    An input that something else in the file refers to stays.

    Raises:
        McpInstallError: As `edits.remove`.
    """
    own = secret_text.inputs_row(row)
    patches: list[Patch] = []
    notes: list[str] = []
    for identifier in secret_text.inputs(row, entry):
        assert own is not None  # noqa: S101 (it has inputs)
        if identifier in keep or identifier not in edits.servers(content, own):
            continue
        if f"input:{identifier}}}".encode() in content:
            notes.append(f"the input `{identifier}` stays: something else refers to it")
            continue
        patch = edits.remove(content, own, identifier)
        content = patch.apply(content)
        patches.append(patch)
    return tuple(patches), tuple(notes)


def rendered(row: HostRow, entry: ServerEntry) -> str:
    """Return the text of a file of this host that holds nothing but the entry and its inputs.

    Raises:
        McpInstallError: As `edits.rendered`.
    """
    content: bytes | None = None
    for patch in put(None, row, entry):
        content = patch.apply(content or b"")
    return edits.insert(content, row, entry).apply(content or b"").decode("utf-8")


def inputs_are_there(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    """Tell whether the file has every input that an entry needs.

    Raises:
        McpInstallError: `host-config-invalid`.
    """
    own, needed = secret_text.inputs_row(row), secret_text.inputs(row, entry)
    return own is None or needed.keys() <= edits.servers(content, own).keys()


def clear_text(file: HostFile, entry_name: str, variable: str) -> str | None:
    """Return the text that an entry gives a variable, as it stands in the file now.

    None where there is no such text, or where it is none but a reference to something else.

    Raises:
        McpInstallError: `host-config-invalid`.
    """
    entry = edits.servers(file.content or b"", file.row).get(entry_name)
    environment = entry.get(file.row.entry.env_key) if isinstance(entry, dict) else None
    text = environment.get(variable) if isinstance(environment, dict) else None
    return text if isinstance(text, str) and not expanded(file.row, text) else None
