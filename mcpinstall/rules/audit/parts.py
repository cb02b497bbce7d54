"""Parts of a server that several rules ask for: options, addresses, settings, JSON pointers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from mcpinstall.model.audited import AuditedServer, Value, Variable
from mcpinstall.model.json_text import Json
from mcpinstall.rules.audit.addresses import Address, is_written, parse
from mcpinstall.rules.audit.words import program as name_of

_OPTION = re.compile(r"--?[A-Za-z][A-Za-z0-9_.-]{0,60}")
MOST_WORDS = 1000
"""Arguments of an entry that are looked at; MA707 tells of more."""

_MOST_SETTINGS = 2000
"""Texts below the other keys of an entry that are looked at."""

_SHELLS = frozenset({"sh", "bash", "zsh", "fish", "dash", "cmd", "powershell", "pwsh"})
_CONTAINERS = frozenset({"docker", "podman", "nerdctl"})
_BRIDGES = ("mcp-remote", "mcp-proxy", "supergateway", "mcp-streamablehttp-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An argument, and the option that it belongs to: of `--token=x` and of `--token x`."""

    name: str
    """`--token`; empty for an argument that stands alone."""
    text: str
    pointer: str
    is_behind: bool = False
    """It is the second argument of `--token x`."""


def program(server: AuditedServer) -> str:
    """Return the program's name without folder and `.exe`, in lower case; empty of a remote."""
    return name_of(server.launch[0].text) if server.launch else ""


def is_shell(server: AuditedServer) -> bool:
    """Tell whether arguments go through a shell, which fills in variables itself."""
    return program(server) in _SHELLS


def is_container(server: AuditedServer) -> bool:
    """Tell whether a container engine starts the server."""
    return program(server) in _CONTAINERS


def runs(server: AuditedServer, *packages: str) -> bool:
    """Tell whether an argument names one of these packages, with or without a version."""
    pattern = _naming(packages)
    return any(pattern.fullmatch(value.text[:512]) for value in server.launch[:MOST_WORDS])


@cache
def _naming(packages: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?:.*/)?(?:{'|'.join(map(re.escape, packages))})[^/]*")


def is_bridge(server: AuditedServer) -> bool:
    """Tell whether a local program only passes messages on to a remote server."""
    return runs(server, *_BRIDGES)


def options(server: AuditedServer) -> Iterator[Option]:
    """Yield the arguments after the program, then those of wrappers, with their options' names."""
    yield from _named(server.launch[1:MOST_WORDS])
    if server.wrappers:
        inner = {value.pointer for value in server.launch}
        outer = (value for value in server.argv[1:MOST_WORDS] if value.pointer not in inner)
        yield from _named(tuple(outer))


def _named(words: Sequence[Value]) -> Iterator[Option]:
    before = ""
    for value in words:
        name, equals, rest = value.text.partition("=")
        if equals and _OPTION.fullmatch(name):
            yield Option(name=name, text=rest, pointer=value.pointer)
            before = ""
        elif _OPTION.fullmatch(value.text):
            yield Option(name=value.text, text="", pointer=value.pointer)
            before = value.text
        else:
            yield Option(
                name=before, text=value.text, pointer=value.pointer, is_behind=bool(before)
            )
            before = ""


def environment(server: AuditedServer) -> Iterator[Variable]:
    """Yield variables: of the entry, and those that `docker run -e NAME=value` sets."""
    yield from server.variables
    if is_container(server):
        for option in options(server):
            name, equals, text = option.text.partition("=")
            if option.name in ("-e", "--env") and equals:
                yield Variable(name=name, value=Value(text=text, pointer=option.pointer))


def headers(server: AuditedServer) -> Iterator[Variable]:
    """Yield headers: of the entry, and those that a bridge gets as `--header "Name: value"`."""
    yield from server.headers
    if is_bridge(server):
        for option in options(server):
            name, colon, text = option.text.partition(":")
            if option.name in ("--header", "-H", "--headers") and colon:
                yield Variable(name=name, value=Value(text=text.strip(), pointer=option.pointer))


def targets(server: AuditedServer) -> frozenset[str]:
    """Return the pointers of values that may say where the server's messages go."""
    url = () if server.url is None else (server.url.pointer,)
    words = server.launch[:MOST_WORDS] if is_bridge(server) else ()
    return frozenset((*url, *(word.pointer for word in words)))


def addresses(server: AuditedServer) -> Iterator[tuple[Value, Address]]:
    """Yield every address of an entry once: its own, and those in arguments and variables."""
    values = [] if server.url is None else [server.url]
    values += [Value(text=each.text, pointer=each.pointer) for each in options(server)]
    values += [each.value for each in server.variables]
    seen = set()
    for value in values:
        if value.pointer in seen or not is_written(value.text):
            continue
        if found := parse(value.text):
            seen.add(value.pointer)
            yield value, found


def settings(server: AuditedServer) -> Iterator[tuple[str, Value]]:
    """Yield key and text of what stands below the entry's other keys."""
    waiting: list[tuple[str, str, Json]] = [
        (key, f"{server.pointer}/{escaped(key)}", value) for key, value in server.others.items()
    ]
    for _ in range(_MOST_SETTINGS):
        if not waiting:
            return
        key, pointer, value = waiting.pop()
        if isinstance(value, str):
            yield key, Value(text=value, pointer=pointer)
        else:
            waiting.extend(_below(key, pointer, value))


@lru_cache(maxsize=16)  # a long one is the work of a while, and every rule asks
def escaped(key: str) -> str:
    """Return a key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _below(key: str, pointer: str, value: Json) -> Iterator[tuple[str, str, Json]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name, f"{pointer}/{escaped(name)}", each
    elif isinstance(value, (list, tuple)):
        for place, each in enumerate(value[:_MOST_SETTINGS]):
            yield key, f"{pointer}/{place}", each
