"""Commands as a person can copy them into a shell, and other programs' commands as we tell them.

What stands in a host's file may come with a cloned project: a name such as `a; rm -rf ~` in a
command that we print would be run by whoever copies the line.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from mcpinstall.model.text import is_plain


def command(*words: str) -> str:
    """Return a command that a shell reads as these very words; empty when none can be typed.

    A word from outside comes last: one that begins with `-` stands behind `--`.
    """
    if not words[-1] or not all(is_plain(char) for word in words for char in word):
        return ""
    *first, last = words
    return shlex.join([*first, *(["--"] if last.startswith("-") else []), last])


def program(text: str) -> str:
    """Return what an entry starts, without what may be arguments, for they may hold secrets.

    Some people write the whole line where the program belongs.  What is there as a file, or in a
    folder that is there, is no argument.
    """
    known, rest = _there(text)
    word, *more = rest.split(maxsplit=1) or [""]
    return f"{known}{word} …" if more else text


def _there(text: str) -> tuple[str, str]:
    """Split an absolute path behind the longest part of it that exists."""
    path = Path(text)
    if not path.is_absolute():
        return "", text
    for part in (path, *path.parents):
        lead = str(part)
        if _exists(part) and text.startswith(lead):
            return lead, text[len(lead) :]
    return "", text


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
