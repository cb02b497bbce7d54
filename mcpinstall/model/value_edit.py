"""Changes of single values of a document, whatever its syntax."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mcpinstall.model.json_text import Json


class Act(StrEnum):
    """What becomes of a value."""

    SET = "set"
    """It is another one."""
    REMOVE = "remove"
    """It goes: a member with its key, or an item of a list."""
    ADD = "add"
    """It comes: a member behind another one, or an item before the one of that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueEdit:
    """One change.  Pointers are those of the document that the edits before it made."""

    act: Act
    pointer: str
    """JSON pointer (RFC 6901) of the value."""
    value: Json = None
    behind: str = ""
    """Key of the member that a new one stands behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """What became of one value of a file."""

    pointer: str
    """JSON pointer (RFC 6901) of a member of an object."""
    before: str | None
    """Its value as JSON; None where there was none."""
    after: str | None
    behind: str = ""
    """Of a value that goes: key of the member that it stood behind."""


def set_to(pointer: str, value: Json) -> ValueEdit:
    """Return the edit that gives a value's place another one."""
    return ValueEdit(act=Act.SET, pointer=pointer, value=value)


def removed(pointer: str) -> ValueEdit:
    """Return the edit that takes a value out."""
    return ValueEdit(act=Act.REMOVE, pointer=pointer)


def added(pointer: str, value: Json, *, behind: str = "") -> ValueEdit:
    """Return the edit that puts a new value in."""
    return ValueEdit(act=Act.ADD, pointer=pointer, value=value, behind=behind)


def turned(pointer: str, old: Json, new: Json) -> Iterator[ValueEdit]:
    """Yield the edits that make one value of another, touching no part that both have.

    What a list has too much goes from its end, so that the comments of the others stay theirs.
    """
    if isinstance(old, dict) and isinstance(new, dict) and old:
        plain = (key for key in reversed(old) if not isinstance(old[key], dict))
        last = next(plain, next(reversed(old)))  # (behind a table of TOML it would be the table's)
        for key, value in new.items():
            here = _below(pointer, key)
            if key in old:
                yield from turned(here, old[key], value)
            else:
                yield added(here, value, behind=last)
                last = key
        yield from (removed(_below(pointer, key)) for key in old if key not in new)
    elif isinstance(old, list) and isinstance(new, list) and old and new:
        for number, (before, after) in enumerate(zip(old, new, strict=False)):
            yield from turned(f"{pointer}/{number}", before, after)
        yield from (removed(f"{pointer}/{n}") for n in reversed(range(len(new), len(old))))
        yield from (added(f"{pointer}/{n}", new[n]) for n in range(len(old), len(new)))
    elif old != new or type(old) is not type(new):
        yield set_to(pointer, new)


def _below(pointer: str, key: str) -> str:
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
