"""Words that mix alphabets whose letters look alike (threat T26)."""

from __future__ import annotations

import re
import unicodedata

from mcpinstall.errors import ErrorCode, McpInstallError

_ALIKE = frozenset({"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LATIN", "LISU"})
"""Alphabets with letters that are drawn the same."""

_WORD = re.compile(r"[^\W\d_]+")


def require_one_script(text: str, where: str) -> str:
    """Return `text`, or refuse it when one word mixes alphabets that look alike.

    Raises:
        McpInstallError: `text-hostile`, naming the word by its code points.
    """
    if text.isascii():
        return text
    for word in _WORD.findall(text):
        scripts = {unicodedata.name(char, "").split(" ", 1)[0] for char in word} & _ALIKE
        fullwidth = any(unicodedata.normalize("NFKC", char) != char for char in word)
        if len(scripts) > 1 or (fullwidth and not word.isascii()):
            points = " ".join(f"U+{ord(char):04X}" for char in word[:20])
            raise McpInstallError(
                ErrorCode.TEXT_HOSTILE,
                f"`{where}` has a word with letters that look like others ({points})",
                hint="text that lies to its reader is refused; tell the author of the file",
            )
    return text
