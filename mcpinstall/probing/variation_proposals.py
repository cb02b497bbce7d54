"""What `[[tools.varies]]` could say of tools that differed between starts.  A person decides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcpinstall.model.manifest import ToolVariation
from mcpinstall.model.tools import ToolList
from mcpinstall.probing.comparison import differences
from mcpinstall.probing.variation import Difference

_WORD_END, _WORD_START = re.compile(r"\w+$"), re.compile(r"^\w+")
_MOST = 200  # places; a server that varies in more is not worth a list
_TOOL = 2  # parts of the place of a whole tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of a server: the Python, which start under it, and what it showed."""

    python: str
    """Such as `3.12`."""
    number: int
    tools: ToolList


def propose(starts: Sequence[Start]) -> tuple[ToolVariation, ...]:
    """Return declarations that would allow every difference from the first start.

    What no declaration can allow, such as a tool that only some starts have, has none: comparing
    with the declarations then tells it.
    """
    first, *others = starts
    places: dict[tuple[str, ...], dict[tuple[str, int], Difference]] = {}
    for start in others:
        for difference in differences(first.tools, start.tools):
            places.setdefault(difference.place, {})[start.python, start.number] = difference
    found = (_declared(place, seen, starts) for place, seen in list(places.items())[:_MOST])
    return tuple(one for one in found if one is not None)


def _declared(
    place: tuple[str, ...],
    seen: Mapping[tuple[str, int], Difference],
    starts: Sequence[Start],
) -> ToolVariation | None:
    pointer = "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in place)
    every = list(dict.fromkeys(start.python for start in starts))
    pythons = {python for python, _ in seen}
    whole = all((start.python, start.number) in seen for start in starts if start.python in pythons)
    if whole and pythons < set(every) and len(place) >= _TOOL:
        return ToolVariation(
            pointer=pointer,
            reason="differs between versions of Python",
            when=_marker([python for python in every if python in pythons], every),
        )
    pattern = _pattern(list(seen.values()))
    if pattern is None:
        return None
    return ToolVariation(pointer=pointer, reason="differs from start to start", pattern=pattern)


def _marker(pythons: Sequence[str], every: Sequence[str]) -> str:
    """Return the shortest marker that holds under `pythons` alone, of all that were tried."""
    ordered = sorted(every, key=_number)
    wanted = sorted(pythons, key=_number)
    if ordered[-len(wanted) :] == wanted:
        return f"python_version >= '{wanted[0]}'"
    if ordered[: len(wanted)] == wanted:
        return f"python_version <= '{wanted[-1]}'"
    return " or ".join(f"python_version == '{python}'" for python in wanted)


def _number(python: str) -> tuple[int, ...]:
    return tuple(int(part) for part in python.split("."))


def _pattern(found: Sequence[Difference]) -> str | None:
    """Return a pattern for texts that are alike at both ends; None where they are no texts."""
    texts: list[str] = []
    for difference in found:
        for side in (difference.reviewed, difference.seen):
            if side is None or not isinstance(side[0], str):
                return None
            texts.append(side[0])
    start = _WORD_END.sub("", _common(texts))
    end = _common([text[len(start) :][::-1] for text in texts])[::-1]
    end = _WORD_START.sub("", end)
    if not start and not end:
        return None
    return f"{start}{{varies}}{end}".replace("\n", "\\n")


def _common(texts: Sequence[str]) -> str:
    """Return what all texts begin with: what the least and the greatest of them do."""
    least, greatest = min(texts), max(texts)
    pairs = enumerate(zip(least, greatest, strict=False))
    return least[: next((n for n, (one, other) in pairs if one != other), len(least))]
