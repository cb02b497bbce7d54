"""Where things stand in a JSON document: the objects on the way to the servers, with offsets.

Texts here are bytes decoded as Latin-1: one character is one byte, so every offset is a byte
offset, and a file of 10 MB never takes four bytes a character.  All syntax of JSON is ASCII.
Values beside the way are passed over, in strict JSON by the C scanner of `json`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]

from mcpinstall.hosts import json_plain
from mcpinstall.hosts.forms import ScanError, reason, refuse_constant
from mcpinstall.model.host import Format

_BLOCK = r"/\*(?:[^*]|\*(?!/))*+\*/"
_LINE = {
    Format.JSON_COMMENTS: r"//(?:[^\r\n]|\r(?!\n))*+",  # a lone CR ends no comment there
    Format.JSONC: r"//[^\r\n]*+",
}
TRIVIA = {
    Format.JSON: re.compile(r"[ \t\n\r]*+"),
    **{
        dialect: re.compile(rf"(?:[ \t\n\r]++|{line}|{_BLOCK})*+")
        for dialect, line in _LINE.items()
    },
}
"""What may stand between two tokens, per dialect."""

COMMENT = {dialect: re.compile(rf"{line}|{_BLOCK}") for dialect, line in _LINE.items()}
"""One comment, per dialect that has them."""

_BRACKET = {
    dialect: re.compile(rf'"(?:[^"\\]++|\\.)*+"|{line}|{_BLOCK}|[\[\]{{}}]', re.DOTALL)
    for dialect, line in _LINE.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One `"key": value` of an object, or one server of a list."""

    key: str
    """In a list, the name that the server gives itself; nothing if it has none."""
    key_start: int
    """In a list, where the value begins."""
    value_start: int
    value_end: int
    comma: int | None
    """Offset of the comma behind the value."""
    fingerprint: int | None
    """Of the value, where it was parsed on the way; None for the next object of the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObject:
    """One object on the way, or the list of the servers at its end."""

    key_start: int
    """Offset of its key; of `{` for the document."""
    start: int
    """Offset of `{`."""
    close: int
    """Offset of `}`."""
    members: tuple[Member, ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The objects from the root along the way, as far as they exist; none in an empty file."""

    text: str
    dialect: Format
    way: tuple[str, ...]
    name_field: str | None
    """The field that names a server, where the servers are a list."""
    objects: tuple[JsonObject, ...]
    begin: int
    """Offset behind a byte-order mark."""

    @property
    def servers(self) -> JsonObject | None:
        """The object that holds the servers, if it exists."""
        return self.objects[-1] if len(self.objects) > len(self.way) else None


def fingerprint(value: object) -> int:
    """Return a number that two values share only if they are equal, in the same order.

    Good within one process: the hash of Python's text of the value.
    """
    try:
        return hash(repr(value))
    except RecursionError:
        raise ScanError("it nests too deeply", 0) from None
    except ValueError:
        raise ScanError("it has a number of thousands of digits", -1) from None


def latin(value: object) -> object:
    """Return `value` with every text as a Latin-1 reader sees its UTF-8 bytes."""
    if isinstance(value, str):
        return value.encode("utf-8").decode("latin-1")
    if isinstance(value, list):
        return [latin(item) for item in value]
    if isinstance(value, dict):
        return {latin(key): latin(item) for key, item in value.items()}
    return value


def utf8(value: object) -> object:
    """Return `value` with every text as it is: what `latin` made of it, undone."""
    if isinstance(value, str):
        return value.encode("latin-1").decode("utf-8", "surrogatepass")  # (YAML's `"\ud800"`)
    if isinstance(value, list):
        return [utf8(item) for item in value]
    if isinstance(value, dict):
        return {utf8(key): utf8(item) for key, item in value.items()}
    return value


def locate(
    text: str,
    dialect: Format,
    way: tuple[str, ...],
    *,
    name_field: str | None = None,
    marks: bool = False,
) -> Located:
    """Find the objects along `way` in a document.

    In strict JSON this is a full check of the syntax, and with `marks` values beside the way
    get a fingerprint.  In the dialects with comments the caller has parsed the document before:
    there brackets beside the way are only passed over.

    Raises:
        ScanError: Wrong syntax, a key that appears twice, or something on the way that is not
            an object.
    """
    begin = 3 if text.startswith("\xef\xbb\xbf") else 0
    scanner = _Scanner(text, dialect, way, name_field, marks=marks)
    start = scanner.trivia(begin)
    if start < len(text):
        end = scanner.trivia(scanner.step_at(start, 0, start))
        if end != len(text):
            raise ScanError("there is text behind the end of the document", end)
    return Located(
        text=text,
        dialect=dialect,
        way=way,
        name_field=name_field,
        objects=tuple(scanner.objects[level] for level in sorted(scanner.objects)),
        begin=begin,
    )


class _Scanner:
    def __init__(
        self,
        text: str,
        dialect: Format,
        way: tuple[str, ...],
        name_field: str | None,
        *,
        marks: bool,
    ) -> None:
        self.marks = marks
        self.name_field = name_field
        self.text = text
        self.way = way
        self.dialect = dialect
        self.objects: dict[int, JsonObject] = {}
        self._trivia = TRIVIA[dialect]
        self._decode = json.JSONDecoder(parse_constant=refuse_constant).raw_decode

    def trivia(self, at: int) -> int:
        """Return the offset of the next token."""
        match = self._trivia.match(self.text, at)
        return match.end() if match else at

    def step_at(self, start: int, level: int, key_start: int) -> int:
        """Record what stands at `start` as number `level` of the way; return its end."""
        if self.name_field is not None and level == len(self.way):
            return self._list_at(start, level, key_start)
        return self._object_at(start, level, key_start)

    def _list_at(self, start: int, level: int, key_start: int) -> int:
        """Record the list of the servers."""
        if not self.text.startswith("[", start):
            path = ".".join(self.way[:level])
            raise ScanError(f"{f'`{path}`' if path else 'the document'} is not a list", start)
        members: list[Member] = []
        at = self.trivia(start + 1)
        while not self.text.startswith("]", at):
            if members and members[-1].comma is None:
                raise ScanError("expecting `,` or `]`", at)
            members.append(self._item(at))
            names = [member.key for member in members if member.key]
            if len(names) != len(set(names)):
                raise ScanError(f"the server {json.dumps(names[-1])[:80]} appears twice", at)
            comma = members[-1].comma
            at = self.trivia(members[-1].value_end if comma is None else comma + 1)
        if members and members[-1].comma is not None and self.dialect is not Format.JSONC:
            raise ScanError("a comma stands before `]`", members[-1].comma)
        self.objects[level] = JsonObject(
            key_start=key_start, start=start, close=at, members=tuple(members), is_list=True
        )
        return at + 1

    def _item(self, at: int) -> Member:
        end, print_ = self._value(at)
        value = json_plain.parse(self.text[at:end], self.dialect)
        name = value.get(self.name_field) if isinstance(value, dict) else None
        comma = self.trivia(end)
        return Member(
            key=name if isinstance(name, str) else "",
            key_start=at,
            value_start=at,
            value_end=end,
            comma=comma if self.text.startswith(",", comma) else None,
            fingerprint=print_,
        )

    def _object_at(self, start: int, level: int, key_start: int) -> int:
        """Record an object on the way."""
        if not self.text.startswith("{", start):
            path = ".".join(self.way[:level])
            raise ScanError(f"{f'`{path}`' if path else 'the document'} is not an object", start)
        members: list[Member] = []
        keys: set[str] = set()
        at = self.trivia(start + 1)
        while not self.text.startswith("}", at):
            if members and (members[-1].comma is None):
                raise ScanError("expecting `,` or `}`", at)
            member = self._member(at, level)
            if member.key in keys:
                raise ScanError(f"the key {json.dumps(member.key)[:80]} appears twice", at)
            keys.add(member.key)
            members.append(member)
            behind = member.value_end if member.comma is None else member.comma + 1
            at = self.trivia(behind)
        if members and members[-1].comma is not None and self.dialect is not Format.JSONC:
            raise ScanError("a comma stands before `}`", members[-1].comma)
        self.objects[level] = JsonObject(
            key_start=key_start, start=start, close=at, members=tuple(members)
        )
        return at + 1

    def _member(self, at: int, level: int) -> Member:
        if not self.text.startswith('"', at):
            raise ScanError("expecting a key in double quotes", at)
        key, end = self._string(at)
        colon = self.trivia(end)
        if not self.text.startswith(":", colon):
            raise ScanError("expecting `:`", colon)
        start = self.trivia(colon + 1)
        if level < len(self.way) and key == self.way[level]:
            end, print_ = self.step_at(start, level + 1, at), None
        else:
            end, print_ = self._value(start)
        comma = self.trivia(end)
        return Member(
            key=key,
            key_start=at,
            value_start=start,
            value_end=end,
            comma=comma if self.text.startswith(",", comma) else None,
            fingerprint=print_,
        )

    def _string(self, at: int) -> tuple[str, int]:
        try:
            found: tuple[str, int] = scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            raise ScanError(error.msg.lower(), error.pos) from None
        return found

    def _value(self, at: int) -> tuple[int, int | None]:
        """Pass over the value at `at`; return its end, and its fingerprint if it was parsed."""
        if self.dialect is not Format.JSON and self.text.startswith(("{", "["), at):
            return self._matching_bracket(at), None
        try:
            value, end = self._decode(self.text, at)
            return end, fingerprint(value) if self.marks else None
        except json.JSONDecodeError as error:
            raise ScanError(error.msg.lower(), error.pos) from None
        except RecursionError:
            raise ScanError("it nests too deeply", at) from None
        except ValueError as error:
            raise ScanError(reason(error), at) from None

    def _matching_bracket(self, at: int) -> int:
        """Return the end of an object or list that may hold comments and trailing commas."""
        depth = 0
        for token in _BRACKET[self.dialect].finditer(self.text, at):
            if token[0] in ("{", "["):
                depth += 1
            elif token[0] in ("}", "]"):
                depth -= 1
                if depth == 0:
                    return token.end()
        raise ScanError("a bracket is not closed", at)
