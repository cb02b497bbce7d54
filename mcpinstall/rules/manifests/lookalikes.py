"""MV309: names, aliases and titles that a reader takes for one another."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from mcpinstall.model.finding import Finding, Severity
from mcpinstall.rules.manifests.facts import RegistryFacts, rule
from mcpinstall.rules.manifests.reading import INDEX, REGISTRY

LOOK_ALIKE = rule(309, "look-alike", Severity.HIGH, "Two servers are easily taken for one another")

_LONG = 5  # characters from which one edit is a slip and not another word
_ALIKE = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "|": "l", "5": "s", "-": "", "_": "", ".": ""}
)
_FOREIGN = str.maketrans("авекмнорстухіӏј", "abekmhopctyxllj")
"""Cyrillic small letters and the Latin ones that they look like."""


def look_alikes(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield aliases, then names, then titles that differ in one place or in look only."""
    yield from _aliases(registry)
    yield from _rows(registry)


def _aliases(registry: RegistryFacts) -> Iterator[Finding]:
    aliases = [alias for alias, _ in registry.file.aliases] if registry.file else []
    full = dict(registry.file.aliases) if registry.file else {}
    for earlier, later in _pairs(aliases):
        if full[earlier] != full[later] and are_alike(earlier, later):
            yield registry.finding(
                LOOK_ALIKE, REGISTRY, f"the alias `{later}` is easily taken for `{earlier}`",
                at=f"aliases.{later}", fix="choose another alias",
            )  # fmt: skip


def _rows(registry: RegistryFacts) -> Iterator[Finding]:
    first: dict[str, tuple[int, str]] = {}
    for number, row in enumerate(registry.rows or ()):
        first.setdefault(row.name, (number, row.title))
    for earlier, later in _pairs(list(first)):
        number, title = first[later]
        key = message = ""
        if any(
            are_alike(a, b) for a, b in zip(earlier.split("/"), later.split("/"), strict=True)
        ) or _skeleton(earlier) == _skeleton(later):
            key, message = "name", f"`{later}` is easily taken for `{earlier}`"
        elif _skeleton(title) == _skeleton(first[earlier][1]):
            key, message = "title", f"the title of `{later}` looks like that of `{earlier}`"
        if key:
            yield registry.finding(
                LOOK_ALIKE, INDEX, message, at=f"servers[{number}].{key}", subject=later,
                fix="make sure that it is meant, and choose a name that is plainly another",
            )  # fmt: skip


def are_alike(one: str, other: str) -> bool:
    """Tell whether two different names look the same, or are one slip of the finger apart."""
    if one == other:
        return False
    if _skeleton(one) == _skeleton(other):
        return True
    return min(len(one), len(other)) >= _LONG and _one_edit(one.lower(), other.lower())


def _skeleton(text: str) -> str:
    """Return what is left of a name when look-alikes are one letter and separators are none."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return plain.translate(_FOREIGN).translate(_ALIKE).replace("rn", "m").replace("vv", "w")


def _one_edit(one: str, other: str) -> bool:
    """Tell whether a letter was added, left out, replaced, or swapped with its neighbour."""
    if one[-1].isdigit() and other[-1].isdigit() and one[:-1] == other[:-1]:
        return False  # numbered on purpose
    short, long = sorted((one, other), key=len)
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(long) == len(short) + 1:
        return short[at:] == long[at + 1 :]
    if len(long) > len(short):
        return False
    swapped = short[at : at + 2][::-1] == long[at : at + 2] and short[at + 2 :] == long[at + 2 :]
    return swapped or short[at + 1 :] == long[at + 1 :]


def _pairs(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, later in enumerate(names):
        for earlier in names[:number]:
            yield earlier, later
