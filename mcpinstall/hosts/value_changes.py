"""What became of single values of a file, kept so that they can be put back when others changed it.

A change belongs to a member of an object; a list is one value, for its items have no names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from mcpinstall.hosts import tolerant
from mcpinstall.hosts.forms import FormError
from mcpinstall.hosts.value_edits import edited
from mcpinstall.model.host import Format
from mcpinstall.model.json_text import Json
from mcpinstall.model.value_edit import ValueChange, ValueEdit, added, removed, turned

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?")


def between(before: bytes, after: bytes, dialect: Format) -> tuple[ValueChange, ...]:
    """Return what differs between two states of a file; nothing where that can't be told.

    Raises:
        ScanError: One of them can't be read.
    """
    old, new = (_said(tolerant.read(one, dialect).value) for one in (before, after))
    found = tuple(_between(old, new, ""))
    return () if any(one.before is not None and _is_odd(old, one) for one in found) else found


def _between(old: Json, new: Json, pointer: str) -> Iterator[ValueChange]:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if _sorted(old) != _sorted(new):
            yield ValueChange(pointer=pointer, before=json.dumps(old), after=json.dumps(new))
        return
    last = ""
    for key, value in old.items():
        here = pointer + tolerant.pointer_of((key,))
        if key in new:
            yield from _between(value, new[key], here)
        else:
            yield ValueChange(pointer=here, before=json.dumps(value), after=None, behind=last)
        last = key
    for key in new:
        if key not in old:
            here = pointer + tolerant.pointer_of((key,))
            yield ValueChange(pointer=here, before=None, after=json.dumps(new[key]))


def _is_odd(old: Json, change: ValueChange) -> bool:
    """Tell whether a value before has a part that JSON can't tell from text, as `0x1f` of YAML."""
    parts = _parts(tolerant.at(old, change.pointer))
    return any(isinstance(one, tolerant.Unquoted) for one in parts)


def _parts(value: object) -> Iterator[object]:
    yield value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _parts(item)


def put_back(data: bytes, dialect: Format, changes: Sequence[ValueChange]) -> bytes:
    """Return a file with these values as they were before; all else stays as it is by now.

    Raises:
        FormError: A value is not the one that was written any more, or its form takes no edit.
        ScanError: The file can't be read.
    """
    document = _said(tolerant.read(data, dialect).value)
    edits: list[ValueEdit] = []
    for one in changes:
        edits += _back(document, one)
        document = _applied(document, one)
    return edited(data, dialect, edits)


def _back(document: Json, change: ValueChange) -> Iterator[ValueEdit]:
    """Yield the edits that put one value back."""
    inside, key = _place(document, change)
    now = inside.get(key)
    is_there = key in inside
    is_ours = change.after is not None and _sorted(now) == _sorted(json.loads(change.after))
    if is_there is not (change.after is not None) or (is_there and not is_ours):
        raise FormError(f"`{change.pointer}` was changed since")
    if change.before is None:
        yield removed(change.pointer)
    elif not is_there:
        behind = change.behind if change.behind in inside else next(reversed(inside), "")
        yield added(change.pointer, json.loads(change.before), behind=behind)
    else:
        yield from turned(change.pointer, now, json.loads(change.before))


def _place(document: Json, change: ValueChange) -> tuple[dict[str, Json], str]:
    """Return the object that a value stands in, and its key."""
    *way, key = tolerant.pointer_tokens(change.pointer) or ("",)
    inside = tolerant.at(document, tolerant.pointer_of(way))
    if not isinstance(inside, dict):
        raise FormError(f"`{change.pointer}` is not where it was")
    return inside, key


def _applied(document: Json, change: ValueChange) -> Json:
    """Return a document with one value back, so that the next one finds its neighbour."""
    inside, key = _place(document, change)
    if change.before is None:
        del inside[key]
    else:
        inside[key] = json.loads(change.before)
    return document


def _said(value: object) -> Json:
    """Return a value of a document as JSON has it; numbers of YAML are numbers."""
    if isinstance(value, tolerant.Unquoted) and _NUMBER.fullmatch(value):
        number: Json = json.loads(value)
        return number
    if isinstance(value, list):
        return [_said(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _said(item) for key, item in value.items()}
    return tolerant.as_json(value)


def _sorted(value: Json) -> str:
    """Return a text that two values share only if they say the same."""
    return json.dumps(value, sort_keys=True)
