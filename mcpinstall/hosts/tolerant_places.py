"""Where the values of a document stand that was read before; one class for each syntax.

A file is walked only as far as a way leads: beside it, values are passed over.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mcpinstall.hosts.json_scan import TRIVIA
from mcpinstall.model.host import Format
from mcpinstall.model.regions import Span, toml_spans

_TRIVIA = TRIVIA[Format.JSONC]
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(r'[^\s\[\]{},:"/]++')
_BRACKET = re.compile(
    r'"(?:[^"\\]++|\\.)*+"|//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|[\[\]{}]', re.DOTALL
)


class Item(NamedTuple):
    """One member of an object, or one item of a list (its key is its number)."""

    key: str
    label: Span | None
    """The key's place; None in a list."""
    start: int
    end: int


class JsonPlaces:
    """Places in JSON of any dialect."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, tuple[Item, ...]] = {}

    def find(self, tokens: Sequence[str]) -> Span | None:
        """Return the place of a value; of a collection with a key, that of the key."""
        found = self.item(tokens)
        if found is None:
            return None
        if self._text[found.start : found.start + 1] in ("{", "["):
            return found.label or Span(found.start, found.start + 1)
        return Span(found.start, found.end)

    def repeated(self, way: tuple[str, ...], *, deep: bool) -> Iterator[tuple[str, ...]]:
        """Yield the ways of keys that appear twice in the object at `way`, and below it."""
        start = self._trivia(0)
        if way:
            item = self.item(way)
            if item is None:
                return
            start = item.start
        pending = [(start, way)]
        while pending:
            at, here = pending.pop()
            items = self.items(at)
            counts = Counter(item.key for item in items)
            yield from ((*here, key) for key, count in counts.items() if count > 1)
            if deep:
                pending += [
                    (item.start, (*here, item.key))
                    for item in items
                    if self._text[item.start : item.start + 1] in ("{", "[")
                ]

    def item(self, tokens: Sequence[str]) -> Item | None:
        """Return the member or item at a way; the last one of a key that stands twice."""
        at, found = self._trivia(0), None
        for token in tokens:
            matching = [item for item in self.items(at) if item.key == token]
            if not matching:
                return None
            found = matching[-1]  # hosts take the last one, too
            at = found.start
        return found

    def items(self, start: int) -> tuple[Item, ...]:
        """Return the members of the object, or the items of the list, at an offset."""
        if start not in self._known:
            self._known[start] = tuple(self._scan(start))
        return self._known[start]

    def _scan(self, start: int) -> Iterator[Item]:
        opening = self._text[start : start + 1]
        if opening not in ("{", "["):
            return
        at, number = self._trivia(start + 1), 0
        while at < len(self._text) and self._text[at] not in "]}":
            if self._text[at] == ",":
                at = self._trivia(at + 1)
                continue
            key, label = str(number), None
            if opening == "{":
                end = self._end(at)
                key, label = _key(self._text[at:end]), Span(at, end)
                at = self._trivia(self._trivia(end) + 1)
            end = self._end(at)
            yield Item(key, label, at, end)
            at, number = self._trivia(end), number + 1

    def _end(self, at: int) -> int:
        """Return where the value at `at` ends; always behind it."""
        if self._text[at : at + 1] in ("{", "["):
            depth = 0
            for token in _BRACKET.finditer(self._text, at):
                depth += (token[0] in ("{", "[")) - (token[0] in ("}", "]"))
                if depth == 0:
                    return token.end()
            return len(self._text)
        found = _STRING.match(self._text, at) or _SCALAR.match(self._text, at)
        return found.end() if found else at + 1

    def _trivia(self, at: int) -> int:
        found = _TRIVIA.match(self._text, at)
        return found.end() if found else at


def _key(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text


class TomlPlaces:
    """Places in TOML: of a key with its value, of a table's header."""

    def __init__(self, text: str) -> None:
        try:
            self._spans = toml_spans(text)
        except (IndexError, ValueError, RecursionError):  # a place is a help, no promise
            self._spans = {}

    def find(self, tokens: Sequence[str]) -> Span | None:
        """Return the place of a value."""
        path = ""
        for token in tokens:
            inside = f"{path}[{token}]"
            if token.isdecimal() and inside in self._spans:
                path = inside
            else:
                path = f"{path}.{token}" if path else token
        return self._spans.get(path)


class YamlPlaces:
    """Places in YAML."""

    def __init__(self, data: bytes) -> None:
        from mcpinstall.hosts import yaml_read

        self._root = yaml_read.read(data).root

    def find(self, tokens: Sequence[str]) -> Span | None:
        """Return the place of a value; of a collection with a key, that of the key."""
        node, label = self._root, None
        for token in tokens:
            if node is None:
                return None
            member = node.member(token)
            if member is None and token.isdecimal() and int(token) < len(node.members):
                member = node.members[int(token)]
            if member is None:
                return None
            node, label = member.value, member.key
        if node is None:
            return None
        if node.members and label is not None:
            node = label
        return Span(node.start, max(node.end, node.start + 1))
