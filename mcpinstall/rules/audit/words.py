"""Texts of a launch taken apart: the name of a program, the words of a command line."""

from __future__ import annotations

import re

from mcpinstall.model.audited import Value

LONGEST = 1 << 17
"""Characters of one text that are looked at: Linux starts nothing with a longer argument, and
Windows takes a quarter of it for all arguments together."""
MOST_WORDS = 2048  # of one text; a command line has 20

_PIECE = re.compile(r"""\s+|[^\s"']+|"[^"\\]*(?:\\.[^"\\]*)*"|'[^']*'""", re.DOTALL)
_ENDINGS = (".exe", ".cmd", ".bat", ".com", ".ps1")
_NAME = 255  # characters of a file's name


def program(text: str) -> str:
    """Return the name that a program is known by: no folder, no `.exe`, small letters."""
    end = text[-_NAME - 1 :].rstrip()
    name = re.split(r"[/\\]", end)[-1].lower()
    for ending in _ENDINGS:
        if name.endswith(ending):
            return name[: -len(ending)]
    return name


def split(text: str) -> list[str] | None:
    """Return the words of a command line with its quotes taken off; None where one is open.

    A backslash is kept: it stands in the paths of Windows.
    """
    words: list[str] = []
    word: list[str] | None = None
    at = 0
    text = text[:LONGEST]
    while at < len(text) and len(words) < MOST_WORDS:
        found = _PIECE.match(text, at)
        if found is None:
            return None
        piece = found[0]
        at = found.end()
        if piece.isspace():
            if word is not None:
                words.append("".join(word))
            word = None
            continue
        word = [] if word is None else word
        word.append(_unquoted(piece))
    if word is not None:
        words.append("".join(word))
    return words


def split_value(value: Value) -> tuple[Value, ...]:
    """Return the words of a value, each with the value's place; the value where it has none."""
    words = split(value.text)
    return tuple(Value(text=one, pointer=value.pointer) for one in words) if words else (value,)


def _unquoted(piece: str) -> str:
    if piece[0] == "'":
        return piece[1:-1]
    return piece[1:-1].replace('\\"', '"') if piece[0] == '"' else piece
