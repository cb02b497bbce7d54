"""What became of single values of a file, kept so that they can be put back when others changed it.

A change belongs to a member of an object; a list is one value, for its items have no names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from mcpinstall.hosts import tolerant
from mcpinstall.hosts.forms import FormError
from mcpinstall.hosts.value_edits import edited
from mcpinstall.model.host import Format
from mcpinstall.model.json_text import Json
from mcpinstall.model.value_edit import ValueChange, ValueEdit, added, removed, turned


def between(before: bytes, after: bytes, dialect: Format) -> tuple[ValueChange, ...]:
    """Return what differs between two states of a file.

    Raises:
        ScanError: One of them can't be read.
    """
    old, new = (tolerant.as_json(tolerant.read(one, dialect).value) for one in (before, after))
    return tuple(_between(old, new, ""))


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


def put_back(data: bytes, dialect: Format, changes: Sequence[ValueChange]) -> bytes:
    """Return a file with these values as they were before; all else stays as it is by now.

    Raises:
        FormError: A value is not the one that was written any more, or its form takes no edit.
        ScanError: The file can't be read.
    """
    document = tolerant.as_json(tolerant.read(data, dialect).value)
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


def _sorted(value: Json) -> str:
    """Return a text that two values share only if they say the same."""
    return json.dumps(value, sort_keys=True)
