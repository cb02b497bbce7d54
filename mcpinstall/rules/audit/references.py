"""Texts that stand for a value that is elsewhere: in every host's spelling, and placeholders."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REFERENCE = re.compile(
    r"\$\{\{[^{}]{1,200}\}\}"  # ${{ secrets.NAME }}
    r"|\$\{[^{}]{1,200}\}"  # ${NAME}, ${NAME:-x}, ${env:NAME}, ${input:id}
    r"|\{\{[^{}]{1,200}\}\}"
    r"|\{(?:env|file|secret):[^{}]{1,200}\}"
    r"|\$\([^()]{1,200}\)"
    r"|\$(?:env:)?[A-Za-z_][A-Za-z0-9_]{0,127}"
    r"|%[A-Za-z_][A-Za-z0-9_]{1,127}%"
)
_ELSEWHERE = re.compile(
    r"(?i)(?:op|vault|keychain|keyring|secret|secrets|bw|doppler|infisical|awssm|aws-sm|gcp-sm|"
    r"gcpsm|azkv|ref|env|file|pass)(?:://|:)\S"
    r"|arn:aws:(?:secretsmanager|ssm):|projects/[^/\s]{1,80}/secrets/|se://"
)

_WORDS = (
    "example", "your", "placeholder", "changeme", "change-me", "change_me", "replace", "insert",
    "xxxx", "redacted", "dummy", "sample", "fake", "todo", "_here", "-here",
    "****", "....", "…", "0123456789", "1234567890", "abcdefgh",
)  # fmt: skip
_WHOLE = frozenset({
    "secret", "password", "pass", "passwd", "token", "key", "api-key", "api_key", "apikey",
    "test", "none", "null", "true", "false", "default", "changeit", "admin", "root", "postgres",
    "user", "username", "xxx", "foo", "bar", "abc", "123", "...", "pwd", "mysql", "guest",
})  # fmt: skip
_BRACKETED = re.compile(r"\s*[<\[(].{0,200}[>\])]\s*", re.DOTALL)
_FEWEST_CHARACTERS = 4
"""Different ones; `00000000` and `abababab` are no values."""


def holds_reference(text: str) -> bool:
    """Tell whether a part of `text` is filled in by the host, a wrapper or a secret store."""
    return bool(_REFERENCE.search(text) or _ELSEWHERE.match(text))


def is_placeholder(text: str, fewest: int = _FEWEST_CHARACTERS) -> bool:
    """Tell whether `text` says that somebody should write a value there.

    So does one of fewer than `fewest` different characters.
    """
    lower = text.strip().lower()
    if is_stand_in(text) or _BRACKETED.fullmatch(text):
        return True
    return len(set(lower)) < fewest or any(word in lower for word in _WORDS)


def is_stand_in(text: str) -> bool:
    """Tell whether `text` as a whole is a word that examples have for a secret: `postgres`."""
    return text.strip().lower() in _WHOLE


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A reference in one spelling."""

    text: str
    spelling: str
    """A key of `SPELLINGS`."""


SPELLINGS = {
    "github": re.compile(r"\$\{\{\s*(?:secrets|inputs)\.[A-Za-z_][\w.-]{0,127}\s*\}\}"),
    "input": re.compile(r"\$\{input:[\w.-]{1,128}\}"),
    "env": re.compile(r"\$\{env:[A-Za-z_]\w{0,127}\}"),
    "brace": re.compile(r"\$\{[A-Za-z_]\w{0,127}(?::-[^{}]{0,200})?\}"),
    "opencode": re.compile(r"(?<![$\w])\{env:[A-Za-z_]\w{0,127}\}"),
    "percent": re.compile(r"%[A-Za-z_]\w{1,127}%"),
    "dollar": re.compile(r"(?:Bearer )?\$[A-Z_][A-Z0-9_]{1,127}"),
}
"""How hosts spell a reference.  `dollar` is looked for as the whole value alone."""

_EDITOR = frozenset({
    "workspaceFolder", "workspaceRoot", "workspaceFolderBasename", "userHome", "pathSeparator",
    "cwd", "projectRoot",
})  # fmt: skip
"""Names that editors fill in beside the environment's."""

_BRACE, _ENV, _NOTHING = frozenset({"brace"}), frozenset({"env"}), frozenset[str]()
_SHELL = frozenset({"brace", "dollar"})
EXPANDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("claude-desktop", _NOTHING), ("claude-code", _BRACE), ("xcode-claude", _BRACE),
    ("cursor", _ENV), ("vscode", frozenset({"env", "input"})), ("vscodium", frozenset({"env",
    "input"})), ("visual-studio", frozenset({"env", "input"})), ("copilot-cli", _SHELL),
    ("copilot-jetbrains", _ENV), ("copilot-xcode", _NOTHING), ("windsurf", _ENV),
    ("devin", _ENV), ("codex", _NOTHING), ("gemini", frozenset({"brace", "dollar", "percent"})),
    ("qwen", frozenset({"brace", "dollar", "percent"})), ("cline", _ENV), ("roo", _ENV),
    ("kilo-code-legacy", _ENV),
    ("kilo-code-user", frozenset({"opencode"})), ("kilo-code-project", frozenset({"opencode"})),
    ("opencode", frozenset({"opencode"})), ("continue", frozenset({"github"})),
    ("goose", _BRACE), ("amazon-q", _ENV), ("kiro", _BRACE), ("crush", _SHELL), ("amp", _BRACE),
    ("auggie", _BRACE), ("factory-droid", _BRACE), ("librechat", _BRACE),
    ("mcporter", frozenset({"brace", "dollar"})), ("lm-studio", _NOTHING), ("boltai", _NOTHING),
)  # fmt: skip
"""Beginning of a host's id → spellings that it fills in.

Of a host that is not here nothing is known, so nothing is said.
"""


def dead_placeholders(text: str, host: str) -> tuple[Placeholder, ...]:
    """Return the references in `text` that this host hands on as they are.

    Hosts that are not in `EXPANDS` have none.
    """
    if not ("$" in text or "%" in text or "{" in text):
        return ()
    expands = next((spellings for start, spellings in EXPANDS if host.startswith(start)), None)
    if expands is None:
        return ()
    editor = _EDITOR if "env" in expands else frozenset[str]()
    return tuple(
        Placeholder(found, spelling)
        for spelling, pattern in SPELLINGS.items()
        if spelling not in expands and (found := _first(spelling, pattern, text, editor))
    )


def _first(spelling: str, pattern: re.Pattern[str], text: str, known: frozenset[str]) -> str:
    if spelling == "dollar":
        return text if pattern.fullmatch(text) else ""
    if spelling == "percent" and "://" in text:
        return ""  # an address escapes characters so
    every = (found[0] for found in pattern.finditer(text))
    return next((found for found in every if found[2:-1] not in known), "")
