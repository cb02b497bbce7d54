"""Edits of single values in YAML, in block and flow style.  To be imported late."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from mcpinstall.hosts import yaml_read
from mcpinstall.hosts.brackets import (
    Brackets,
    TextSplice,
    eol_of,
    line_start,
    without_line,
)
from mcpinstall.hosts.forms import FormError
from mcpinstall.hosts.yaml_scan import Kind, Member, Node
from mcpinstall.model.json_text import Json
from mcpinstall.model.regions import Span

_TRIVIA = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@=+-]*")
_MARKED = ("&", "*", "!")


class YamlValues:
    """The values of one document, for one edit."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root = yaml_read.read(text.encode("utf-8")).root

    def set_to(self, way: Sequence[str], value: Json) -> TextSplice:
        """Return the splice that replaces a scalar."""
        node = self._member(way).value
        old = self._text[node.start : node.end]
        if node.kind is not Kind.SCALAR or node.lines or node.empty or old.startswith(_MARKED):
            raise FormError("the value is written in a form that is not edited")
        return TextSplice(node.start, node.end, _like(old, value))

    def removed(self, way: Sequence[str]) -> TextSplice:
        """Return the splice that takes a member or item out."""
        inside = self._collection(way[:-1])
        number = _number(inside, way[-1])
        if inside.flow:
            return _brackets(self._text, inside).without(number)
        member = inside.members[number]
        if len(inside.members) == 1:
            return self._emptied(way[:-1], inside)
        if self._text[line_start(self._text, member.start) : member.start].strip():
            raise FormError("the value begins behind a dash")
        end = max(member.value.end, member.mark + 1)
        return without_line(self._text, member.start, end)

    def added(self, way: Sequence[str], value: Json, behind: str) -> TextSplice:
        """Return the splice that puts a member or item in."""
        inside = self._collection(way[:-1])
        is_list = inside.kind is Kind.LIST
        new = _encoded(value) if is_list else f"{_encoded(way[-1])}: {_encoded(value)}"
        if inside.flow:
            found = _brackets(self._text, inside)
            if is_list or not inside.members:
                return found.with_item(int(way[-1]) if is_list else 0, new)
            return found.behind(_number(inside, behind), new)
        if is_list:
            return self._item(inside, int(way[-1]), new)
        member = inside.members[_number(inside, behind)]
        return self._line_behind(member, new, self._column(inside))

    def _item(self, inside: Node, number: int, new: str) -> TextSplice:
        """Put an item into a block list."""
        if number >= len(inside.members):
            return self._line_behind(inside.members[-1], f"- {new}", self._column(inside))
        at = inside.members[number].start
        return TextSplice(at, at, f"- {new}{eol_of(self._text)}{self._column(inside)}")

    def _column(self, inside: Node) -> str:
        """Return the blanks in front of the members of a block collection."""
        start = inside.members[0].start
        return " " * (start - line_start(self._text, start))

    def _line_behind(self, member: Member, new: str, indent: str) -> TextSplice:
        if member.value.ends_in_lines:
            raise FormError("the value before it is a block of lines")
        end = max(member.value.end, member.mark + 1)
        found = re.compile(r"[^\r\n]*").match(self._text, end)
        at = found.end() if found else end
        return TextSplice(at, at, f"{eol_of(self._text)}{indent}{new}")

    def _emptied(self, way: Sequence[str], inside: Node) -> TextSplice:
        """Write `[]` or `{}` for a block collection whose only member goes."""
        outer = self._member(way)
        begin = outer.mark + 1
        if self._text[begin : inside.start].strip():
            raise FormError("a comment stands before the value")
        return TextSplice(begin, inside.end, " []" if inside.kind is Kind.LIST else " {}")

    def _collection(self, way: Sequence[str]) -> Node:
        node = self._root if not way else self._member(way).value
        if node is None or (not node.members and not node.flow):
            raise FormError("there is no collection")
        if self._text[node.start] in _MARKED:
            raise FormError("the collection is written in a form that is not edited")
        return node

    def _member(self, way: Sequence[str]) -> Member:
        node, member = self._root, None
        for token in way:
            if node is None or not node.members:
                raise FormError("the value is not where it was")
            member = node.members[_number(node, token)]
            node = member.value
        if member is None:
            raise FormError("the value is not where it was")
        return member


def _number(node: Node, token: str) -> int:
    """Return the number of the member of a key, or of a list's item."""
    if node.kind is Kind.LIST and token.isdecimal() and int(token) < len(node.members):
        return int(token)
    found = node.member(token)
    if found is None:
        raise FormError("the value is not where it was")
    return node.members.index(found)


def _brackets(text: str, node: Node) -> Brackets:
    items = tuple(Span(one.start, max(one.value.end, one.mark)) for one in node.members)
    return Brackets(text=text, start=node.start, close=node.end - 1, items=items, trivia=_TRIVIA)


def _like(old: str, value: Json) -> str:
    """Return a value in the quotes of the one before, where they can hold it."""
    if isinstance(value, str) and old[:1] == '"':
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and old[:1] == "'" and "'" not in value and value.isprintable():
        return f"'{value}'"
    return _encoded(value)


def _encoded(value: Json) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
"""Plain scalars that are no text in some version of YAML."""
