"""The program behind `env`, `cmd /c`, `nice`, `op run --` and other wrappers; nothing is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mcpinstall.model.audited import Value, Variable
from mcpinstall.rules.audit import shells
from mcpinstall.rules.audit.words import LONGEST, program, split_value

DEEPEST = 16  # wrappers around each other; nobody has more than three
ELEVATING = frozenset({"sudo", "doas", "pkexec", "su", "run0", "runas", "gsudo"})
"""Programs that start another one with more rights."""

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]{0,255})=(.*)", re.DOTALL)
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


@dataclass(frozen=True, slots=True)
class _Inner:
    """What one wrapper starts."""

    name: str
    words: tuple[Value, ...]
    variables: tuple[Variable, ...] = ()


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

    A path may hold blanks (`C:\Program Files\…`), so a text with a folder before its first blank
    is split only when a program that is known to take arguments ends there.
    """
    if not argv or len(argv[0].text.split(None, 1)) < 2:
        return argv
    first, _ = argv[0].text.split(None, 1)
    name = program(first.strip("\"'"))
    if ("/" in first or "\\" in first) and name not in _WITH_ARGUMENTS and name not in _TAKEN_OFF:
        return argv
    return (*split_value(argv[0]), *argv[1:])


def _inner(words: tuple[Value, ...]) -> _Inner | None:
    if not words:
        return None
    script = shells.script_of(words)
    if script is not None:
        return _of_script(script)
    name = program(words[0].text)
    taken_off = _TAKEN_OFF.get(name)
    return taken_off(name, words[1:]) if taken_off else None


def _of_script(script: shells.Script) -> _Inner | None:
    if not shells.is_simple(script):
        return None
    assigned, words = shells.started(script)
    return _Inner(script.name, words, tuple(one for each in assigned for one in _variable(each)))


def _variable(word: Value) -> tuple[Variable, ...]:
    found = _ASSIGNMENT.fullmatch(word.text)
    if found is None:
        return ()
    return (Variable(name=found[1], value=Value(text=found[2], pointer=word.pointer)),)


# Wrappers with options of their own --------------------------------------------------------------


def _skip(words: Sequence[Value], valued: frozenset[str]) -> int:
    """Return how many words are options; `valued` ones take the word behind them."""
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            return at + 1
        if text[:1] != "-" or text == "-":
            return at
        at += 2 if text in valued else 1
    return at


def _env(name: str, words: tuple[Value, ...]) -> _Inner | None:
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        split_at = _split_string(words, at)
        if split_at is not None:
            inner = _env(name, split_at)
            return inner or _Inner(name, split_at)
        if text in {"-u", "-C", "-P", "-a", "--unset", "--chdir", "--argv0"}:
            at += 2
        elif text[:1] == "-":
            at += 1
        else:
            break
    return _assigned(name, words[at:])


def _split_string(words: tuple[Value, ...], at: int) -> tuple[Value, ...] | None:
    """Return the words of `env -S`, whose text is split by `env` itself, and what follows it."""
    text = words[at].text
    if text in {"-S", "-vS", "-iS", "-ivS", "--split-string"} and at + 1 < len(words):
        return (*split_value(words[at + 1]), *words[at + 2 :])
    for start in ("--split-string=", "-S"):
        if text.startswith(start) and len(text) > len(start):
            glued = Value(text=text[len(start) :], pointer=words[at].pointer)
            return (*split_value(glued), *words[at + 1 :])
    return None


def _assigned(name: str, words: tuple[Value, ...]) -> _Inner:
    """Return what follows the assignments of `env` and of `sudo`."""
    variables: list[Variable] = []
    for at, word in enumerate(words):
        found = _variable(word)
        if not found:
            return _Inner(name, words[at:], tuple(variables))
        variables += found
    return _Inner(name, (), tuple(variables))


def _options(valued: str, *, positionals: int = 0) -> Callable[[str, tuple[Value, ...]], _Inner]:
    """Return a reader of `NAME [options] [so many positionals] PROGRAM …`."""
    options = frozenset(valued.split())

    def taken_off(name: str, words: tuple[Value, ...]) -> _Inner:
        return _Inner(name, words[_skip(words, options) + positionals :])

    return taken_off


def _elevating(valued: str) -> Callable[[str, tuple[Value, ...]], _Inner]:
    options = frozenset(valued.split())

    def taken_off(name: str, words: tuple[Value, ...]) -> _Inner:
        return _assigned(name, words[_skip(words, options) :])

    return taken_off


def _runas(name: str, words: tuple[Value, ...]) -> _Inner:
    at = next((n for n, one in enumerate(words) if one.text[:1] not in {"/", "-"}), len(words))
    return _Inner(name, words[at:])


def _after_dashes(verb: str) -> Callable[[str, tuple[Value, ...]], _Inner | None]:
    """Return a reader of `NAME VERB … -- PROGRAM …`."""

    def taken_off(name: str, words: tuple[Value, ...]) -> _Inner | None:
        end = next((n for n, one in enumerate(words) if one.text == "--"), None)
        if end is None or (verb and verb not in {one.text for one in words[:end]}):
            return None
        return _Inner(name, words[end + 1 :])

    return taken_off


def _dotenvx(name: str, words: tuple[Value, ...]) -> _Inner | None:
    found = _after_dashes("run")(name, words)
    if found or not words or words[0].text != "run":
        return found
    return _Inner(name, words[1 + _skip(words[1:], frozenset({"-f", "-fk", "-e", "--env"})) :])


def _dotenv(name: str, words: tuple[Value, ...]) -> _Inner | None:
    """Read `dotenv -e FILE -- PROGRAM` (Node) and `dotenv -f FILE run -- PROGRAM` (Python)."""
    at = _skip(words, frozenset({"-e", "-f", "-c", "-v", "-p", "--file"}))
    if at < len(words) and words[at].text == "run":
        at += 1
    at += 1 if at < len(words) and words[at].text == "--" else 0
    return _Inner(name, words[at:]) if at else None


def _envmcp(name: str, words: tuple[Value, ...]) -> _Inner:
    return _Inner(name, words[_skip(words, frozenset({"-e", "--env-file"})) :])


_PACKAGED: Mapping[str, Callable[[str, tuple[Value, ...]], _Inner | None]] = {
    "envmcp": _envmcp,
    "@dotenvx/dotenvx": _dotenvx,
    "dotenv-cli": _dotenv,
}
"""Wrappers that `npx` and its like start, by package."""
_NPM_VALUED = frozenset(
    {"-p", "--package", "-w", "--workspace", "--registry", "--cache", "--userconfig", "--prefix"}
)


def _fetched(name: str, words: tuple[Value, ...]) -> _Inner | None:
    """Read a wrapper that is started by `npx`, `bunx`, `pnpm dlx` or `npm exec`."""
    verbs = _FETCHING[name]
    at = _skip(words, _NPM_VALUED)
    if verbs:
        if at >= len(words) or words[at].text not in verbs:
            return None
        at += 1 + _skip(words[at + 1 :], _NPM_VALUED)
    if at >= len(words):
        return None
    found = re.fullmatch(r"(@?[^@]{1,214})(?:@.{0,256})?", words[at].text)
    wrapper = found[1] if found else ""
    taken_off = _PACKAGED.get(wrapper)
    return taken_off(wrapper, words[at + 1 :]) if taken_off else None


_FETCHING: Mapping[str, frozenset[str]] = {
    "npx": frozenset(),
    "bunx": frozenset(),
    "pnpx": frozenset(),
    "npm": frozenset({"exec", "x"}),
    "pnpm": frozenset({"dlx"}),
    "yarn": frozenset({"dlx"}),
    "bun": frozenset({"x"}),
}
_TAKEN_OFF: Mapping[str, Callable[[str, tuple[Value, ...]], _Inner | None]] = {
    "env": _env,
    "nice": _options("-n --adjustment"),
    "ionice": _options("-c -n --class --classdata"),
    "nohup": _options(""),
    "setsid": _options(""),
    "time": _options("-f -o"),
    "timeout": _options("-k -s --kill-after --signal", positionals=1),
    "gtimeout": _options("-k -s --kill-after --signal", positionals=1),
    "stdbuf": _options("-i -o -e --input --output --error"),
    "gstdbuf": _options("-i -o -e --input --output --error"),
    "unbuffer": _options(""),
    "caffeinate": _options("-t -w"),
    "arch": _options("-e -d"),
    "exec": _options("-a"),
    "winpty": _options(""),
    "sudo": _elevating("-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir"),
    "doas": _elevating("-u -C -a"),
    "pkexec": _elevating("--user"),
    "run0": _elevating("-u -g -D --user --group --chdir --setenv --property --slice --nice"),
    "gsudo": _elevating("-u --user --loglevel -i --integrity"),
    "runas": _runas,
    "dotenvx": _dotenvx,
    "dotenv": _dotenv,
    "envmcp": _envmcp,
    "op": _after_dashes("run"),
    "doppler": _after_dashes("run"),
    "infisical": _after_dashes("run"),
    "varlock": _after_dashes("run"),
    "teller": _after_dashes("run"),
    "chamber": _after_dashes("exec"),
    "aws-vault": _after_dashes("exec"),
    **dict.fromkeys(_FETCHING, _fetched),
}
_WITH_ARGUMENTS = frozenset({
    "uvx", "uv", "pipx", "pip", "pip3", "python", "python3", "node", "deno", "dnx", "dotnet",
    "docker", "podman", "nerdctl", "go", "cargo", "nix", "java", "ruby", "perl", "php", "sh",
    "bash", "zsh", "dash", "fish", "cmd", "powershell", "pwsh", "curl", "wget", "su",
})  # fmt: skip
"""Programs that one with a blank behind it is no part of a path's name, wrappers besides."""


# Bridges -----------------------------------------------------------------------------------------

_BRIDGES = re.compile(
    r"(?:^|[/\\])(mcp-remote|mcp-proxy|supergateway|fastmcp-remote)(?:@[^/\\]{1,64}|==.{1,64})?$"
)


def _target(words: Sequence[Value]) -> Value | None:
    """Return the first address behind the name of a bridge."""
    bridge = next((n for n, one in enumerate(words) if _BRIDGES.search(one.text[-300:])), None)
    if bridge is None:
        return None
    for word in words[bridge + 1 :]:
        if _ADDRESS.match(word.text):
            return word
        name, is_glued, value = word.text[:LONGEST].partition("=")
        if is_glued and name[:2] == "--" and _ADDRESS.match(value):
            return Value(text=value, pointer=word.pointer)
    return None
