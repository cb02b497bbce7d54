"""`tools.json`: a server's tool list in canonical form, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.json_text import Json
from mcpinstall.model.text import is_plain, printable
from mcpinstall.model.tools import ToolList

_NAME_CHARACTERS = 256
"""Longest tool name; the protocol suggests at most 128."""

_EXACT_INTEGERS = 2**53
"""Up to here a float that is a whole number is written as one (ECMA-262 safe integers)."""

_RETURN = re.compile(r"\r\n?")

_MARK = "[\u200c\u200d\ufe0e\ufe0f]"
_ORDINARY = re.compile(
    "[\n\t\u2000-\u200a\u205f]"  # lines and typographic spaces of a description
    rf"|(?<!{_MARK}){_MARK}(?!\ufe0e|\ufe0f|\u200c)"  # one joiner or emoji selector
    r"|(?<=\ufe0f)\u200d"  # a selector and a joiner, as in the rainbow flag
    "|\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f"  # flag of Wales
)
"""What is not plain and yet ordinary in a description: lines, emoji, Persian and Indic joiners."""


def canonical_tools(raw: Sequence[object], *, code: ErrorCode = ErrorCode.PROBE_FAILED) -> ToolList:
    """Return tools, as `tools/list` gave them, in canonical form.

    Sorted by name; descriptions cleaned of indentation (Python versions differ in it); whole
    numbers written without a fraction.  Nothing is dropped.  Canonical of canonical is itself.

    Raises:
        McpInstallError: `code`, for a tool that is no object, has no usable name, or a name twice.
    """
    found: dict[str, Json] = {}
    for tool in raw:
        name = tool.get("name") if isinstance(tool, Mapping) else None
        if not isinstance(name, str) or not 0 < len(name) <= _NAME_CHARACTERS:
            raise McpInstallError(code, "a tool has no usable name")
        if name in found:
            raise McpInstallError(code, f"the tool name `{printable(name)}` appears twice")
        found[name] = _canonical(tool, code, depth=2)
    return ToolList(tools=tuple(found[name] for name in sorted(found)))


def parse_tools(data: bytes, where: str = "tools.json") -> ToolList:
    """Read a reviewed tool list, which must be the canonical bytes and hide nothing.

    Raises:
        McpInstallError: `json-invalid`, `manifest-invalid` when the bytes are not canonical,
            `text-hostile` when a text holds characters that a reader cannot see.
    """
    code = ErrorCode.MANIFEST_INVALID
    value = json_text.parse(data, where)
    listed = value.get("tools") if isinstance(value, Mapping) else None
    if not isinstance(listed, list):
        raise McpInstallError(code, f"`{where}` is not a list of tools")
    tools = canonical_tools(listed, code=code)
    if tools.text != data:
        raise McpInstallError(
            code,
            f"`{where}` is not in canonical form",
            hint="make it again with `mcpi manifest lock`",
        )
    _require_visible(value, where)
    return tools


def hidden_in(text: str) -> str:
    """Return the first character of a description that a reader cannot see; empty for none."""
    if text.isascii() and text.isprintable():
        return ""
    return next((char for char in _ORDINARY.sub("", text) if not is_plain(char)), "")


def clean_description(text: str) -> str:
    """Return `text` without the indentation, line ends and blank edges of a docstring.

    As `inspect.cleandoc`, which differs between Python versions and is not idempotent: lines
    lose trailing spaces, the text its blank edges, the first line its indentation, and the
    other lines the indentation that they share.
    """
    text = _RETURN.sub("\n", text).expandtabs()
    lines = [line.rstrip(" ") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    lines = lines[next((number for number, line in enumerate(lines) if line), 0) :]
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines[1:] if line), default=0)
    return "\n".join(
        [line.lstrip(" ") for line in lines[:1]] + [line[margin:] for line in lines[1:]]
    )


def _canonical(value: object, code: ErrorCode, depth: int) -> Json:
    if depth > json_text.MAX_DEPTH:
        raise McpInstallError(code, f"a tool nests deeper than {json_text.MAX_DEPTH} levels")
    if isinstance(value, float):
        return _number(value, code)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [_canonical(item, code, depth + 1) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {
            key: clean_description(item)
            if key == "description" and isinstance(item, str)
            else _canonical(item, code, depth + 1)
            for key, item in value.items()
        }
    raise McpInstallError(code, "a tool holds a value that JSON does not have")


def _number(value: float, code: ErrorCode) -> int | float:
    if not math.isfinite(value):
        raise McpInstallError(code, "a tool holds a number that is too large")
    return int(value) if value.is_integer() and abs(value) <= _EXACT_INTEGERS else value


def _require_visible(value: Json, where: str) -> None:
    """Refuse the first text, key or value, with a hidden character."""
    if isinstance(value, str):
        if hidden := hidden_in(value):
            raise McpInstallError(
                ErrorCode.TEXT_HOSTILE,
                f"`{printable(where)}` holds the character {printable(hidden)}, "
                "which a reader cannot see",
                hint="text that lies to its reader is refused; tell the author of the server",
            )
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _require_visible(key, where)
            _require_visible(item, _below(where, key))
    elif isinstance(value, Sequence):
        for item in value:
            named = item.get("name") if isinstance(item, Mapping) else None
            _require_visible(item, _below(where, named) if isinstance(named, str) else where)


def _below(where: str, key: str) -> str:
    """Return the place of `key`, cut: a long key would be copied for everything below it."""
    return f"{where}/{key[:_NAME_CHARACTERS]}"
