"""Shells, and the script that one is given as an argument."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit.words import LONGEST, program, split_value

_POSIX = frozenset({
    "sh", "bash", "zsh", "dash", "ash", "ksh", "mksh", "yash", "fish", "rbash", "csh", "tcsh", "nu",
    "xonsh", "elvish",
})  # fmt: skip
_POWERSHELL = frozenset({"powershell", "pwsh", "pwsh-preview"})
_CMD = frozenset({"cmd", "%comspec%", "$comspec", "${comspec}", "${env:comspec}", "$env:comspec"})
_POSIX_VALUED = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
_POSIX_SCRIPTS = ("--command", "--commands", "--init-command", "--execute")
_POWERSHELL_VALUED = (
    "ex", "ep", "w", "v", "inp", "if", "o", "config", "settings", "ps", "cu",
)  # fmt: skip
"""Beginnings of options with a value, besides `-Command`, `-EncodedCommand` and `-File`."""

_POSIX_ACTIVE = re.compile(r"[;&|<>$`\n\r(){}]")
_CMD_ACTIVE = re.compile(r"[&|<>\n\r]")
_POWERSHELL_ACTIVE = re.compile(r"[;&|<>$`\n\r(){}]")
_POWERSHELL_STARTS = frozenset({
    "start-process", "saps", "start", "invoke-expression", "iex", "invoke-command", "icm",
    "start-job", "sajb", "invoke-item", "ii", "invoke-wmimethod", "invoke-cimmethod", ".",
})  # fmt: skip
"""Commands of PowerShell itself whose arguments say what is started."""
_CMD_STARTS = frozenset({"if", "for", "forfiles"})
_CMD_BREAKS = re.compile(r"[,;=]+")
_DASHES = "-\u2013\u2014\u2015"
"""All that PowerShell takes for the dash of an option."""
_TO_FILL_IN = re.compile(r"(?:--?[a-z-]{1,30}=)?<[A-Za-z][A-Za-z_ -]{2,60}>")
_GLOB = re.compile(r"[*?\[]")
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_DOUBLE_QUOTED = re.compile(r'"[^"]*"')
_PASSES_ARGUMENTS = re.compile(r'\s*(?:exec\s+)?"?\$@"?\s*')
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}=")


class Shell(StrEnum):
    """Whose language a script is in."""

    POSIX = "sh"
    CMD = "cmd"
    POWERSHELL = "powershell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a shell is told to run in an argument."""

    language: Shell
    name: str
    """The shell as it was called: `bash`."""
    words: tuple[Value, ...]
    """The argument; `cmd` and PowerShell join several."""
    arguments: tuple[Value, ...] = ()
    """What follows it, for a POSIX shell: `$0`, `$1` …"""
    is_encoded: bool = False
    """PowerShell's Base64 of UTF-16."""

    @property
    def text(self) -> str:
        """The whole script."""
        return " ".join(one.text for one in self.words)[:LONGEST]

    @property
    def pointer(self) -> str:
        """Where it stands."""
        return self.words[0].pointer


def script_of(words: Sequence[Value]) -> Script | None:
    """Return the script that a command line gives to a shell, if it does."""
    if not words:
        return None
    name = program(words[0].text)
    if name in _POSIX:
        return _posix(name, words)
    if name in _POWERSHELL:
        return _powershell(name, words)
    return _cmd(words) if name in _CMD else None


def is_simple(script: Script) -> bool:
    """Tell whether a script only starts one program: no operator, substitution, redirection.

    One that is too long to be looked through is not.
    """
    if script.is_encoded or sum(len(one.text) + 1 for one in script.words) > LONGEST:
        return False
    if script.language is Shell.CMD:
        return _is_simple_for_cmd(script)
    text = script.text
    if script.language is Shell.POWERSHELL:
        first = text.split(None, 1)[0].lower() if text.strip() else ""
        is_active = _POWERSHELL_ACTIVE.search(_SINGLE_QUOTED.sub("", text))
        return not is_active and first not in _POWERSHELL_STARTS
    if _PASSES_ARGUMENTS.fullmatch(text):
        return True
    if _POSIX_ACTIVE.search(_SINGLE_QUOTED.sub("", text)):
        return False
    return not any(_GLOB.search(one.text) for one in started(script)[1][:1])


def started(script: Script) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """Return assignments and command line of a simple script."""
    if script.language is Shell.POSIX and _PASSES_ARGUMENTS.fullmatch(script.text):
        return (), script.arguments[1:]
    is_posix = script.language is Shell.POSIX
    words = script.words
    if len(words) == 1:
        words = split_value(words[0], escapes=is_posix)
    if script.language is Shell.CMD:
        words = _as_cmd_reads(words)
    at = 0
    if is_posix:
        while at < len(words) and _ASSIGNMENT.match(words[at].text):
            at += 1
    assigned = words[:at]
    if [one.text for one in words[at : at + 1]] in (["exec"], ["call"], ["command"]):
        at += [one.text[:1] for one in words[at + 1 : at + 2]] != ["-"]  # not of `exec -a name`
    return assigned, words[at:]


def _as_cmd_reads(words: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return the words without what `cmd` takes off: `@`, carets; `,` and `;` end a word, too."""
    first = re.sub(r"\^(.)", r"\1", words[0].text[:LONGEST]).lstrip("@")
    parts = [one for one in _CMD_BREAKS.split(first) if one] if "://" not in first else [first]
    return (*(Value(text=one, pointer=words[0].pointer) for one in parts), *words[1:])


def _is_simple_for_cmd(script: Script) -> bool:
    if any(_is_active_in_cmd(one.text, len(script.words)) for one in script.words):
        return False
    first = next((one.text for one in started(script)[1]), "")
    is_computed = first[:1] == "(" or "%" in re.split(r"[\\/]", first)[-1]
    return not is_computed and first.lower() not in _CMD_STARTS


def _posix(name: str, words: Sequence[Value]) -> Script | None:
    at = 1
    while at < len(words):
        text = words[at].text
        option, is_glued, script = text.partition("=")
        if text in _POSIX_VALUED:
            at += 2
        elif is_glued and option in _POSIX_SCRIPTS:
            return _posix_script(name, (Value(text=script, pointer=words[at].pointer),))
        elif text in _POSIX_SCRIPTS or _is_script_option(name, text):
            return _posix_script(name, words[at + 1 :])
        elif text[:1] in {"-", "+"} and text != "--":
            at += 1
        else:
            return None
    return None


def _is_script_option(name: str, text: str) -> bool:
    if text[:1] != "-" or text[:2] == "--" or len(text) > 16:
        return False
    return "c" in text or (name in {"fish", "nu"} and text in {"-C", "-e"})


def _posix_script(name: str, rest: Sequence[Value]) -> Script | None:
    while rest and rest[0].text[:1] == "-" and len(rest[0].text) <= 16:
        rest = rest[1:]  # `bash -c -l script`
    if not rest:
        return None
    return Script(language=Shell.POSIX, name=name, words=(rest[0],), arguments=tuple(rest[1:]))


def _cmd(words: Sequence[Value]) -> Script | None:
    for at, word in enumerate(words[1:], 1):
        switch = word.text[:2].lower()
        if switch in {"/c", "/k", "/r"}:
            glued = word.text[2:]
            first = (Value(text=glued, pointer=word.pointer),) if glued else ()
            rest = (*first, *words[at + 1 :])
            return Script(language=Shell.CMD, name="cmd", words=rest) if rest else None
        if switch[:1] != "/":
            return None
    return None


def _is_active_in_cmd(text: str, count: int) -> bool:
    """Tell whether `cmd` sees an operator.

    An address as a word of its own is taken for quoted, and `<your-token>` for what somebody is
    to fill in.
    """
    text = _DOUBLE_QUOTED.sub("", text[:LONGEST])
    if count > 1 and ("://" in text[:12] or _TO_FILL_IN.fullmatch(text)):
        return False
    return bool(_CMD_ACTIVE.search(text))


def powershell_file(words: Sequence[Value]) -> Value | None:
    """Return the file that PowerShell is given; None for any other command line."""
    name = program(words[0].text) if words else ""
    if name not in _POWERSHELL:
        return None
    is_file, _, at = _powershell_given(name, words)
    return words[at] if is_file and at < len(words) else None


def _powershell(name: str, words: Sequence[Value]) -> Script | None:
    is_file, is_encoded, at = _powershell_given(name, words)
    if is_file:
        return None
    rest = words[at : at + 1] if is_encoded else words[at:]
    return _powershell_script(name, tuple(rest), is_encoded=is_encoded)


def _powershell_given(name: str, words: Sequence[Value]) -> tuple[bool, bool, int]:
    """Return whether PowerShell is given a file or encoded text, and where that stands."""
    at = 1
    while at < len(words):
        text = words[at].text
        option = text[:40].strip().lower().lstrip(_DASHES + "/")
        if text.strip()[:1] not in {*_DASHES, "/"} or not option or "/" in option:
            break
        if _abbreviates(option, "encodedcommand", "ec"):
            return False, True, at + 1
        if _abbreviates(option, "command", "commandwithargs") or option == "cwa":
            return False, False, at + 1
        if _abbreviates(option, "file", ""):
            return True, False, at + 1
        at += 2 if option.startswith(_POWERSHELL_VALUED) else 1
    return name == "pwsh", False, at  # a bare word is a file for that one


def _abbreviates(option: str, whole: str, other: str) -> bool:
    return whole.startswith(option) or option == other


def _powershell_script(name: str, words: tuple[Value, ...], *, is_encoded: bool) -> Script | None:
    if not words or [one.text for one in words] == ["-"]:  # that is its standard input
        return None
    return Script(language=Shell.POWERSHELL, name=name, words=words, is_encoded=is_encoded)
