"""Edits of single values in TOML: in tables, inline tables and lists."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from mcpinstall.hosts.brackets import Brackets, TextSplice, eol_of, indent_of, without_line
from mcpinstall.hosts.forms import FormError
from mcpinstall.hosts.quoting import quoted
from mcpinstall.model.json_text import Json
from mcpinstall.model.regions import Span, toml_spans, toml_values

_TRIVIA = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_REST = re.compile(r"[^\r\n]*")


class TomlValues:
    """The values of one document, for one edit."""

    def __init__(self, text: str, document: object) -> None:
        self._text = text
        self._document = document
        try:
            self._values, self._spans = toml_values(text), toml_spans(text)
        except (IndexError, ValueError, RecursionError):
            raise FormError("its values can't be located") from None

    def set_to(self, way: Sequence[str], value: Json) -> TextSplice:
        """Return the splice that replaces a value."""
        span = self._value(way)
        return TextSplice(span.start, span.end, _like(self._text[span.start : span.end], value))

    def removed(self, way: Sequence[str]) -> TextSplice:
        """Return the splice that takes a member or item out."""
        brackets, keys = self._brackets(way[:-1])
        if brackets is not None:
            return brackets.without(keys.index(way[-1]))
        span = self._span(way)
        return without_line(self._text, span.start, span.end)

    def added(self, way: Sequence[str], value: Json, behind: str) -> TextSplice:
        """Return the splice that puts a member or item in."""
        brackets, keys = self._brackets(way[:-1])
        if brackets is not None and self._text[brackets.start] == "[":
            return brackets.with_item(int(way[-1]), _encoded(value))
        member = f"{_name(way[-1])} = {_encoded(value)}"
        if brackets is not None:
            return brackets.behind(keys.index(behind), member) if keys else (
                brackets.with_item(0, member)
            )  # fmt: skip
        before = self._span((*way[:-1], behind))
        rest = _REST.match(self._text, before.end)
        at = rest.end() if rest else before.end
        indent = indent_of(self._text, before.start)
        return TextSplice(at, at, f"{eol_of(self._text)}{indent}{member}")

    def _brackets(self, way: Sequence[str]) -> tuple[Brackets | None, list[str]]:
        """Return the list or inline table at a way; None for a table."""
        path = self._path(way)
        span = self._values.get(path)
        if span is None:
            return None, []
        inside = _follow(self._document, way)
        is_list = isinstance(inside, list)
        keys = [str(n) for n in range(len(inside))] if isinstance(inside, list) else list(
            inside if isinstance(inside, dict) else ()
        )  # fmt: skip
        spans = [self._spans.get(f"{path}[{key}]" if is_list else f"{path}.{key}") for key in keys]
        found = tuple(one for one in spans if one is not None)
        if len(found) != len(spans):
            raise FormError("its values can't be located")
        return Brackets(
            text=self._text, start=span.start, close=span.end - 1, items=found, trivia=_TRIVIA
        ), keys

    def _span(self, way: Sequence[str]) -> Span:
        found = self._spans.get(self._path(way))
        if found is None:
            raise FormError("the value is not where it was")
        return found

    def _value(self, way: Sequence[str]) -> Span:
        found = self._values.get(self._path(way))
        if found is None:
            raise FormError("the value is not where it was")
        return found

    def _path(self, way: Sequence[str]) -> str:
        path = ""
        for token in way:
            inside = f"{path}[{token}]"
            known = token.isdecimal() and inside in self._spans
            path = inside if known else f"{path}.{token}" if path else token
        return path


def _name(key: str) -> str:
    return key if _BARE.fullmatch(key) else quoted(key)


def _follow(document: object, way: Sequence[str]) -> object:
    for token in way:
        if isinstance(document, list):
            document = document[int(token)]
        elif isinstance(document, dict):
            document = document[token]
    return document


def _like(old: str, value: Json) -> str:
    """Return a value in the quotes of the one before, where they can hold it."""
    literal = old[:1] == "'" and old[:3] != "'''"
    if literal and isinstance(value, str) and "'" not in value and value.isprintable():
        return f"'{value}'"
    return _encoded(value)


def _encoded(value: Json) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(_encoded(item) for item in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{_name(key)} = {_encoded(item)}" for key, item in value.items())
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    return json.dumps(value)
