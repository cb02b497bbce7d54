"""Edits of one contiguous span in YAML: an entry of a block or flow collection.

Offsets in and out are those of the bytes (see `json_scan`); within, they count characters.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from mcpinstall.hosts.forms import FormError, ScanError
from mcpinstall.hosts.quoting import quoted
from mcpinstall.hosts.yaml_scan import Kind, Member, Node, byte_offsets

Splice = tuple[int, int, str]
_UNIT = 2
_WIDEST = 8
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Plain words that some parser takes for something else than text."""
_PROPERTIES = re.compile(r"(?:[ \t]+[&!][^\s,\[\]{}]*)*")
_DOCUMENT_END = re.compile(r"^\.\.\.(?=\s|\Z)", re.MULTILINE)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One key of the way that exists: the map that has it, and its member there."""

    owner: Node
    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML document and the way to its servers."""

    text: str
    """Without its byte-order mark."""
    mark: int
    """Bytes of the byte-order mark."""
    way: tuple[str, ...]
    name_field: str | None
    """The field that names a server, where the servers are a list."""
    root: Node | None
    steps: tuple[Step, ...]
    """As far along the way as there are maps."""

    def inserted(self, name: str, value: object) -> Splice:
        """Return the splice that adds a server behind the others.

        Raises:
            FormError: The servers are an alias, or stand where no line can be added.
        """
        rest = self.way[len(self.steps) :]
        if not self.steps:
            node = self.root
        else:
            step = self.steps[-1]
            node = step.member.value
            if _is_null(node) or (node.kind is not Kind.ALIAS and not node.members):
                return self._into_empty(step, rest, name, value)
        if node is None:
            return self._whole(name, value)
        if node.kind is Kind.ALIAS:
            raise FormError(f"`{'.'.join(self.way[: len(self.steps)])}` is an alias")
        if node.kind is Kind.SCALAR:
            raise FormError("the document is not a map")
        if node.flow:
            return self._into_flow(node, rest, name, value)
        return self._behind(node, rest, name, value)

    def replaced(self, name: str, value: object) -> Splice:
        """Return the splice that gives an existing server a new value.

        Raises:
            FormError: The server is an alias, or shares its line with something else.
        """
        servers, member = self._found(name)
        if servers.flow:
            return self._splice(member.value.start, member.value.end, _flow(value))
        if not isinstance(value, dict):
            return self._field(member, value)
        start, end = self._lines(member)
        text = self._joined(self._member_lines(name, value, self._column(member), servers))
        if self.text[start:end].endswith(("\n", "\r")):
            text += self._eol()
        return self._splice(start, end, text)

    def _field(self, member: Member, value: object) -> Splice:
        """Return the splice that gives one field of a server a new value, in its line."""
        old = member.value
        if old.kind is Kind.SCALAR or old.flow:
            return self._splice(old.start, old.end, _flow(value))
        return self._splice(member.mark + 1, old.end, f" {_flow(value)}")

    def removed(self, name: str) -> Splice:
        """Return the splice that takes a server out; comments beside it stay.

        Raises:
            FormError: The server shares its line with something else.
        """
        servers, member = self._found(name)
        if servers.flow:
            return self._out_of_flow(servers, member)
        start, end = self._lines(member)
        if len(servers.members) == 1 and self.steps:
            return self._emptied(self.steps[-1], start, end)
        if end == len(self.text) and not self.text.endswith(("\n", "\r")):
            start = self._without_line_end(start)
        return self._splice(start, end, "")

    def _found(self, name: str) -> tuple[Node, Member]:
        servers = self.steps[-1].member.value if self.steps else self.root
        if servers is not None and len(self.steps) == len(self.way):
            field = self.name_field
            member = servers.item(field, name) if field else servers.member(name)
            if member is not None:
                return servers, member
        raise FormError(f"`{name}` is not written where servers stand")

    def _whole(self, name: str, value: object) -> Splice:
        found = _DOCUMENT_END.search(self.text)
        end = found.start() if found else len(self.text)
        lines = self._nested(self.way, name, value, 0, None)
        eol = self._eol()
        lead = "" if not end or self.text[:end].endswith(("\n", "\r")) else eol
        return self._splice(end, end, lead + self._joined(lines) + eol)

    def _into_empty(self, step: Step, rest: tuple[str, ...], name: str, value: object) -> Splice:
        """Fill `key:`, `key: null`, `key: {}` or `key: []`."""
        text, member = self.text, step.member
        empty = member.value
        properties = _PROPERTIES.match(text, member.mark + 1)
        kept = properties.end() if properties else member.mark + 1
        if step.owner.flow:
            start, end = max(kept, empty.start), max(kept, empty.end)
            lead = "" if text[start - 1].isspace() else " "
            return self._splice(start, end, lead + self._nested_flow(rest, name, value))
        behind = max(kept, empty.end)
        end = self._line_end(behind)
        tail = text[behind:end]
        if tail.strip() and not tail.lstrip().startswith("#"):
            raise FormError("something else stands in the line of the servers")
        column = self._column(member)
        if rest or self.name_field is None or not self._dashes_at_key():
            column += self._unit(step.owner)
        lines = self._nested(rest, name, value, column, step.owner)
        return self._splice(kept, end, tail.rstrip() + self._eol() + self._joined(lines))

    def _dashes_at_key(self) -> bool:
        """Tell whether a list elsewhere in the file stands at the indentation of its key."""
        lists = [member.value for member in self.root.members] if self.root else []
        return any(
            node.kind is Kind.LIST and not node.flow and self._column(node.members[0]) == 0
            for node in lists
            if node.members
        )

    def _into_flow(self, node: Node, rest: tuple[str, ...], name: str, value: object) -> Splice:
        filled = self._flow_member(rest, name, value)
        if not node.members:
            close = node.end - 1
            return self._splice(close, close, filled)
        last = node.members[-1].value
        return self._splice(last.end, last.end, f", {filled}")

    def _behind(self, node: Node, rest: tuple[str, ...], name: str, value: object) -> Splice:
        """Add lines behind the last member of a block collection."""
        text = self.text
        last = node.members[-1]
        end = self._line_end(node.end)
        if text[node.end - 1] in "\r\n":  # a block scalar that keeps its last lines
            end = node.end
        if node is self.root and not text[end:].strip():
            end = max(end, len(text.rstrip("\r\n")))
        tail = text[node.end : end].strip()
        if tail and not tail.startswith("#"):
            raise FormError("something else stands behind the last server")
        lines = self._nested(rest, name, value, self._column(last), node)
        block = self._joined(lines)
        if end == len(text) and last.value.ends_in_lines and not text.endswith(("\n", "\r")):
            start = self._line_start(last.start)  # (a line end behind it would become its own)
            return self._splice(start, start, block + self._eol())
        if text[:end].endswith(("\n", "\r")):
            return self._splice(end, end, block + self._eol())
        return self._splice(end, end, self._eol() + block)

    def _emptied(self, step: Step, start: int, end: int) -> Splice:
        """Take out the only server: what is left is an empty collection."""
        properties = _PROPERTIES.match(self.text, step.member.mark + 1)
        kept = properties.end() if properties else step.member.mark + 1
        between = self.text[kept:start]
        if end == len(self.text) and not self.text.endswith(("\n", "\r")):
            between = between.rstrip("\r\n")
        return self._splice(kept, end, (" []" if self.name_field else " {}") + between)

    def _out_of_flow(self, servers: Node, member: Member) -> Splice:
        number = servers.members.index(member)
        start, end = member.start, member.value.end
        if number + 1 < len(servers.members):
            return self._splice(start, servers.members[number + 1].start, "")
        if number:
            return self._splice(servers.members[number - 1].value.end, end, "")
        return self._splice(start, end, "")

    def _lines(self, member: Member) -> tuple[int, int]:
        """Return the span of a member's lines, with the last line's end."""
        text = self.text
        start = self._line_start(member.start)
        if text[start : member.start].strip(" "):
            raise FormError("the server shares its first line with something else")
        content = member.value.end
        if text[content - 1] in "\r\n":
            return start, content
        end = self._line_end(content)
        tail = text[content:end].strip()
        if tail and not tail.startswith("#"):
            raise FormError("the server shares its last line with something else")
        return start, self._behind_eol(end)

    def _line_start(self, at: int) -> int:
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def _line_end(self, at: int) -> int:
        found = re.compile(r"[\r\n]|\Z").search(self.text, at)
        return found.start() if found else len(self.text)

    def _behind_eol(self, at: int) -> int:
        if self.text.startswith("\r\n", at):
            return at + 2
        return min(at + 1, len(self.text))

    def _without_line_end(self, start: int) -> int:
        if self.text[:start].endswith("\r\n"):
            return start - 2
        return start - 1 if self.text[:start].endswith(("\n", "\r")) else start

    def _column(self, member: Member) -> int:
        return member.start - self._line_start(member.start)

    def _unit(self, around: Node | None) -> int:
        """Return one level of indentation: that of `around`, else the document's first one."""
        for owner in (around, self.root):
            for member in reversed(owner.members) if owner else ():
                inner = member.value
                if inner.kind is Kind.MAP and not inner.flow and inner.members:
                    step = self._column(inner.members[0]) - self._column(member)
                    return step if 0 < step <= _WIDEST else _UNIT
        return _UNIT

    def _eol(self) -> str:
        found = re.search(r"\r\n|\n|\r", self.text)
        return found[0] if found else "\n"

    def _joined(self, lines: list[str]) -> str:
        return self._eol().join(lines)

    def _nested(
        self,
        rest: tuple[str, ...],
        name: str,
        value: object,
        column: int,
        around: Node | None,
    ) -> list[str]:
        """Return the lines of a server below the keys that are still missing."""
        lines = []
        for key in rest:
            lines.append(f"{' ' * column}{_key(key)}:")
            column += self._unit(around)
        return lines + self._member_lines(name, value, column, around)

    def _member_lines(
        self, name: str, value: object, column: int, around: Node | None
    ) -> list[str]:
        unit, indent = self._unit(around), " " * column
        if not isinstance(value, dict):
            return _block({name: value}, column, unit)
        if self.name_field is None:
            return [f"{indent}{_key(name)}:", *_block(value, column + unit, unit)]
        first, *more = _block(value, column + len("- "), unit)
        return [f"{indent}- {first.lstrip(' ')}", *more]

    def _flow_member(self, rest: tuple[str, ...], name: str, value: object) -> str:
        if rest:
            return f"{quoted(rest[0])}: {self._nested_flow(rest[1:], name, value)}"
        return _flow(value) if self.name_field else f"{quoted(name)}: {_flow(value)}"

    def _nested_flow(self, rest: tuple[str, ...], name: str, value: object) -> str:
        inner = self._flow_member(rest, name, value)
        return f"[{inner}]" if self.name_field and not rest else f"{{{inner}}}"

    def _splice(self, start: int, end: int, text: str) -> Splice:
        """Return the splice in bytes, its text as Latin-1."""
        first = len(self.text[:start].encode("utf-8"))
        length = len(self.text[start:end].encode("utf-8"))
        offset = self.mark + first
        return offset, offset + length, text.encode("utf-8").decode("latin-1")


def read(content: bytes, way: tuple[str, ...], name_field: str | None) -> Document:
    """Return the document in `content`, which is UTF-8.

    Raises:
        ScanError: It is not one YAML document.
    """
    from mcpinstall.hosts import yaml_read

    root = yaml_read.read(content).root
    text = content.decode("utf-8")
    mark = 3 if text.startswith("\ufeff") else 0
    text = text.removeprefix("\ufeff")
    with byte_offsets(text, mark):
        steps = _steps(root, way, Kind.LIST if name_field else Kind.MAP)
    return Document(text=text, mark=mark, way=way, name_field=name_field, root=root, steps=steps)


def _steps(root: Node | None, way: tuple[str, ...], kind: Kind) -> tuple[Step, ...]:
    """Return the steps of the way that exist.

    Raises:
        ScanError: Something else than a map, or at the end a collection of another `kind`.
    """
    steps: list[Step] = []
    node = root
    for number, key in enumerate(way):
        if node is None or _is_null(node):
            return tuple(steps)
        _require_kind(node, Kind.MAP, way[:number])
        member = node.member(key)
        if member is None:
            return tuple(steps)
        steps.append(Step(owner=node, member=member))
        node = member.value
    if node is not None and not _is_null(node):
        _require_kind(node, kind, way)
    return tuple(steps)


def _require_kind(node: Node, kind: Kind, way: tuple[str, ...]) -> None:
    if node.kind not in (kind, Kind.ALIAS):
        name = f"`{'.'.join(way)}`" if way else "the document"
        raise ScanError(f"{name} is not a {kind}", node.start)


def _is_null(node: Node) -> bool:
    return node.kind is Kind.SCALAR and node.plain and node.text in _NULLS


def _block(value: dict[str, object], column: int, unit: int) -> list[str]:
    """Return the lines of a map."""
    lines = []
    for key, item in value.items():
        head = f"{' ' * column}{_key(key)}:"
        if isinstance(item, dict) and item:
            lines += [head, *_block(item, column + unit, unit)]
        elif isinstance(item, list) and item:
            lines += [head, *(f"{' ' * (column + _UNIT)}- {_scalar(one)}" for one in item)]
        else:
            lines.append(f"{head} {_scalar(item)}")
    return lines


def _flow(value: object) -> str:
    if isinstance(value, dict):
        members = (f"{quoted(key)}: {_flow(item)}" for key, item in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _key(text: str) -> str:
    plain = _PLAIN_KEY.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else quoted(text)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    return json.dumps(value)  # true, false, null, numbers, {} and []
