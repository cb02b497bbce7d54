"""Edits of single values in JSON of any dialect."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mcpinstall.hosts.brackets import Brackets, TextSplice
from mcpinstall.hosts.forms import FormError
from mcpinstall.hosts.json_scan import TRIVIA
from mcpinstall.hosts.tolerant_places import Item, JsonPlaces
from mcpinstall.model.host import Format
from mcpinstall.model.json_text import Json
from mcpinstall.model.regions import Span

_TRIVIA = TRIVIA[Format.JSONC]


class JsonValues:
    """The values of one document, for one edit."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places = JsonPlaces(text)

    def set_to(self, way: Sequence[str], value: Json) -> TextSplice:
        """Return the splice that replaces a value."""
        found = self._item(way)
        escapes = "\\u" in self._text[found.start : found.end]
        return TextSplice(found.start, found.end, json.dumps(value, ensure_ascii=escapes))

    def removed(self, way: Sequence[str]) -> TextSplice:
        """Return the splice that takes a member or item out."""
        brackets, keys = self._brackets(way[:-1])
        return brackets.without(keys.index(way[-1]))

    def added(self, way: Sequence[str], value: Json, behind: str) -> TextSplice:
        """Return the splice that puts a member or item in."""
        brackets, keys = self._brackets(way[:-1])
        if self._text[brackets.start] == "[":
            return brackets.with_item(int(way[-1]), _encoded(value))
        member = f"{_encoded(way[-1])}: {_encoded(value)}"
        if behind in keys:
            return brackets.behind(keys.index(behind), member)
        return brackets.with_item(len(keys), member)

    def _item(self, way: Sequence[str]) -> Item:
        found = self._places.item(way)
        if found is None:
            raise FormError("the value is not where it was")
        return found

    def _brackets(self, way: Sequence[str]) -> tuple[Brackets, list[str]]:
        if way:
            found = self._item(way)
            start, close = found.start, found.end - 1
        else:
            match = _TRIVIA.match(self._text, 0)
            start, close = match.end() if match else 0, self._text.rfind("}")
        items = self._places.items(start)
        spans = tuple(
            Span(one.start if one.label is None else one.label.start, one.end) for one in items
        )
        brackets = Brackets(text=self._text, start=start, close=close, items=spans, trivia=_TRIVIA)
        return brackets, [one.key for one in items]


def _encoded(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
