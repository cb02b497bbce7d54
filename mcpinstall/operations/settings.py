"""`--set` pairs, sorted to the servers of a plan (design §9)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations.context import Context
from mcpinstall.planning.inputs import Around
from mcpinstall.system import files


def around(context: Context, *, plaintext_secrets: bool = False) -> Around:
    """Return what answers are read against here: the working directory, the home, the disk."""
    machine = context.machine
    return Around(
        cwd=machine.cwd,
        home=machine.home,
        exists=files.exists,
        plaintext_secrets=plaintext_secrets,
    )


def by_entry(
    pairs: Sequence[tuple[str, str]], known: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, list[str]]]:
    """Return, for each entry, the values given for each of its inputs, in order.

    `known` maps entry names to the names of their inputs.  `KEY` goes to the one server that
    has that input; `SERVER.KEY` to that server.

    Raises:
        McpInstallError: `input-unknown` with near names, `input-invalid` when a bare name fits
            several servers.
    """
    values: dict[str, dict[str, list[str]]] = {entry: {} for entry in known}
    for key, value in pairs:
        entry, name = _place(key, known)
        values[entry].setdefault(name, []).append(value)
    return values


def _place(key: str, known: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    entry, dot, name = key.partition(".")
    if dot and entry in known and name in known[entry]:
        return entry, name
    owners = [entry for entry, names in known.items() if key in names]
    if len(owners) == 1:
        return owners[0], key
    if owners:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"several servers have an input `{key}`",
            hint="say which: " + " or ".join(f"`--set {owner}.{key}=…`" for owner in owners),
        )
    every = sorted({name for names in known.values() for name in names})
    near = _near(key, every)
    listed = ", ".join(f"`{name}`" for name in near or every)
    raise McpInstallError(
        ErrorCode.INPUT_UNKNOWN,
        f"there is no input `{key}`",
        hint=f"inputs: {listed}" if listed else "this server has no inputs",
    )


def _near(key: str, names: Sequence[str]) -> list[str]:
    """Return the names that may have been meant: `api-key` is near `API_KEY`."""
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(_folded(name), []).append(name)
    found = difflib.get_close_matches(_folded(key), folded, n=3)
    return [name for match in found for name in folded[match]]


def _folded(name: str) -> str:
    return name.lower().replace("_", "-")
