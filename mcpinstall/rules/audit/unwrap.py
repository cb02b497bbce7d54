"""The program behind `env`, `cmd /c`, `nice`, `op run --` and other wrappers; nothing is run."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mcpinstall.model.audited import Value, Variable
from mcpinstall.rules.audit import shells
from mcpinstall.rules.audit.words import LONGEST, program, split_value
from mcpinstall.rules.audit.wrapper_env import Inner, variable
from mcpinstall.rules.audit.wrappers import TAKEN_OFF, WITH_ARGUMENTS

DEEPEST = 16  # wrappers around each other; nobody has more than three
_MOST_BLANKS = 20  # in a path, before its program ends
_ADDRESS = re.compile(r"(?:https?|wss?)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """A launch without its wrappers."""

    launch: tuple[Value, ...]
    """The program and its arguments."""
    wrappers: tuple[str, ...] = ()
    """What was taken off, the outermost first."""
    variables: tuple[Variable, ...] = ()
    """What the wrappers set: `env A=b`, `A=b` before a program in a script."""
    layers: tuple[tuple[Value, ...], ...] = ()
    """Every command line from the outermost to `launch`, which is the last."""
    url: Value | None = None
    """Where a bridge such as `mcp-remote` connects to."""


@lru_cache(maxsize=4)
def _unwrapped(argv: tuple[Value, ...]) -> Unwrapped:
    words = _command(argv)
    layers, wrappers, variables = [words], list[str](), list[Variable]()
    for _ in range(DEEPEST):
        inner = _inner(words)
        if inner is None or not inner.words:
            break
        words = _command(inner.words)
        layers.append(words)
        wrappers.append(inner.name)
        variables += inner.variables
    return Unwrapped(
        launch=words, wrappers=tuple(wrappers), variables=tuple(variables),
        layers=tuple(layers), url=_target(words),
    )  # fmt: skip


def unwrap(argv: Sequence[Value]) -> Unwrapped:
    """Return what `argv` starts in the end."""
    return _unwrapped(tuple(argv))


def _command(argv: tuple[Value, ...]) -> tuple[Value, ...]:
    r"""Return `argv`, its first element split where it is a whole command line.

    A path may hold blanks (`C:\Program Files\…`): what has a folder in it is split behind the first
    word at which a program ends that is known to take arguments.
    """
    if not argv or len(argv[0].text.split(None, 1)) < 2:
        return argv
    text = argv[0].text[:LONGEST]
    first = text.split(None, 1)[0].strip("\"'")
    if "/" not in first and "\\" not in first:
        return (*split_value(argv[0]), *argv[1:])
    for blank in itertools.islice(re.finditer(r"\s+", text), _MOST_BLANKS):
        path = text[: blank.start()]
        if program(path) in WITH_ARGUMENTS and path.count('"') != 1:
            place = argv[0].pointer
            rest = split_value(Value(text=text[blank.end() :], pointer=place))
            return (Value(text=path.strip("\"'"), pointer=place), *rest, *argv[1:])
    return argv


def _inner(words: tuple[Value, ...]) -> Inner | None:
    if not words:
        return None
    script = shells.script_of(words)
    if script is not None:
        return _of_script(script)
    name = program(words[0].text)
    taken_off = TAKEN_OFF.get(name)
    return taken_off(name, words[1:]) if taken_off else None


def _of_script(script: shells.Script) -> Inner | None:
    if not shells.is_simple(script):
        return None
    assigned, words = shells.started(script)
    return Inner(script.name, words, tuple(one for each in assigned for one in variable(each)))


# Bridges -----------------------------------------------------------------------------------------

_BRIDGES = re.compile(
    r"(?:^|[/\\])(mcp-remote|mcp-proxy|supergateway|fastmcp-remote)(?:@[^/\\]{1,64}|==.{1,64})?$"
)


def _target(words: Sequence[Value]) -> Value | None:
    """Return the first address behind the name of a bridge."""
    bridge = next((n for n, one in enumerate(words) if _BRIDGES.search(one.text[-300:])), None)
    if bridge is None:
        return None
    for word in words[bridge:]:
        if _ADDRESS.match(word.text):
            return word
        name, _, value = word.text[:LONGEST].partition("=")
        if name[:2] == "--" and _ADDRESS.match(value):
            return Value(text=value, pointer=word.pointer)
    return None
