"""Text from outside: when it is refused, and how it is shown."""

from __future__ import annotations

import unicodedata

from mcpinstall.errors import ErrorCode, McpInstallError

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode general categories that change what a reader sees without being seen."""


def is_plain(char: str) -> bool:
    """Tell whether `char` shows as itself and changes nothing around it.

    Refuses controls (C0, C1, DEL), format characters (bidirectional controls, zero width,
    tags, soft hyphen), surrogates, private use, unassigned, line and paragraph separators,
    and variation selectors.  UTR 36, Trojan Source (CVE-2021-42574).
    """
    if char.isascii():
        return " " <= char <= "~"
    if unicodedata.category(char) in _HIDDEN_CATEGORIES:
        return False
    return not (0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF)


def printable(text: str, *, newlines: bool = False) -> str:
    r"""Return `text` with everything that is not plain written as `\x1b`, `\u202e` ….

    A backslash stays as it is: the result is for reading, not for parsing back.
    `newlines=True` keeps line feeds, for blocks such as diffs.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if is_plain(char) or (newlines and char == "\n") else _escaped(char) for char in text
    )


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
    for char in text:
        if not is_plain(char):
            raise McpInstallError(
                ErrorCode.TEXT_HOSTILE,
                f"`{where}` holds the character {_escaped(char)}, which a reader cannot see",
                hint="text that lies to its reader is refused; tell the author of the file",
            )
    return text
