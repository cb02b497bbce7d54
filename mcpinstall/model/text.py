"""Text from outside: when it is refused, and how it is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from mcpinstall.errors import ErrorCode, McpInstallError

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode general categories that change what a reader sees without being seen."""

_BLANKS = (
    "\u034f\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U000e0100-\U000e01ef"  # DerivedCoreProperties.txt, Default_Ignorable_Code_Point
    "\u1680\u2000-\u200a\u205f\u2800\ufffc\U00013441-\U00013446\U0001d159"  # drawn as nothing
)
"""Letters, marks and symbols that nobody sees, and spaces of odd width."""

_BLANK = re.compile(f"[{_BLANKS}]")

_MOST_MARKS = 5
"""Marks on one letter; Hebrew and Tibetan need as many, a flood of them covers other lines."""


def is_plain(char: str) -> bool:
    """Tell whether `char` shows as itself and changes nothing around it.

    Refuses controls (C0, C1, DEL), format characters (bidirectional controls, zero width,
    tags, soft hyphen), surrogates, private use, unassigned, line and paragraph separators,
    variation selectors, fillers and other blanks.  UTR 36, Trojan Source (CVE-2021-42574).
    """
    if char.isascii():
        return " " <= char <= "~"
    return unicodedata.category(char) not in _HIDDEN_CATEGORIES and not _BLANK.match(char)


def printable(text: str) -> str:
    r"""Return `text` with everything that is not plain written as `\x1b`, `\u202e` ….

    So is a combining mark that has no letter to stand on, or too many others on its own: it
    would draw over text that is not its own.  A backslash stays as it is: the result is for
    reading, not for parsing back.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if plain else _escaped(char) for char, plain in _judged(text))


def printable_document(text: str) -> str:
    """Return JSON or TOML that shows as itself and says the same: escapes, and its own lines."""
    import json

    return "".join(
        char if plain or char == "\n" else json.dumps(char)[1:-1] for char, plain in _judged(text)
    )


def _judged(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each character and whether it is plain where it stands."""
    marks = _MOST_MARKS
    for char in text:
        category = unicodedata.category(char)
        plain = is_plain(char)
        if category in ("Mn", "Me"):
            plain = plain and marks < _MOST_MARKS
            marks = marks + 1 if plain else _MOST_MARKS
        else:
            marks = 0 if plain and category[0] in "LMN" else _MOST_MARKS
        yield char, plain


def _escaped(char: str) -> str:
    code = ord(char)
    if char in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def require_plain(text: str, where: str) -> str:
    """Return `text`, or refuse it when it holds a character that is not plain.

    Raises:
        McpInstallError: `text-hostile`, naming the character and `where`.
    """
    if text.isascii() and text.isprintable():
        return text
    for char, plain in _judged(text):
        if not plain:
            why = "covers other text" if is_plain(char) else "a reader cannot see"
            raise McpInstallError(
                ErrorCode.TEXT_HOSTILE,
                f"`{where}` holds the character {_escaped(char)}, which {why}",
                hint="text that lies to its reader is refused; tell the author of the file",
            )
    return text
