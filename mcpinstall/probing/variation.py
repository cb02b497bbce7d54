"""Places of a tool list that may differ between machines, each declared and bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.json_text import Json
from mcpinstall.model.manifest import ToolVariation
from mcpinstall.model.text import is_plain

_PLACEHOLDER = re.compile(r"(\{[a-z][a-z0-9_]*\})")
_PLACEHOLDER_CHARACTERS = 200  # longest text that one placeholder stands for
_TOOL_PARTS = 2  # parts of `/tools/<name>`


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place at which two tool lists differ; None means that the side has no value there."""

    place: tuple[str, ...]
    """Parts of the pointer: `tools`, the tool's name, keys and indexes."""
    reviewed: tuple[Json] | None
    seen: tuple[Json] | None


def is_declared(
    difference: Difference, varies: Sequence[ToolVariation], markers: Mapping[str, str]
) -> bool:
    """Tell whether one entry of `[[tools.varies]]` allows this difference.

    The pointer is RFC 6901, with the array of tools addressed by name: an index would point
    at another tool as soon as one is added.  `pattern` allows a text at exactly that place;
    `when` alone allows any value at the place or below it where the marker holds, and for a
    pointer that names a whole tool only that the tool is missing.  A new tool is never allowed.

    Raises:
        McpInstallError: `manifest-invalid` for a marker or pointer that has no meaning.
    """
    return any(_allows(entry, difference, markers) for entry in varies)


def _allows(entry: ToolVariation, difference: Difference, markers: Mapping[str, str]) -> bool:
    place = _parts(entry.pointer)
    if difference.place[: len(place)] != place:
        return False
    if entry.when is not None and not _holds(entry.when, markers):
        return False
    if entry.pattern is not None:
        return difference.place == place and _fits(entry.pattern, difference.seen)
    if entry.when is None:
        return False
    if len(place) == _TOOL_PARTS:
        return difference.place == place and difference.seen is None
    return True


def _parts(pointer: str) -> tuple[str, ...]:
    parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/"))
    if len(parts) <= _TOOL_PARTS or parts[:2] != ("", "tools"):
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID,
            f"`{pointer}` does not point into a tool",
            hint="write `/tools/<tool name>/…`",
        )
    return parts[1:]


def _fits(pattern: str, seen: tuple[Json] | None) -> bool:
    return seen is not None and isinstance(seen[0], str) and matches(pattern, seen[0])


def matches(pattern: str, text: str) -> bool:
    r"""Tell whether `text` is `pattern`, each `{name}` being up to 200 plain characters.

    A line feed is written as `\n` in a pattern, for manifests hold plain characters only.
    All possible ends are followed at once, so that no pattern can make this slow; nothing in
    a pattern is a regular expression.
    """
    ends = {0}
    for number, part in enumerate(_PLACEHOLDER.split(pattern.replace("\\n", "\n"))):
        if number % 2:
            ends = _after_placeholder(ends, text)
        else:
            ends = {end + len(part) for end in ends if text.startswith(part, end)}
    return len(text) in ends


def _after_placeholder(starts: set[int], text: str) -> set[int]:
    ends: set[int] = set()
    reach = -1  # of the latest start, which reaches furthest
    for position in range(len(text) + 1):
        if position in starts:
            reach = position + _PLACEHOLDER_CHARACTERS
        if position <= reach:
            ends.add(position)
        if position < len(text) and not is_plain(text[position]):
            reach = -1
    return ends


def _holds(marker: str, markers: Mapping[str, str]) -> bool:
    from packaging.markers import (
        InvalidMarker,
        Marker,
        UndefinedComparison,
        UndefinedEnvironmentName,
    )

    try:
        return Marker(marker).evaluate(dict(markers))
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName) as error:
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID, f"`{marker}` is no usable marker: {error}"
        ) from None
