"""Where a document stops being one: the place that a parser's message tells without a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from mcpinstall.model.json_text import KEY_SHOWN, MAX_DEPTH, TOO_LARGE
from mcpinstall.model.regions import JSON_TOKEN, Span
from mcpinstall.model.toml_text import TOKEN

_BYTE = re.compile(r"\bnot UTF-8 at byte (\d+)")
_TWICE = re.compile(r'the key ("(?:[^"\\]|\\.)*") appears twice')
_CONSTANT = re.compile(r"(NaN|-?Infinity) is not JSON")
_MARK = "byte-order mark"
_DEEP = re.compile(r"nests (?:deeper|too deep)")
_DIGITS = re.compile(r"\d{300,}|\d[eE]\+?\d{3,}")


def place(data: bytes, message: str) -> Span | None:
    """Return what of a document a refusal is about, as characters of its text, or None."""
    if found := _BYTE.search(message):
        start = len(data[: int(found[1])].decode("utf-8", "replace"))
        return Span(start, start + 1)
    text = data.decode("utf-8", "replace")
    if _MARK in message:
        return Span(0, 1)
    if found := _TWICE.search(message):
        return _second(text, found[1])
    if found := _CONSTANT.search(message):
        return _first(text, found[1].__eq__)
    if _DEEP.search(message):
        return _deepest(text)
    if TOO_LARGE in message:
        return _first(text, lambda mark: _DIGITS.search(mark) is not None)
    return None


def _first(text: str, is_meant: Callable[[str], bool]) -> Span | None:
    """Return the first word outside of strings that is meant."""
    for mark in JSON_TOKEN.finditer(text):
        if is_meant(mark[0]) and not mark[0].startswith('"'):
            return Span(*mark.span())
    return None


def _second(text: str, shown: str) -> Span | None:
    """Return the key of JSON that an object has already; `shown` is how the message spells it."""
    keys: list[set[str]] = []
    last: re.Match[str] | None = None
    for mark in JSON_TOKEN.finditer(text):
        if mark[0] in "{[":
            keys.append(set())
        elif mark[0] in "}]" and keys:
            keys.pop()
        elif mark[0] == ":" and keys and last is not None:
            name = str(json.loads(last[0], strict=False))
            if name in keys[-1] and json.dumps(name[:KEY_SHOWN]) == shown:
                return Span(*last.span())
            keys[-1].add(name)
        last = mark if mark[0].startswith('"') else None
    return None


def _deepest(text: str) -> Span | None:
    """Return the bracket that goes deeper than `MAX_DEPTH`, outside of strings and comments."""
    depth = 0
    for mark in TOKEN.finditer(text):
        depth += (mark[0] in "[{") - (mark[0] in "]}")
        if depth > MAX_DEPTH:
            return Span(*mark.span())
    return None
