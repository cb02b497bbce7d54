"""Reading a host's file as leniently as any host may: values, what is odd, and places.

Nothing here is used for an edit.  What can't be read is said; it is never an empty document.
Places count characters of the text behind a byte-order mark.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeGuard

from mcpinstall.hosts import json_plain, proof
from mcpinstall.hosts.forms import ScanError, reason
from mcpinstall.hosts.json_scan import utf8
from mcpinstall.hosts.tolerant_places import JsonPlaces, TomlPlaces, YamlPlaces
from mcpinstall.model.host import BOM, Format
from mcpinstall.model.json_text import Json
from mcpinstall.model.regions import Span

_RELAXED = {
    Format.JSON: (Format.JSONC,),
    Format.JSON_COMMENTS: (Format.JSON_COMMENTS, Format.JSONC),
    Format.JSONC: (Format.JSONC,),
}


class Places(Protocol):
    """Where values stand."""

    def find(self, tokens: Sequence[str]) -> Span | None:
        """Return the place of a value; of a collection with a key, that of the key."""


@dataclass(slots=True, kw_only=True)
class _Oddities:
    repeated: bool = False
    constants: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Tolerant:
    """A document that could be read."""

    text: str
    """Without a byte-order mark."""
    data: bytes
    dialect: Format
    """The one that it was read by."""
    value: object
    repeats: bool = False
    """Some object has a key twice."""
    constants: tuple[str, ...] = ()
    """`NaN`, `Infinity` and so on, in JSON."""

    @cached_property
    def places(self) -> Places:
        """Where values stand; looked for when something is wrong."""
        if self.dialect is Format.TOML:
            return TomlPlaces(self.text)
        if self.dialect is Format.YAML:
            return YamlPlaces(self.data)
        return JsonPlaces(self.text)

    def span(self, pointer: str) -> Span | None:
        """Return the place of a value, or of the nearest thing around it."""
        tokens = pointer_tokens(pointer)
        while tokens:
            if found := self.places.find(tokens):
                return found
            tokens = tokens[:-1]
        return None

    def repeated(self, way: Sequence[str], *, deep: bool) -> tuple[str, ...]:
        """Return pointers of keys that appear twice in the object at `way`, and below it."""
        places = self.places
        if not self.repeats or not isinstance(places, JsonPlaces):
            return ()
        return tuple(pointer_of(found) for found in places.repeated(tuple(way), deep=deep))


class Unquoted(str):
    """A scalar of YAML that is no text, such as a number, in its own spelling."""

    __slots__ = ()


def read(data: bytes, dialect: Format) -> Tolerant:
    """Return what a file says; an empty one is an empty document.

    Raises:
        ScanError: It can't be read, at byte or character `offset` as far as that is known.
    """
    try:
        text = data.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ScanError("it is not UTF-8", error.start) from None
    with proof.collection_paused():
        try:
            return _read(text, data, dialect)
        except RecursionError:
            raise ScanError("it nests too deeply", -1) from None


def _read(text: str, data: bytes, dialect: Format) -> Tolerant:
    if dialect is Format.TOML:
        try:
            return Tolerant(text=text, data=data, dialect=dialect, value=tomllib.loads(text))
        except ValueError as error:
            raise ScanError(reason(error), -1) from None
    if dialect is Format.YAML:
        from mcpinstall.hosts import yaml_read

        value = _merged(_plain(utf8(yaml_read.read(data).value)))
        return Tolerant(text=text, data=data, dialect=dialect, value=value)
    return _read_json(text, data, dialect)


def _read_json(text: str, data: bytes, dialect: Format) -> Tolerant:
    if not text.strip():
        return Tolerant(text=text, data=data, dialect=dialect, value={})
    problem: ScanError | None = None
    for relaxed in (None, *_RELAXED[dialect]):
        odd = _Oddities()
        try:
            plain = json_plain.without_comments(text, relaxed) if relaxed else text
            value = _parsed(plain, odd)
        except ScanError as error:
            problem = error
            continue
        return Tolerant(
            text=text, data=data, dialect=relaxed or Format.JSON, value=value,
            repeats=odd.repeated, constants=tuple(dict.fromkeys(odd.constants)),
        )  # fmt: skip
    raise problem or ScanError("it can't be parsed", -1)


def _parsed(text: str, odd: _Oddities) -> object:
    """Return the value of JSON, the last of two members with one key, as hosts see it."""

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        odd.repeated = odd.repeated or len(found) != len(pairs)
        return found

    def constant(name: str) -> float:
        odd.constants.append(name)
        return float(name)

    if not text.strip():
        return {}
    try:
        return json.loads(text, object_pairs_hook=members, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise ScanError(error.msg.lower(), error.pos) from None
    except ValueError as error:
        raise ScanError(reason(error), -1) from None


def _plain(value: object) -> object:
    """Return what `yaml_plain` made, with numbers as their text and keys as text."""
    if isinstance(value, tuple):
        return Unquoted(utf8(value[1]))
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    return value


def _merged(value: object) -> object:
    """Return a document with `<<` filled in: most hosts do, and what they start is judged."""
    if isinstance(value, list):
        return [_merged(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _merged(item) for key, item in value.items()}
    bases = found.pop("<<", None) if isinstance(found.get("<<"), (dict, list)) else None
    for base in bases if isinstance(bases, list) else [bases]:
        found.update({k: v for k, v in base.items() if k not in found} if _is_table(base) else {})
    return found


def _is_table(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _key(key: object) -> str:
    plain = _plain(key)
    return plain if isinstance(plain, str) else str(plain)


def pointer_of(tokens: Sequence[str]) -> str:
    """Return the JSON pointer (RFC 6901) of a way."""
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


def pointer_tokens(pointer: str) -> tuple[str, ...]:
    """Return the way that a JSON pointer names."""
    return tuple(one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:])


def at(document: object, pointer: str) -> object:
    """Return what a JSON pointer names, also in lists; None for nothing."""
    for token in pointer_tokens(pointer):
        if isinstance(document, list):
            known = token.isdecimal() and int(token) < len(document)
            document = document[int(token)] if known else None
        else:
            document = document.get(token) if isinstance(document, dict) else None
    return document


def as_json(value: object) -> Json:
    """Return a value of a document as JSON has it: dates of TOML become text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    return str(value)
