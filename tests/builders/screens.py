"""What a screen may hold, said without the program's own rules."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

OWN_CODES = frozenset(f"\x1b[{code}m" for code in ("0", "1", "2", "32", "1;31", "33", "36"))
"""The colours of the program, and the end of each."""

_CODE = re.compile(r"\x1b\[[0-9;]*m")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_IGNORABLE = (
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFFC, 0xFFFC), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""Unicode's Default_Ignorable_Code_Point outside these categories, and two that are blank."""

FORGED = "FORGED"
"""A word that is no line of ours, wherever a line is broken."""

ESCAPES = (
    "\x1b[2J\x1b[1;1HVerified", "\x9b31m", "\x1b]8;;http://x\x07", "\x1b]52;c;eA==\x1b\\", "\x07",
    "a\rb", "a\x08b", "\x7f", "\x00", "a\nb\x0bb\x0cb\x85b", "\u202ex\u202c", "\u2066x\u2069",
    "\u200b\u200d\ufeff", "\U000e0041\U000e007f", "a\ufe0f\U000e0100", "\u0301x",
    "a" + "\u0301" * 40, "\ud800", "\u2028x\u2029", "\u3164\u115f\uffa0\u2800\u00ad\u034f\u180e",
    "\ufff9a\ufffb", "\ue000\ufdd0\U0010ffff\u0378",
)  # fmt: skip
"""Texts that a terminal obeys, or that a reader can't see."""

INERT = (
    "[bold red]x[/] [link=http://x]y[/link] :smile:", "%1b[2J \\x1b[2J \\033[2J", "{0}{x}%s%n",
    "👩👩👩👩 漢字漢字漢字 🇫🇷🇫🇷 ䷀䷁ \uff46\uff55", "שלום עולם 123 abc", "x" * 500, "漢" * 200,
    "  " * 90 + "x", f"x{' ' * 77}{FORGED}", "é" * 100 + "e\u0301" * 99,
)  # fmt: skip
"""Texts that are shown as they are, and must not become more than that."""


def hidden(text: str, *, colour: bool = False) -> list[str]:
    """Return every character of a screen that a terminal obeys or a reader can't see."""
    text = without_colour(text) if colour else text
    return [f"U+{ord(char):04X}" for char in text if char != "\n" and _is_hidden(char)]


def without_colour(text: str) -> str:
    """Return a screen without our own codes; those of others stay."""
    return _CODE.sub(lambda code: "" if code[0] in OWN_CODES else code[0], text)


def _is_hidden(char: str) -> bool:
    inside = any(first <= ord(char) <= last for first, last in _IGNORABLE)
    return inside or unicodedata.category(char) in _UNSEEN


def forged(text: str) -> list[str]:
    """Return the lines that text from outside begins, so that they look like ours."""
    return [row for row in text.split("\n") if re.match(rf" {{0,3}}{FORGED}", row)]


def too_wide(text: str, width: int) -> list[str]:
    """Return the lines that a terminal would break by itself: on from the first column."""
    return [row for row in text.split("\n") if columns(row) > width]


def columns(text: str) -> int:
    """Return the columns that `text` takes in a terminal that combines nothing."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def poisoned(value: T, text: str, *, spared: Sequence[str] = ()) -> T:
    """Return a value with `text` in the place of every text and path in it.

    Fields whose names are in `spared` stay as they are, and so do words of a closed list.
    """
    found: Any = value
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        found = text
    elif isinstance(value, Path):
        found = Path(text)
    elif isinstance(value, tuple):
        items = [poisoned(item, text, spared=spared) for item in value]
        found = type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    elif isinstance(value, Mapping):
        found = {key: poisoned(item, text, spared=spared) for key, item in value.items()}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = dataclasses.replace(
            value,
            **{
                field.name: poisoned(getattr(value, field.name), text, spared=spared)
                for field in dataclasses.fields(value)
                if field.init and field.name not in spared
            },
        )
    return found  # type: ignore[no-any-return]
