"""Edits of single values in a host's file; another reading of the result proves each.

All but the values that change stays as it is: layout, comments, line ends, a byte-order mark.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from mcpinstall.hosts import tolerant
from mcpinstall.hosts.brackets import TextSplice
from mcpinstall.hosts.forms import FormError, ScanError
from mcpinstall.hosts.value_json import JsonValues
from mcpinstall.hosts.value_toml import TomlValues
from mcpinstall.model.host import BOM, Format
from mcpinstall.model.json_text import Json
from mcpinstall.model.value_edit import Act, ValueEdit


class Values(Protocol):
    """A document in which single values are changed."""

    def set_to(self, way: Sequence[str], value: Json) -> TextSplice:
        """Return the splice that replaces a value."""

    def removed(self, way: Sequence[str]) -> TextSplice:
        """Return the splice that takes a member or item out."""

    def added(self, way: Sequence[str], value: Json, behind: str) -> TextSplice:
        """Return the splice that puts a member or item in."""


def edited(data: bytes, dialect: Format, edits: Sequence[ValueEdit]) -> bytes:
    """Return a file with its values changed, each edit on what those before it made.

    Raises:
        FormError: The form of the file can't take an edit.
        ScanError: It can't be read.
    """
    before = tolerant.read(data, dialect)
    if before.repeats:
        raise FormError("a key stands twice in one object")
    wanted = copy.deepcopy(before.value)
    for edit in edits:
        data = _spliced(data, dialect, edit)
        wanted = _changed(wanted, edit)
    try:
        after = tolerant.read(data, dialect)
    except ScanError as error:
        raise FormError(f"the result could not be read: {error.message}") from None
    if _compared(after) != _compared(replace(before, value=wanted)):
        raise FormError("something else in the file would change")
    return data


def _spliced(data: bytes, dialect: Format, edit: ValueEdit) -> bytes:
    mark = BOM if data.startswith(BOM) else b""
    document = tolerant.read(data, dialect)
    text, way = document.text, tolerant.pointer_tokens(edit.pointer)
    values = _values(document)
    try:
        if edit.act is Act.SET:
            splice = values.set_to(way, edit.value)
        elif edit.act is Act.REMOVE:
            splice = values.removed(way)
        else:
            splice = values.added(way, edit.value, edit.behind)
    except (LookupError, ValueError) as error:
        if isinstance(error, FormError):
            raise
        raise FormError("the value is not where it was") from None
    try:
        return mark + f"{text[: splice.start]}{splice.text}{text[splice.end :]}".encode()
    except UnicodeEncodeError:
        raise FormError("the value is no Unicode text") from None


def _values(document: tolerant.Tolerant) -> Values:
    if document.dialect is Format.TOML:
        return TomlValues(document.text, document.value)
    if document.dialect is Format.YAML:
        from mcpinstall.hosts.value_yaml import YamlValues

        return YamlValues(document.text)
    return JsonValues(document.text)


def _changed(document: object, edit: ValueEdit) -> object:
    """Return a value with an edit made in it."""
    *way, last = tolerant.pointer_tokens(edit.pointer)
    inside = document
    for token in way:
        inside = inside[int(token)] if isinstance(inside, list) else _member(inside, token)
    if isinstance(inside, list) and edit.act is Act.ADD:
        inside.insert(int(last), edit.value)
    elif isinstance(inside, list) and edit.act is Act.REMOVE:
        del inside[int(last)]
    elif isinstance(inside, list):
        inside[int(last)] = edit.value
    elif isinstance(inside, dict) and edit.act is Act.REMOVE:
        del inside[last]
    elif isinstance(inside, dict):
        inside[last] = edit.value
    return document


def _member(inside: object, token: str) -> object:
    if not isinstance(inside, dict) or token not in inside:
        raise FormError("the value is not where it was")
    return inside[token]


def _compared(document: tolerant.Tolerant) -> tuple[Format, str]:
    """Return what two documents share only if they say the same."""
    value = tolerant.as_json(document.value)
    if document.dialect is Format.YAML:  # (numbers are read in their spelling)
        value = _spelled(value)
    return document.dialect, json.dumps(value, sort_keys=True)


def _spelled(value: Json) -> Json:
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return json.dumps(value) if is_number else value
