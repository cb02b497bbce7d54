"""Words that mix alphabets whose letters look alike (threat T26)."""

from __future__ import annotations

import itertools
import re
import unicodedata

from mcpinstall.errors import ErrorCode, McpInstallError

_TOGETHER = frozenset({"BOPOMOFO", "CJK", "HANGUL", "HIRAGANA", "IDEOGRAPHIC", "KATAKANA"})
"""Scripts of one writing system, which also takes Latin letters into a word.

The only mixture that UTS 39 calls highly restrictive.
"""

_RENAMED = {"EXTENDED": "ARABIC"}
"""First words of character names that aren't the script's."""


_WRITTEN_SO = frozenset("\u0e33\u0eb3")
"""Vowels of Thai and Lao, which everybody writes as one character (NFKC takes them apart)."""

_UNIT, _ORDINALS = "\u00b5", "\u00aa\u00ba"
"""The sign of a unit may begin a word, signs of ordinal numbers may end one."""


def require_one_script(text: str, where: str) -> str:
    """Return `text`, or refuse it when one word mixes alphabets or kinds of digits.

    A word goes on over digits, marks and `_`: all of them stand in names.

    Raises:
        McpInstallError: `text-hostile`, naming the word by its code points.
    """
    if text.isascii():
        return text
    for is_word, chars in itertools.groupby(text, _in_word):
        word = "".join(chars)
        if is_word and not word.isascii() and _is_mixed(word):
            points = " ".join(f"U+{ord(char):04X}" for char in word[:20])
            raise McpInstallError(
                ErrorCode.TEXT_HOSTILE,
                f"`{where}` has a word with letters that look like others ({points})",
                hint="text that lies to its reader is refused; tell the author of the file",
            )
    return text


def _in_word(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LMN"


def _is_mixed(word: str) -> bool:
    bare = word.removeprefix(_UNIT).rstrip(_ORDINALS)
    letters = [char for char in bare if _is_letter(char)]
    plain = (char for char in letters if char not in _WRITTEN_SO)
    if any(unicodedata.normalize("NFKC", char) != char for char in plain):
        return True  # full width, mathematical, presentation forms, numbers made of letters
    digits = {ord(char) - unicodedata.decimal(char) for char in letters if char.isdecimal()}
    scripts = {_script(char) for char in letters} - {"DIGIT", "MODIFIER"}
    others = scripts - _TOGETHER
    return len(digits) > 1 or len(others) > 1 or (others != scripts and not others <= {"LATIN"})


def _is_letter(char: str) -> bool:
    return unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl") or char.isdecimal()


def _script(char: str) -> str:
    """Return the first word of a character's name, which is the script of letters and digits."""
    word = re.split("[ -]", unicodedata.name(char, ""), maxsplit=1)[0]
    return _RENAMED.get(word, word)
