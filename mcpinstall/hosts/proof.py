"""Proof of an edit: an independent parser sees our entries and everything else unchanged."""

from __future__ import annotations

import contextlib
import gc
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from mcpinstall.hosts import json_plain
from mcpinstall.hosts.json_scan import Located, ScanError, fingerprint, latin
from mcpinstall.model import toml_text
from mcpinstall.model.host import Format, HostRow

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
    return outline(tree(row, content), row.servers_key, ours)


def outline(document: object, way: tuple[str, ...], ours: frozenset[str]) -> Outline:
    """Return the outline of a parsed document."""
    levels: list[Pairs] = []
    for key in (*way, None):
        if not isinstance(document, dict):
            break
        skip = ours if key is None else frozenset()
        levels.append(
            tuple(
                (name, None if name == key else fingerprint(value))
                for name, value in document.items()
                if name not in skip
            )
        )
        if key not in document:
            break
        document = document[key]
    return Outline(levels=tuple(levels))


def outline_of_scan(located: Located, ours: frozenset[str]) -> Outline:
    """Return the outline that the scan of a strict JSON document made on its way."""
    levels = [
        tuple((member.key, member.fingerprint) for member in found.members)
        for found in located.objects
    ]
    if located.servers is not None:
        levels[-1] = tuple(pair for pair in levels[-1] if pair[0] not in ours)
    return Outline(levels=tuple(levels) or ((),))


def server(document: object, way: tuple[str, ...], name: str) -> object:
    """Return the value of a server in a parsed document; None when there is none."""
    for key in (*way, name):
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return document


def tree(row: HostRow, content: bytes | None) -> object:
    """Parse a file by the independent parser; texts are Latin-1 (see `json_scan`).

    Raises:
        ScanError: It can't be parsed.
    """
    if content is None:
        return {}
    if row.format is not Format.TOML:
        return json_plain.parse(content.decode("latin-1"), row.format)
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
        toml_text.require_short_keys(text)
        return latin(tomllib.loads(text))
    except RecursionError:
        raise ScanError("it nests too deeply", -1) from None
    except ValueError as error:
        raise ScanError(str(error), -1) from None


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
