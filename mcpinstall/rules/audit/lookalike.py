"""MA107: a package whose name is taken for a known one's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mcpinstall.model.finding import Severity
from mcpinstall.model.names import normalized_package
from mcpinstall.model.near_names import are_near
from mcpinstall.rules.audit.known_packages import NPM, PYPI
from mcpinstall.rules.audit.rule import Confidence, Hit, rule
from mcpinstall.rules.audit.specs import Kind, Package

LOOK_ALIKE = rule(
    107, "lookalike-package", Severity.HIGH, "A package is easily taken for a known one", cwe=1007,
    confidence=Confidence.MEDIUM,
)  # fmt: skip
RULES = (LOOK_ALIKE,)

_SHORTEST = 5  # characters of a name in which one edit is a slip, and not another word
_SHORT_WORD = 3  # `git` and `gist` are two words


def look_alike(package: Package) -> Iterator[Hit]:
    """Yield that a package has a known one's name but for one letter, or a hyphen."""
    if package.kind not in {Kind.NPM, Kind.PYPI} or not package.name.isascii():
        return  # letters of other alphabets are MA702's
    known = known_near(package.kind, package.name)
    if known:
        yield Hit(
            rule=LOOK_ALIKE, pointer=package.value.pointer,
            message=f"`{package.name}` is easily taken for `{known}`",
            fix=f"if `{known}` is meant, write that; else suppress this with a reason",
        )  # fmt: skip


@lru_cache(maxsize=1024)
def known_near(kind: Kind, name: str) -> str:
    """Return the known package that `name` is one edit from; nothing for a known one itself."""
    if kind is Kind.PYPI:
        name = normalized_package(name)
    known = NPM if kind is Kind.NPM else PYPI
    scope = name.partition("/")[0] if name[:1] == "@" else ""
    if name in known or len(name) < _SHORTEST or scope in _SCOPES:
        return ""
    near = (one for one in known if abs(len(one) - len(name)) <= _LENGTHS and are_near(one, name))
    return next((one for one in near if not _is_other_word(one, name)), "")


_LENGTHS = 4  # a letter, and the signs of a scope or hyphens
_SCOPES = frozenset(one.partition("/")[0] for one in NPM if one[:1] == "@")


def _words(name: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in name.lower()).split()


def _is_other_word(one: str, other: str) -> bool:
    """Tell whether the names differ in one word that is too short for a slip, or in a number."""
    ours, theirs = _words(one), _words(other)
    if len(ours) != len(theirs):
        return False
    differing = [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1:
        return False
    short, long = sorted(differing[0], key=len)
    if sorted(short) == sorted(long):
        return False
    is_number = short.rstrip("0123456789") == long.rstrip("0123456789")
    return is_number or len(short) <= _SHORT_WORD
