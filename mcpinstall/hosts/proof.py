"""Proof of an edit: an independent parser sees our entries and everything else unchanged."""

from __future__ import annotations

import contextlib
import gc
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from mcpinstall.hosts import json_plain, positions, secret_text
from mcpinstall.hosts.forms import ScanError, reason
from mcpinstall.hosts.json_scan import Located, fingerprint, latin
from mcpinstall.model import toml_text
from mcpinstall.model.host import Format, HostRow

_NULL_IS_EMPTY = frozenset({Format.YAML})
"""Formats in which `servers:` with nothing behind it is usual."""

_TITLES = {
    **{(dialect, False): "an object" for dialect in Format},
    **{(dialect, True): "a list" for dialect in Format},
    (Format.TOML, False): "a table",
    (Format.TOML, True): "an array of tables",
    (Format.YAML, False): "a map",
}

Pairs = tuple[tuple[str, "int | None"], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A document without our entries: per object on the way, its keys and their values' marks.

    The key that leads on has no mark.
    """

    levels: tuple[Pairs, ...]

    def without_empty(self, depth: int) -> Outline | None:
        """Return the outline with only `depth` objects; None if the others are not empty."""
        levels = list(self.levels)
        while len(levels) > depth:
            if levels.pop():
                return None
            if levels:
                levels[-1] = tuple(pair for pair in levels[-1] if pair[1] is not None)
        return Outline(levels=tuple(levels))


def same_others(one: Outline, two: Outline) -> bool:
    """Tell whether two documents differ in our entries at most.

    Objects on the way that one of them lacks may be empty in the other.
    """
    depth = min(len(one.levels), len(two.levels))
    return one.without_empty(depth) == two.without_empty(depth)


def outline_of(row: HostRow, content: bytes | None, ours: frozenset[str]) -> Outline:
    """Return the outline of a file, by the parser that had no part in the edit.

    Raises:
        ScanError: It can't be parsed.
    """
    return outline(tree(row, content), row, ours)


def outline(document: object, row: HostRow, ours: frozenset[str]) -> Outline:
    """Return the outline of a parsed document."""
    levels: list[Pairs] = []
    whole = document
    document = _without_inputs(document, row, ours)
    for key in row.servers_key:
        if not isinstance(document, dict):
            return Outline(levels=tuple(levels))
        if key in document and document[key] is None and row.format in _NULL_IS_EMPTY:
            document = {name: value for name, value in document.items() if name != key}
        levels.append(
            tuple(
                (name, None if name == key else fingerprint(value))
                for name, value in document.items()
            )
        )
        if key not in document:
            return Outline(levels=tuple(levels))
        document = document[key]
    if isinstance(document, list if row.list_field else dict):
        levels.append(
            tuple(
                (name, fingerprint(value)) for name, value in items(whole, row) if name not in ours
            )
        )
    return Outline(levels=tuple(levels))


def _without_inputs(document: object, row: HostRow, ours: frozenset[str]) -> object:
    """Return a document without the inputs of our entries, and without a list of no others."""
    inputs = secret_text.inputs_row(row)
    if inputs is None or not isinstance(document, dict):
        return document
    (key,) = inputs.servers_key
    found = document.get(key)
    if not isinstance(found, list):
        return document
    left = [one for one in found if not secret_text.is_ours(_name(one, "id"), ours)]
    if left == found != []:
        return document
    return {
        name: left if name == key else value
        for name, value in document.items()
        if name != key or left
    }


def outline_of_scan(located: Located, ours: frozenset[str]) -> Outline:
    """Return the outline that the scan of a strict JSON document made on its way."""
    levels = [
        tuple((member.key, member.fingerprint) for member in found.members)
        for found in located.objects
    ]
    if located.servers is not None:
        levels[-1] = tuple(pair for pair in levels[-1] if pair[0] not in ours)
    return Outline(levels=tuple(levels) or ((),))


def items(document: object, row: HostRow) -> tuple[tuple[str, object], ...]:
    """Return name and value of every server; an item of a list without a name has an empty one.

    Raises:
        ScanError: Something else stands where servers belong, or a name stands there twice.
    """
    for number, key in enumerate(row.servers_key):
        if isinstance(document, dict) and key not in document:
            return ()
        document = document[key] if isinstance(document, dict) else None
        if document is None and row.format in _NULL_IS_EMPTY:
            return ()
        last = number + 1 == len(row.servers_key)
        if not isinstance(document, list if last and row.list_field else dict):
            what = _TITLES[row.format, bool(last and row.list_field)]
            named = ".".join(row.servers_key[: number + 1])
            raise ScanError(f"`{named}` is not {what}", -1, key)
    if isinstance(document, dict):
        return tuple(document.items())
    found = [(_name(item, row.list_field), item) for item in _listed(document)]
    names = [name for name, _ in found if name]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ScanError(f"the server `{min(twice)[:80]}` appears twice", -1, min(twice))
    return tuple(found)


def _listed(document: object) -> list[object]:
    return document if isinstance(document, list) else []


def _name(item: object, field: str | None) -> str:
    name = item.get(field) if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""


def servers(document: object, row: HostRow) -> dict[str, object]:
    """Return the servers of a parsed document by name.

    Raises:
        ScanError: As `items`.
    """
    return {name: value for name, value in items(document, row) if name or not row.list_field}


def server(document: object, row: HostRow, name: str) -> object:
    """Return the value of a server in a parsed document; None when there is none."""
    try:
        return servers(document, row).get(name)
    except ScanError:
        return None


def tree(row: HostRow, content: bytes | None) -> object:
    """Parse a file by the independent parser; texts are Latin-1 (see `json_scan`).

    Raises:
        ScanError: It can't be parsed.
    """
    if content is None:
        return {}
    if row.format is Format.YAML:
        from mcpinstall.hosts import yaml_read

        return yaml_read.read(content).value
    if row.format is not Format.TOML:
        return json_plain.parse(content.decode("latin-1"), row.format)
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
        toml_text.require_short_keys(text)
        return latin(tomllib.loads(text))
    except RecursionError:
        raise ScanError(
            "it nests too deeply", positions.of_depth(content.decode("latin-1"))
        ) from None
    except ValueError as error:
        why = reason(error)
        at = -1 if why == str(error) else positions.of_constant(content.decode("latin-1"))
        raise ScanError(why, at) from None


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """Keep the cycle collector from walking a big document again and again while it is parsed.

    A tree of JSON has no cycles; with 10 MB this halves the time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
