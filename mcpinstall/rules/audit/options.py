"""Options of a command line: which take a value, and where they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcpinstall.model.audited import Value


@dataclass(frozen=True, slots=True)
class Option:
    """An option as it was given."""

    name: str
    """With its dashes: `--index-url`."""
    value: Value | None
    word: Value
    """Where its name stands."""

    @property
    def text(self) -> str:
        """Its value; nothing where it has none."""
        return self.value.text if self.value else ""

    @property
    def given(self) -> Value:
        """Its value; without one, the word that it is itself."""
        return self.value or self.word


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How a program reads its options."""

    valued: frozenset[str] = frozenset()
    """Those that take the next word."""
    flags: frozenset[str] | None = None
    """Where it is given, every other long option takes the next word."""
    pairs: frozenset[str] = frozenset()
    """Those that take the next two words."""
    clusters: bool = True
    """`-it` is `-i -t`; not where `-jar` is one option."""
    mixed: bool = False
    """Options may stand behind positional words, up to `--`."""


@dataclass(frozen=True, slots=True)
class Words:
    """A command line read by a grammar."""

    options: tuple[Option, ...]
    rest: tuple[Value, ...]
    """From the first positional word on; with a mixed grammar, all positional words."""

    def all(self, *names: str) -> tuple[Option, ...]:
        """Return the options of these names."""
        return tuple(one for one in self.options if one.name in names)

    def has(self, *names: str) -> bool:
        """Tell whether one of these options was given, and not switched off later.

        The last word counts: `--offline --no-offline` is off.
        """
        against = {f"--no-{name.removeprefix('--')}" for name in names}
        told = [one for one in self.options if one.name in names or one.name in against]
        if not told:
            return False
        return (told[-1].text.lower() not in {"false", "0"}) is (told[-1].name in names)


def read(words: Sequence[Value], grammar: Grammar) -> Words:
    """Read options up to the first positional word, or `--`."""
    options: list[Option] = []
    positional: list[Value] = []
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if text[:1] != "-" or text == "-":
            if not grammar.mixed:
                break
            positional.append(words[at])
            at += 1
            continue
        found, taken = _option(words, at, grammar)
        options += found
        at += taken
    return Words(tuple(options), (*positional, *words[at:]))


def _option(words: Sequence[Value], at: int, grammar: Grammar) -> tuple[list[Option], int]:
    """Return the options of one word, and how many words they take."""
    word = words[at]
    name, is_glued, value = word.text.partition("=")
    if is_glued and (name[:2] == "--" or len(name) == 2 or name in grammar.valued):
        return [Option(name, Value(text=value, pointer=word.pointer), word)], 1
    if grammar.clusters and word.text[:2] != "--" and len(word.text) > 2:
        return _cluster(words, at, grammar)
    if word.text in grammar.pairs and at + 2 < len(words):
        return [Option(word.text, words[at + 2], word)], 3
    if _takes_value(word.text, grammar) and at + 1 < len(words):
        return [Option(word.text, words[at + 1], word)], 2
    return [Option(word.text, None, word)], 1


def _takes_value(name: str, grammar: Grammar) -> bool:
    if name in grammar.valued:
        return True
    return grammar.flags is not None and name[:2] == "--" and name not in grammar.flags


def _cluster(words: Sequence[Value], at: int, grammar: Grammar) -> tuple[list[Option], int]:
    """Read `-it`, `-p3.11` and `-ite NAME`: the first letter with a value takes what follows."""
    word = words[at]
    options: list[Option] = []
    for place, letter in enumerate(word.text[1:33], 2):
        name = f"-{letter}"
        if name not in grammar.valued:
            options.append(Option(name, None, word))
            continue
        glued = word.text[place:].removeprefix("=")
        if glued:
            value = Value(text=glued, pointer=word.pointer)
            return [*options, Option(name, value, word)], 1
        if at + 1 < len(words):
            return [*options, Option(name, words[at + 1], word)], 2
    return options, 1
