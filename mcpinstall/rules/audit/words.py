"""Texts of a launch taken apart: the name of a program, the words of a command line."""

from __future__ import annotations

import functools
import re

from mcpinstall.model.audited import Value

LONGEST = 1 << 17
"""Characters of one text that are looked at: Linux starts nothing with a longer argument, and
Windows takes a quarter of it for all arguments together."""
MOST_WORDS = 2048  # of one text; a command line has 20

_PIECE = re.compile(r"""\s+|[^\s"']+|"[^"\\]*(?:\\.[^"\\]*)*"|'[^']*'""", re.DOTALL)
_SHELL_PIECE = re.compile(
    r"""\s+|(?:[^\s"'\\]|\\.|\\\Z)++|"[^"\\]*(?:\\.[^"\\]*)*"|'[^']*'""", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r'\\([\\"$`])')
_ENDINGS = (".exe", ".cmd", ".bat", ".com", ".ps1")
_NAME = 255  # characters of a file's name


def program(text: str) -> str:
    """Return the name that a program is known by: no folder, `.exe` or quotes, small letters."""
    return _program(text[-_NAME - 1 :])


@functools.lru_cache(maxsize=1024)
def _program(end: str) -> str:
    """Return the same of what a text ends with; every rule asks for it."""
    end = end.rstrip().strip("\"'")
    name = end[max(end.rfind("/"), end.rfind("\\")) + 1 :].lower()
    for ending in _ENDINGS:
        if name.endswith(ending):
            return name[: -len(ending)]
    return name


def split(text: str, *, escapes: bool = False) -> list[str] | None:
    """Return the words of a command line with its quotes taken off; None where one is open.

    A backslash is kept, for it stands in the paths of Windows; with `escapes`, as in a POSIX shell,
    it makes the character behind it a plain one.
    """
    pattern = _SHELL_PIECE if escapes else _PIECE
    words: list[str] = []
    word: list[str] | None = None
    at = 0
    text = text[:LONGEST]
    while at < len(text) and len(words) < MOST_WORDS:
        found = pattern.match(text, at)
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
        word.append(_unescaped(piece) if escapes else _unquoted(piece))
    if word is not None:
        words.append("".join(word))
    return words


def split_value(value: Value, *, escapes: bool = False) -> tuple[Value, ...]:
    """Return the words of a value, each with its place; the value itself where it has none.

    Behind a quote that stays open, as `cmd` allows, words end at blanks.
    """
    words = split(value.text, escapes=escapes)
    if words is None:
        words = [one.strip("\"'") for one in value.text[:LONGEST].split()[:MOST_WORDS]]
    return tuple(Value(text=one, pointer=value.pointer) for one in words) if words else (value,)


def _unquoted(piece: str) -> str:
    if piece[0] == "'":
        return piece[1:-1]
    return piece[1:-1].replace('\\"', '"') if piece[0] == '"' else piece


def _unescaped(piece: str) -> str:
    if piece[0] == '"':
        return _ESCAPED_IN_QUOTES.sub(r"\1", piece[1:-1])
    return piece[1:-1] if piece[0] == "'" else _ESCAPED.sub(r"\1", piece)
