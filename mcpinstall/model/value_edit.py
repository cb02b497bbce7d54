"""Changes of single values of a document, whatever its syntax."""

from __future__ import annotations

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


def set_to(pointer: str, value: Json) -> ValueEdit:
    """Return the edit that gives a value's place another one."""
    return ValueEdit(act=Act.SET, pointer=pointer, value=value)


def removed(pointer: str) -> ValueEdit:
    """Return the edit that takes a value out."""
    return ValueEdit(act=Act.REMOVE, pointer=pointer)


def added(pointer: str, value: Json, *, behind: str = "") -> ValueEdit:
    """Return the edit that puts a new value in."""
    return ValueEdit(act=Act.ADD, pointer=pointer, value=value, behind=behind)
