"""From the arguments of an entry that another program wrote to the inputs of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcpinstall.model.server_json import InputFormat, NamedArgument, Package
from mcpinstall.planning.questions import is_bare_flag, label, questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Where each argument of an entry goes."""

    settings: tuple[tuple[str, str], ...] = ()
    """Input → value, as `--set` would say it."""
    extra: tuple[str, ...] = ()
    """What no input takes: it goes to the server behind the others, not reviewed."""
    problem: str = ""
    """Why nothing can be mapped, as the end of a sentence."""


@dataclass(slots=True)
class _Sorted:
    """Arguments as they are told apart."""

    settings: list[tuple[str, str]] = field(default_factory=list)
    positional: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)


def mapped(package: Package, words: Sequence[str]) -> Mapped:
    """Return the inputs that `words` are the answers to, and what is left.

    An option that the server's description names is an input, in both spellings, `--a b` and
    `--a=b`.  Words without a dash are positional inputs in their order.  Where an option is not
    known and positional inputs are, nobody can tell whether a word belongs to the option: then
    nothing is mapped; nor is it where `--` says that what follows is no option.
    """
    named = {one.name: one for one in package.arguments if isinstance(one, NamedArgument)}
    places = [
        label(one, number)
        for number, one in enumerate(package.arguments, start=1)
        if not isinstance(one, NamedArgument) and one.input.value is None
    ]
    if "--" in words and package.arguments:
        return Mapped(problem="nobody can tell what `--` means among the arguments it would get")
    found = _sorted(named, words)
    if isinstance(found, str):
        return Mapped(problem=found)
    if found.extra and places:
        return Mapped(problem=f"nobody can tell which arguments belong to `{found.extra[0][:80]}`")
    if not places:
        found.extra = _unclaimed(named, words)
        found.positional = []
    repeated = bool(package.arguments) and getattr(package.arguments[-1], "repeated", False)
    if len(found.positional) > len(places) and not (places and repeated):
        return Mapped(problem="it has more arguments than the server's description knows")
    names = [*places, *(places[-1:] * len(found.positional))][: len(found.positional)]
    settings = (*found.settings, *zip(names, found.positional, strict=True))
    return _checked(package, settings, tuple(found.extra))


def added(package: Package, words: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments that the server's description adds to those of the entry."""
    there = {word.partition("=")[0] for word in words} | set(words)
    found = []
    for one in package.arguments:
        fixed = one.input.value or one.input.default
        if isinstance(one, NamedArgument):
            if (fixed or is_bare_flag(one)) and one.name not in there:
                found.append(one.name)
        elif one.input.value is not None and one.input.value not in there:
            found.append(one.input.value)
    return tuple(found)


def _sorted(named: Mapping[str, NamedArgument], words: Sequence[str]) -> _Sorted | str:
    found, at = _Sorted(), 0
    while at < len(words):
        word = words[at]
        name, glued, value = word.partition("=")
        argument = named.get(word) or (named.get(name) if glued else None)
        at += 1
        if argument is None:
            (found.extra if word[:1] == "-" else found.positional).append(word)
        elif is_bare_flag(argument):
            if glued:
                return f"`{name}` takes no value"
        elif argument.input.value is not None:
            text = value if glued and word not in named else "".join(words[at : at + 1])
            at += word in named
            if text != argument.input.value:
                return f"`{argument.name}` is set by the server's description"
        elif glued and word not in named:
            found.settings.append((label(argument, 0), value))
        elif at < len(words):
            found.settings.append((label(argument, 0), words[at]))
            at += 1
        else:
            return f"`{word}` has no value"
    return found


def _unclaimed(named: Mapping[str, NamedArgument], words: Sequence[str]) -> list[str]:
    """Return the words that no known option takes, in their order."""
    left: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        argument = named.get(word)
        if argument is not None:
            at += 1 if is_bare_flag(argument) else 2
            continue
        if word.partition("=")[0] not in named:
            left.append(word)
        at += 1
    return left


def _checked(
    package: Package, settings: tuple[tuple[str, str], ...], extra: tuple[str, ...]
) -> Mapped:
    """Refuse a path that depends on where the host starts the server."""
    paths = {one.name for one in questions(package) if one.format is InputFormat.FILEPATH}
    for name, value in settings:
        if name in paths and not Path(value).is_absolute():
            return Mapped(
                problem=f"`{name}` is the path `{value[:80]}`, which depends on the folder that "
                "the host starts in; write it whole"
            )
    return Mapped(settings=settings, extra=extra)
