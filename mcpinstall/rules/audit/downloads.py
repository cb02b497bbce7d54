"""Whether a script runs what it downloads: pipes, substitutions, PowerShell's `iex`."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterator, Sequence

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit.inline_code import runs_its_input
from mcpinstall.rules.audit.options import Grammar, read
from mcpinstall.rules.audit.shells import Script, Shell, script_of
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.words import LONGEST, program, split_value

_DOWNLOADERS = r"(?:curl|wget2?|aria2c|https?|xh|iwr|irm|fetch|invoke-webrequest|invoke-restmethod)"
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh", "mksh", "fish", "pwsh",
                     "powershell", "cmd"})  # fmt: skip
_INTERPRETERS = _SHELLS | {
    "python", "pypy", "node", "perl", "ruby", "php", "osascript", "bun", "deno", "tsx", "lua",
}  # fmt: skip
_EVALUATORS = frozenset({"source", ".", "eval", "iex", "invoke-expression"})
_VARIABLE_SHELL = re.compile(r"[\"']?\$\{?(?:SHELL|BASH|0)\b\}?[\"']?")
_SEPARATOR = re.compile(
    r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[<>]&|&>|(\|&|\|\||&&|[;|&\n])""", re.DOTALL
)
_ANY_DOWNLOADER = re.compile(_DOWNLOADERS, re.IGNORECASE)
_BEHIND = r"(?:(?:sudo|command|env|nice|busybox|exec|timeout\s+\S{1,8})\s+){0,3}(?:\S{0,64}/)?"
_SUBSTITUTED = re.compile(rf"(?:\$\(|<\(|`)\s*{_BEHIND}{_DOWNLOADERS}\b")
_IS_SUBSTITUTION = re.compile(rf"\s*\"?(?:\$\(|`)\s*{_BEHIND}{_DOWNLOADERS}\b")
_EVALUATES = re.compile(
    r"\b(?:iex|invoke-expression)\b|\[scriptblock\]::create|\.invokescript\b", re.IGNORECASE
)
_FETCHES = re.compile(
    r"\b(?:iwr|irm|curl|wget|invoke-webrequest|invoke-restmethod|downloadstring|downloaddata"
    r"|openread)\b",
    re.IGNORECASE,
)
_DOWNLOADER = re.compile(_DOWNLOADERS)
_RESERVED = frozenset({"then", "do", "else", "{", "("})
_STANDARD_INPUT = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_SHELL = Grammar(valued=frozenset({"-o", "-O"}))
_QUOTES = str.maketrans("", "", "\\\"'^`")
"""Signs that may stand inside a word and are no part of it."""
_DEEPEST = 4
_MOST = 500  # commands of a script that download something, or get what was downloaded


def runs_a_download(script: Script, depth: int = 0) -> bool:
    """Tell whether the output of a downloader reaches an interpreter."""
    text = _decoded(script.text) if script.is_encoded else script.text
    if _EVALUATES.search(text) and _FETCHES.search(text):
        return True
    if not _mentions(text):
        return False
    if script.language is Shell.POSIX and _IS_SUBSTITUTION.match(text):
        return True
    return _is_piped(text, script, depth)


def _decoded(text: str) -> str:
    """Return what PowerShell's `-EncodedCommand` says; nothing where it says nothing."""
    try:
        return base64.b64decode(text.strip(), validate=True).decode("utf-16-le")[:LONGEST]
    except (binascii.Error, ValueError):
        return ""


def _is_piped(text: str, script: Script, depth: int) -> bool:
    """Go through commands and operators from left to right."""
    downloads = False
    left = _MOST
    for operator, command in _commands(text):
        if not command.strip(" \t'\"(){}"):  # the end of a group is none of its own
            continue
        downloads = downloads and operator in {"|", "|&"}
        if not (downloads or _mentions(command)):
            continue
        left -= 1
        if left < 0:  # nobody downloads so often, and means well
            return True
        words = _words(command, script)
        if _evaluates(words, command) or (downloads and _interprets(words)):
            return True
        launch = unwrap(words).launch
        inner = script_of(launch)
        if inner is not None and depth < _DEEPEST and runs_a_download(inner, depth + 1):
            return True
        name = program(launch[0].text) if launch else ""
        downloads = downloads or bool(_DOWNLOADER.fullmatch(name))
    return False


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command with the operator before it; those in quotes are none."""
    operator, start = "", 0
    for found in _SEPARATOR.finditer(text):
        if found[1]:
            yield operator, text[start : found.start()]
            operator, start = found[1], found.end()
    yield operator, text[start:]


def _words(command: str, script: Script) -> tuple[Value, ...]:
    """Return the words of a command behind assignments and reserved words."""
    bare = Value(text=command.strip().lstrip("({").rstrip(")}"), pointer=script.pointer)
    words = split_value(bare, escapes=script.language is Shell.POSIX)
    return tuple(itertools.dropwhile(_is_before, words))


def _is_before(word: Value) -> bool:
    """Tell whether a word stands before a command: a reserved one, an assignment."""
    return word.text in _RESERVED or re.match(r"\w{1,64}=", word.text) is not None


def _mentions(text: str) -> bool:
    """Tell whether a text names a downloader, quotes and escapes inside of it left out."""
    return _ANY_DOWNLOADER.search(text.translate(_QUOTES)) is not None


def _evaluates(words: Sequence[Value], command: str) -> bool:
    """Tell whether a command runs a substitution of what is downloaded."""
    if not _SUBSTITUTED.search(command):
        return False
    launch = unwrap(tuple(words)).launch
    names = {program(one[0].text) for one in (words, launch) if one}
    return any(_bare(name) in _INTERPRETERS | _EVALUATORS for name in names)


def _interprets(words: Sequence[Value]) -> bool:
    """Tell whether a program runs what it reads; not `python -m json.tool`, `sh script.sh`."""
    found = unwrap(tuple(words))
    if not found.launch:
        return False
    first, *rest = found.launch
    if _VARIABLE_SHELL.fullmatch(first.text):
        return True
    name = _bare(program(first.text))
    if name in _EVALUATORS:
        return True
    if name not in _INTERPRETERS:
        return False
    if name not in _SHELLS:
        return runs_its_input(name, rest)
    given = read(rest, _SHELL)
    if given.has("-s") or "xargs" in found.wrappers:
        return True
    return not given.rest or given.rest[0].text.lower() in _STANDARD_INPUT


def _bare(name: str) -> str:
    return name.rstrip("0123456789.") or name
