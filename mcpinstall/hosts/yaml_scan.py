"""Where things stand in a YAML document: a tree of spans, built from the parser's events.

A node that is composed by a library stands, for an alias, where its anchor does; events have
the alias's own place.  Offsets count characters of the text without its byte-order mark.
Source: YAML 1.2.2, chapters 6 to 9.
"""

from __future__ import annotations

import bisect
import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mcpinstall.hosts.forms import ScanError

_COMMENT = re.compile(r"#[^\r\n]*")
_NO_TEXT = re.compile(r"[-+]?[0-9][0-9._]*|true|false|null|~|", re.IGNORECASE)
"""Plain scalars that show as they are."""

_TABS = re.compile(r"(?<=\S)[ \t]*\t[ \t]*(?=#|[\r\n]|\Z)")
"""Blanks behind what a line says that hold a tab: YAML has them, the library's scanner has not."""

_OLD_BREAK = re.compile("[\x85\u2028\u2029]")
Span = tuple[int, int]

_KEPT_LINES = re.compile(r"[|>][1-9]?\+")
"""Header of a block scalar whose last empty lines are part of the value."""


class Kind(StrEnum):
    """What a node is."""

    MAP = "map"
    LIST = "list"
    SCALAR = "scalar"
    ALIAS = "alias"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One item of a collection."""

    key: Node | None
    """None in a list."""
    mark: int
    """Offset of the `:` of a map, or of the `-` of a block list; else of the value."""
    value: Node

    @property
    def start(self) -> int:
        """Where the member begins: its key, its dash, or its value."""
        return self.key.start if self.key else self.mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value with its span."""

    kind: Kind
    start: int
    """Of its first character, an anchor or tag included."""
    end: int
    """Behind its last character that is no blank and no comment."""
    flow: bool = False
    """A collection in brackets."""
    text: str = ""
    """Of a scalar."""
    empty: bool = False
    """A scalar without a character of its own: null."""
    plain: bool = False
    """A scalar without quotes."""
    lines: bool = False
    """A block scalar."""
    members: tuple[Member, ...] = ()

    @property
    def ends_in_lines(self) -> bool:
        """Whether the last scalar in it is a block scalar, `|` or `>`."""
        node = self
        while node.members:
            node = node.members[-1].value
        return node.lines

    def member(self, name: str) -> Member | None:
        """Return the member of a map with that key."""
        for member in self.members:
            if member.key and member.key.kind is Kind.SCALAR and member.key.text == name:
                return member
        return None

    def item(self, field: str, name: str) -> Member | None:
        """Return the member of a list whose value has `field: name`."""
        for member in self.members:
            found = member.value.member(field)
            if found and found.value.kind is Kind.SCALAR and found.value.text == name:
                return member
        return None


def without_tabs(text: str) -> str:
    """Return the text with blanks for tabs at the ends of lines and before comments.

    Offsets stay.  In a literal block such a tab is part of the value; both readings of a proof
    take it for a blank, and no edit writes one.
    """
    return _TABS.sub(lambda found: " " * len(found[0]), text) if "\t" in text else text


def root_of(text: str, events: Sequence[Any], marks: Marks) -> Node | None:
    """Return the root of the one document in `text`; None when there is nothing but comments.

    Raises:
        ScanError: It ends in the middle.
    """
    inner = iter(events)
    first = next(inner, None)
    if first is None:
        return None
    root = _Builder(text, marks, inner).node(first, 0)
    return None if root.empty else root


def texts(text: str, root: Node | None) -> tuple[tuple[int, int], ...]:
    """Return the spans of everything that says something: values, and comments.

    Keys, numbers, booleans and null are left out.
    """
    spans = sorted(_scalars(root)) if root else []
    words, at = [], 0
    for start, end, is_text in [*spans, (len(text), len(text), False)]:
        words += [match.span() for match in _COMMENT.finditer(text, at, start)]
        if is_text:
            words.append((start, end))
        at = end
    return tuple(words)


def require_one_reading(text: str, root: Node | None) -> None:
    """Refuse a line end of YAML 1.1 that is none in 1.2, such as U+2028, outside quotes.

    There hosts would see another document than we do: a comment or a key may end at it.

    Raises:
        ScanError: There is one.
    """
    found = [match.start() for match in _OLD_BREAK.finditer(text)]
    if not found:
        return
    quoted = sorted(_quoted(root)) if root else []
    for at in found:
        number = bisect.bisect_right(quoted, (at, len(text))) - 1
        if number < 0 or at >= quoted[number][1]:
            code = f"U+{ord(text[at]):04X}"
            raise ScanError(f"it has a line separator ({code}) that hosts read differently", at)


def _quoted(node: Node) -> Iterator[Span]:
    """Yield begin and end of every scalar in quotes, keys included."""
    for member in node.members:
        if member.key:
            yield from _quoted(member.key)
        yield from _quoted(member.value)
    if node.kind is Kind.SCALAR and not (node.plain or node.lines):
        yield node.start, node.end


def _scalars(node: Node) -> Iterator[tuple[int, int, bool]]:
    """Yield begin and end of every scalar, keys included, and whether it may be a text."""
    for member in node.members:
        if member.key and member.key.kind is Kind.SCALAR:
            yield member.key.start, member.key.end, False
        elif member.key:
            yield from _scalars(member.key)
        yield from _scalars(member.value)
    if node.kind is Kind.SCALAR and not node.empty:
        yield node.start, node.end, not (node.plain and _NO_TEXT.fullmatch(node.text))


@contextlib.contextmanager
def byte_offsets(text: str, mark: int) -> Iterator[None]:
    """Turn the offset of a `ScanError` from characters of `text` into bytes of its file."""
    try:
        yield
    except ScanError as error:
        if error.offset >= 0:
            error.offset = mark + len(text[: error.offset].encode("utf-8"))
        raise


class Marks:
    """Offsets of the `:` and `-` that are tokens, in order."""

    def __init__(self) -> None:
        self.colons: list[int] = []
        self.dashes: list[int] = []

    def colon(self, at: int) -> int | None:
        """Return the first colon at or behind `at`."""
        number = bisect.bisect_left(self.colons, at)
        return self.colons[number] if number < len(self.colons) else None

    def dash(self, at: int) -> int | None:
        """Return the first dash at or behind `at`."""
        number = bisect.bisect_left(self.dashes, at)
        return self.dashes[number] if number < len(self.dashes) else None


class _Builder:
    """Makes nodes of events, which are nested to a bounded depth (`yaml_read`)."""

    def __init__(self, text: str, marks: Marks, events: Iterator[Any]) -> None:
        self._text = text
        self._marks = marks
        self._events = events

    def node(self, event: Any, behind: int) -> Node:  # noqa: ANN401
        """Return the node that begins with `event`; an empty one stands at `behind`."""
        from ruamel.yaml.events import AliasEvent, MappingStartEvent, ScalarEvent

        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, AliasEvent):
            return Node(kind=Kind.ALIAS, start=start, end=end)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, start, end, behind)
        flow = bool(event.flow_style)
        if isinstance(event, MappingStartEvent):
            members, close = self._pairs()
            kind = Kind.MAP
        else:
            members, close = self._items(start, flow=flow)
            kind = Kind.LIST
        last = members[-1].value.end if members else end
        return Node(kind=kind, start=start, end=close if flow else last, flow=flow, members=members)

    def _scalar(self, event: Any, start: int, end: int, behind: int) -> Node:  # noqa: ANN401
        plain = event.style is None
        if plain and start == end:
            return Node(kind=Kind.SCALAR, start=behind, end=behind, text="", empty=True, plain=True)
        lines = event.style in ("|", ">")
        if lines and not _KEPT_LINES.match(self._header(start)):
            end = start + len(self._text[start:end].rstrip())
        return Node(
            kind=Kind.SCALAR, start=start, end=end, text=event.value, plain=plain, lines=lines
        )

    def _header(self, start: int) -> str:
        """Return the header of a block scalar, behind its anchor and tag."""
        line = self._text[start : start + 256].splitlines()[0]
        found = re.search(r"[|>][0-9+-]*", line)
        return found[0] if found else ""

    def _pairs(self) -> tuple[tuple[Member, ...], int]:
        from ruamel.yaml.events import MappingEndEvent

        members: list[Member] = []
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                return tuple(members), event.end_mark.index
            key = self.node(event, event.start_mark.index)
            colon = self._marks.colon(key.end)
            behind = key.end if colon is None else colon + 1
            value_event = next(self._events)
            if colon is not None and colon > value_event.start_mark.index:
                colon = None  # (a flow map may hold a key without a value)
                behind = key.end
            value = self.node(value_event, behind)
            mark = key.end if colon is None else colon
            members.append(Member(key=key, mark=mark, value=value))
        raise ScanError("it ends in the middle", -1)

    def _items(self, start: int, *, flow: bool) -> tuple[tuple[Member, ...], int]:
        from ruamel.yaml.events import SequenceEndEvent

        members: list[Member] = []
        at = start
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                return tuple(members), event.end_mark.index
            dash = None if flow else self._marks.dash(at)
            mark = event.start_mark.index if dash is None else dash
            value = self.node(event, mark + 1)
            members.append(Member(key=None, mark=mark, value=value))
            at = max(value.end, mark + 1)
        raise ScanError("it ends in the middle", -1)
