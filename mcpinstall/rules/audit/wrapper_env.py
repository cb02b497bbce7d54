"""What a wrapper starts, and how `env` reads its own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mcpinstall.model.audited import Value, Variable
from mcpinstall.rules.audit.words import split_value

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]{0,255})=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Inner:
    """What one wrapper starts."""

    name: str
    """The wrapper's."""
    words: tuple[Value, ...]
    variables: tuple[Variable, ...] = ()
    """What the wrapper sets."""


Words: TypeAlias = tuple[Value, ...]


def variable(word: Value) -> tuple[Variable, ...]:
    """Return the assignment `A=b` that a word is; nothing for any other word."""
    found = _ASSIGNMENT.match(word.text)
    if found is None:
        return ()
    return (Variable(name=found[1], value=Value(text=found[2], pointer=word.pointer)),)


def skip(words: Sequence[Value], valued: frozenset[str]) -> int:
    """Return how many words are options; `valued` ones take the word behind them."""
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            return at + 1
        if text[:1] != "-" or text == "-":
            return at
        at += 2 if text in valued else 1
    return at


# env ---------------------------------------------------------------------------------------------

_SPLITS = re.compile(r"(?:--s(?:p(?:l(?:i(?:t(?:-\w{0,6})?)?)?)?)?=|-[i0v]{0,8}S)(.+)", re.DOTALL)
_SPLITS_NEXT = re.compile(r"--s(?:p(?:l(?:i(?:t(?:-\w{0,6})?)?)?)?)?|-[i0v]{0,8}S")
_ENV_ESCAPES = {"\\_": " ", "\\t": " ", "\\n": " ", "\\f": " ", "\\r": " ", "\\v": " "}


def read_env(name: str, words: Words) -> Inner:
    """Return what `env [options] [A=b …] PROGRAM …` starts."""
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        split_at = _split_string(words, at)
        if split_at is not None:
            return read_env(name, split_at)
        if text in {"-u", "-C", "-P", "-a", "--unset", "--chdir", "--argv0"}:
            at += 2
        elif text[:1] == "-":
            at += 1
        else:
            break
    return assigned(name, words[at:])


def _split_string(words: Words, at: int) -> Words | None:
    """Return the words of `env -S`, whose text is split by `env` itself, and what follows it."""
    text = words[at].text
    if _SPLITS_NEXT.fullmatch(text) and at + 1 < len(words):
        return (*_split_by_env(words[at + 1]), *words[at + 2 :])
    found = _SPLITS.match(text)
    if found:
        glued = Value(text=found[1], pointer=words[at].pointer)
        return (*_split_by_env(glued), *words[at + 1 :])
    return None


def _split_by_env(value: Value) -> Words:
    text = re.sub(r"\\.", lambda found: _ENV_ESCAPES.get(found[0], found[0]), value.text)
    return split_value(Value(text=text, pointer=value.pointer), escapes=True)


def assigned(name: str, words: Words) -> Inner:
    """Return what follows the assignments of `env` and of `sudo`."""
    variables: list[Variable] = []
    for at, word in enumerate(words):
        found = variable(word)
        if not found:
            return Inner(name, words[at:], tuple(variables))
        variables += found
    return Inner(name, (), tuple(variables))
