"""MV309: names, aliases, titles and versions that a reader takes for one another."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from mcpinstall.model.finding import Finding, Severity
from mcpinstall.model.registry import IndexRow
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
    """Yield aliases, parts of names, and titles that differ in one place or in look only."""
    yield from _aliases(registry)
    yield from _rows(registry)


def _aliases(registry: RegistryFacts) -> Iterator[Finding]:
    full = dict(registry.file.aliases) if registry.file else {}
    for earlier, later in alike_pairs(tuple(full)):
        if full[earlier] != full[later]:
            yield _alias(registry, later, f"`{earlier}`")
    servers: dict[str, str] = {}
    for row in registry.rows or ():
        servers.setdefault(row.name.partition("/")[2], row.name)
    for server, alias in alike_pairs((*servers, *full)):
        told = server in full  # as another alias
        if alias in full and not told and full[alias] != servers[server]:
            yield _alias(registry, alias, f"`{server}` of `{servers[server]}`")


def _alias(registry: RegistryFacts, alias: str, other: str) -> Finding:
    return registry.finding(
        LOOK_ALIKE, REGISTRY, f"the alias `{alias}` is easily taken for {other}",
        at=f"aliases.{alias}", fix="choose another alias",
    )  # fmt: skip


def _rows(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield namespaces, servers and titles; each is told at its first row."""
    first: dict[str, IndexRow] = {}
    for row in registry.rows or ():
        first.setdefault(row.name, row)
    numbers = {row: number for number, row in reversed(tuple(enumerate(registry.rows or ())))}
    places: dict[str, dict[str, IndexRow]] = {"name": {}, "server": {}, "title": {}}
    for row in first.values():
        namespace, _, server = row.name.partition("/")
        places["name"].setdefault(namespace, row)
        places["server"].setdefault(server, row)
        other = places["title"].setdefault(row.title, row)
        if other is not row:
            yield registry.finding(
                LOOK_ALIKE, INDEX, f"`{row.name}` has the title of `{other.name}`",
                at=f"servers[{numbers[row]}].title", subject=row.name, fix="choose another title",
            )  # fmt: skip
    for kind, rows in places.items():
        for earlier, later in alike_pairs(tuple(rows)):
            row, other = rows[later], rows[earlier]
            if row.name == other.name:
                continue
            yield registry.finding(
                LOOK_ALIKE, INDEX, f"`{later}` of `{row.name}` is easily taken for "
                f"`{earlier}` of `{other.name}`",
                at=f"servers[{numbers[row]}].{'title' if kind == 'title' else 'name'}",
                subject=row.name,
                fix="make sure that it is meant, and choose a name that is plainly another",
            )  # fmt: skip


def versions(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield versions of one server that are one version, spelled in two ways (`1.2`, `1.2.0`)."""
    first: dict[tuple[str, object], IndexRow] = {}
    for number, row in enumerate(registry.rows or ()):
        other = first.setdefault((row.name, _ordered(row.version)), row)
        if other is not row:
            yield registry.finding(
                LOOK_ALIKE, INDEX, f"`{row.version}` of `{row.name}` is the version "
                f"`{other.version}` in another spelling",
                at=f"servers[{number}].version", subject=f"{row.name}/{row.version}",
                fix="give it a new version",
            )  # fmt: skip


def _ordered(version: str) -> object:
    """Return what two spellings of a version have in common."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version)
    except InvalidVersion:
        return version.lower()


def alike_pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each pair of alike words once, the earlier one first.

    Two words that are one edit apart have a word in common that is a letter shorter than one of
    them, so only words with a common key are compared, and not each with each.
    """
    seen: dict[str, list[str]] = {}
    for later in words:
        folded = later.lower()
        shorter = (folded[:n] + folded[n + 1 :] for n in range(len(folded)))
        keys = {f"look {_skeleton(later)}", folded, *shorter}
        for earlier in dict.fromkeys(word for key in keys for word in seen.get(key, ())):
            if are_alike(earlier, later):
                yield earlier, later
        for key in keys:
            seen.setdefault(key, []).append(later)


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
