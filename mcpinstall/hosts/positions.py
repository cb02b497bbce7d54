"""Where in a text something is that a parser complained of without saying where.

Only for messages: a position may be off in odd files, what is refused never depends on it.
"""

from __future__ import annotations

import re

_QUOTED = r'"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\''
_CONSTANT = re.compile(rf"{_QUOTED}|(?P<found>-?\bInfinity\b|\bNaN\b|-?\d{{4300,}}+)")
_BRACKET = re.compile(rf"{_QUOTED}|(?P<found>[\[\]{{}}])")


def of_constant(text: str) -> int:
    """Return where `NaN`, `Infinity` or a number without end stands in JSON; -1 for nowhere."""
    for token in _CONSTANT.finditer(text):
        if token["found"]:
            return token.start()
    return -1


def of_depth(text: str) -> int:
    """Return where the brackets of a document are nested deepest."""
    depth, deepest, place = 0, 0, -1
    for token in _BRACKET.finditer(text):
        if not token["found"]:
            continue
        depth += 1 if token["found"] in "[{" else -1
        if depth > deepest:
            deepest, place = depth, token.start()
    return place


def of_word(text: str, word: str) -> int:
    """Return where a word stands for the last time, not within a longer one; -1 for nowhere."""
    found = [match.start() for match in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)]
    return found[-1] if found else -1
