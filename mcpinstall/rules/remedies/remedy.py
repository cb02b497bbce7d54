"""What a remedy of a finding is: edits of values, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.host import HostRow
from mcpinstall.model.json_text import Json
from mcpinstall.model.value_edit import ValueEdit, removed, set_to
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Hit

Versions: TypeAlias = Callable[[str, str], Sequence[str]]
"""`versions("npm", "left-pad")`, `versions("image", "a/b:1.0")`: those that are here already."""


def _none(_kind: str, _name: str) -> Sequence[str]:
    return ()


def _nothing() -> MachineFacts:
    return NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A finding with all that a remedy may know."""

    hit: Hit
    server: AuditedServer | None
    row: HostRow | None
    document: Mapping[str, Json] = field(default_factory=dict)
    """The whole file."""
    versions: Versions = _none
    facts: Callable[[], MachineFacts] = _nothing
    """What the rules knew of the server's surroundings; looked for when it is asked."""

    def at(self, pointer: str) -> Json:
        """Return what stands at a pointer; None for nothing."""
        found: Json = dict(self.document)
        for token in tokens(pointer):
            if isinstance(found, list):
                found = found[int(token)] if token.isdecimal() and int(token) < len(found) else None
            else:
                found = found.get(token) if isinstance(found, dict) else None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What takes a finding away."""

    what: str
    """What it does, as an instruction: `take `--privileged` out`."""
    edits: tuple[ValueEdit, ...]
    plain: tuple[str, ...] = ()
    """Texts that the diff may show if they are no secrets."""
    notes: tuple[str, ...] = ()
    """What the person has to do besides, as sentences."""


@dataclass(frozen=True, slots=True)
class NoRemedy:
    """Why there is none."""

    reason: str
    """As a sentence without its end."""
    hint: str = ""
    """What helps, best a command."""


Outcome: TypeAlias = "Remedy | NoRemedy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixer:
    """The remedy of some rules, under the name that a person asks for it by."""

    name: str
    rules: tuple[str, ...]
    is_safe: bool
    """It changes nothing that the server may do; else it must be named."""
    title: str
    """What it does, for the list of fixers."""
    build: Callable[[Case], Outcome]
    only_eases: bool = False
    """The finding stays, one severity lower."""
    is_counted: bool = False
    """No other finding of the rule may come in the place of the one that goes."""
    of_own: bool = False
    """It is for entries that mcpinstall wrote, and no other is."""


ELSEWHERE = NoRemedy("what is at fault is not written in a form that can be edited")


def tokens(pointer: str) -> tuple[str, ...]:
    """Return the way that a JSON pointer names."""
    return tuple(one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:])


def parent(pointer: str) -> str:
    """Return the pointer of what a value stands in."""
    return pointer.rpartition("/")[0]


def without_words(argv: Sequence[Value], start: int, end: int) -> tuple[ValueEdit, ...] | None:
    """Return the edits that take words `start` to `end` out of a command line.

    None where its words are not each a value of the file.
    """
    if len({one.pointer for one in argv}) != len(argv) or end > len(argv):
        return None
    if start > 0:
        return tuple(removed(one.pointer) for one in reversed(argv[start:end]))
    if end == len(argv):
        return None
    first, new = argv[0].pointer, argv[end]
    if parent(first) == parent(new.pointer):  # one list holds the command and its arguments
        return tuple(removed(one.pointer) for one in reversed(argv[:end]))
    gone = tuple(removed(one.pointer) for one in reversed(argv[1 : end + 1]))
    return (*gone, set_to(first, new.text))


def place_of(argv: Sequence[Value], word: Value) -> int | None:
    """Return the number of a word in a command line; None for a part of one."""
    found = [number for number, one in enumerate(argv) if one == word]
    return found[0] if len(found) == 1 else None
