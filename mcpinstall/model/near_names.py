"""Names that a hurried reader takes for one another."""

from __future__ import annotations


def are_near(one: str, other: str) -> bool:
    """Tell whether two names differ by one letter at most: left out, added, changed or swapped.

    Hyphens, dots, underscores and case are passed over, so equal names are near as well.
    """
    short, long = sorted((_letters(one), _letters(other)), key=len)
    if len(long) - len(short) > 1:
        return False
    same = next((n for n, pair in enumerate(zip(short, long, strict=False)) if len({*pair}) > 1),
                len(short))  # fmt: skip
    ours, theirs = short[same:], long[same:]
    if len(ours) < len(theirs):
        return ours == theirs[1:]
    return ours[1:] == theirs[1:] or ours[:2][::-1] + ours[2:] == theirs


def _letters(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())
