"""MA201 to MA203: code in the arguments of a launch."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.options import Grammar, read
from mcpinstall.rules.audit.pins import fetch
from mcpinstall.rules.audit.rule import Hit, Persona, rule
from mcpinstall.rules.audit.shells import Script, Shell, is_simple, script_of
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.words import LONGEST, program

PIPE_TO_INTERPRETER = rule(
    201, "pipe-to-interpreter", Severity.CRITICAL, "What is downloaded is run unseen", cwe=494
)
SHELL_SCRIPT = rule(
    202, "shell-script-launch", Severity.MEDIUM, "A shell script in an argument starts the server",
    cwe=78,
)  # fmt: skip
INLINE_CODE = rule(203, "inline-code", Severity.HIGH, "Code in an argument is run", cwe=94)
RULES = (PIPE_TO_INTERPRETER, SHELL_SCRIPT, INLINE_CODE)

_DOWNLOADERS = r"(?:curl|wget|aria2c|http|iwr|irm|fetch|invoke-webrequest|invoke-restmethod)"
_INTERPRETERS = frozenset({
    "sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "python", "python2", "python3", "node",
    "perl", "ruby", "php", "pwsh", "powershell", "iex", "invoke-expression", "cmd", "osascript",
    "bun", "deno", "source", ".", "eval",
})  # fmt: skip
_BEFORE = frozenset({"sudo", "doas", "env", "exec", "command", "nohup", "time", "-e", "&&", "then"})
_OPERATOR = re.compile(r"(\|\||&&|[;|&\n])")
_ANY_DOWNLOADER = re.compile(_DOWNLOADERS, re.IGNORECASE)
_SUBSTITUTED = re.compile(rf"(?:\$\(|<\(|`)\s*(?:\S{{0,64}}/)?{_DOWNLOADERS}\b")
_EVALUATES = re.compile(r"\b(?:iex|invoke-expression)\b", re.IGNORECASE)
_FETCHES = re.compile(
    r"\b(?:iwr|irm|curl|wget|invoke-webrequest|invoke-restmethod|downloadstring|downloaddata)\b",
    re.IGNORECASE,
)
_DOWNLOADER = re.compile(_DOWNLOADERS)


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield what is wrong with scripts and code in arguments; a download that is run says all."""
    del facts
    layers = unwrap(server.argv).layers
    scripts = [one for one in map(script_of, layers) if one is not None]
    downloads = [one for one in scripts if runs_a_download(one)]
    for one in downloads[:1]:
        yield Hit(
            rule=PIPE_TO_INTERPRETER, pointer=one.pointer,
            message=f"`{one.name}` runs what it downloads, without a look at it",
            fix="download it once, read it, and start the file; best `mcpi install` the server",
        )  # fmt: skip
    if not downloads:
        yield from _shell(scripts)
    yield from _inline(layers[-1])


def _shell(scripts: Sequence[Script]) -> Iterator[Hit]:
    for one in scripts:
        if not is_simple(one):
            yield Hit(
                rule=SHELL_SCRIPT, pointer=one.pointer,
                message=f"a script that `{one.name}` reads from an argument starts the server",
                fix="start the program itself, with its arguments one by one",
            )  # fmt: skip
            return
    for one in scripts:
        if one.language is Shell.POSIX:
            yield Hit(
                rule=SHELL_SCRIPT, pointer=one.pointer, severity=Severity.LOW,
                persona=Persona.PEDANTIC,
                message=f"`{one.name}` is not needed to start one program",
                fix="start the program itself, with its arguments one by one",
            )  # fmt: skip
            return


# A download that is run --------------------------------------------------------------------------


def runs_a_download(script: Script) -> bool:
    """Tell whether the output of a downloader reaches an interpreter."""
    text = _decoded(script.text) if script.is_encoded else script.text
    if _EVALUATES.search(text) and _FETCHES.search(text):
        return True
    return _is_piped(text)


def _decoded(text: str) -> str:
    """Return what PowerShell's `-EncodedCommand` says; nothing where it says nothing."""
    try:
        return base64.b64decode(text.strip(), validate=True).decode("utf-16-le")[:LONGEST]
    except (binascii.Error, ValueError):
        return ""


def _is_piped(text: str) -> bool:
    """Go through commands and operators from left to right."""
    if not _ANY_DOWNLOADER.search(text):
        return False
    downloads = False
    pieces = _OPERATOR.split(text)
    for number, piece in enumerate(pieces):
        if number % 2:
            downloads = downloads and piece == "|"
            continue
        name = _program_of(piece)
        if name in _INTERPRETERS and (downloads or _SUBSTITUTED.search(piece)):
            return True
        downloads = downloads or bool(_DOWNLOADER.fullmatch(name))
    return False


def _program_of(command: str) -> str:
    """Return the name of a command's program, behind assignments, `sudo` and the like."""
    for word in command[:4096].split():
        bare = word.strip("\"'(){}")
        name = program(bare)
        if not bare or name in _BEFORE or re.match(r"\w{1,64}=", bare):
            continue
        return name
    return ""


# Code in an argument -----------------------------------------------------------------------------

_PYTHON = Grammar(valued=frozenset({"-c", "-m", "-W", "-X", "--check-hash-based-pycs"}))
_NODE = Grammar(
    valued=frozenset({
        "-e", "--eval", "-p", "--print", "-r", "--require", "--import", "--loader", "-C",
        "--experimental-loader", "--conditions", "--input-type", "--title",
    })
)  # fmt: skip
_BUN = Grammar(
    valued=frozenset({"-e", "--eval", "-p", "--print", "-r", "--preload", "-c", "--cwd"})
)
_SCRIPTED = Grammar(valued=frozenset({"-e", "-E", "-r", "-I", "-M", "-m"}))
_PHP = Grammar(valued=frozenset({"-r", "-R", "-B", "-d", "-c", "-f", "-z", "-S", "-t"}))
_EVAL = frozenset({"-e", "--eval", "-p", "--print"})


def _inline(launch: Sequence[Value]) -> Iterator[Hit]:
    found = inline_code(launch)
    if found is not None:
        name, code = found
        yield Hit(
            rule=INLINE_CODE, pointer=code.pointer,
            message=f"`{name}` runs code that stands in the entry itself",
            fix="put the code into a file that can be reviewed, and start that",
        )  # fmt: skip


def inline_code(launch: Sequence[Value]) -> tuple[str, Value] | None:
    """Return a program and the code that is its argument."""
    if not launch:
        return None
    fetched = fetch(launch)
    if fetched is not None and fetched.code is not None:
        return fetched.runner, fetched.code
    if fetched is not None and fetched.runner == "uv run":
        return inline_code(fetched.arguments)
    name = program(launch[0].text)
    if name in {"poetry", "pdm", "rye", "pixi"} and [one.text for one in launch[1:2]] == ["run"]:
        return inline_code(launch[2:])
    return _of_interpreter(name, launch[1:])


def _of_interpreter(name: str, words: Sequence[Value]) -> tuple[str, Value] | None:
    bare = name.rstrip("0123456789.")
    if name == "deno":
        at = next((n for n, one in enumerate(words[:2]) if one.text == "eval"), None)
        return ("deno eval", words[-1]) if at is not None and len(words) > at + 1 else None
    grammar, options = _INTERPRETED.get(bare, (None, frozenset[str]()))
    if grammar is None:
        return None
    for option in read(words, grammar).options:
        if option.name == "-m" and bare not in {"perl", "ruby"}:
            return None  # a module: what follows is its own
        if option.name in options:
            return name, option.value or option.word
    return None


_INTERPRETED: dict[str, tuple[Grammar | None, frozenset[str]]] = {
    "python": (_PYTHON, frozenset({"-c"})),
    "pypy": (_PYTHON, frozenset({"-c"})),
    "py": (_PYTHON, frozenset({"-c"})),
    "node": (_NODE, _EVAL),
    "nodejs": (_NODE, _EVAL),
    "bun": (_BUN, _EVAL),
    "ruby": (_SCRIPTED, frozenset({"-e"})),
    "perl": (_SCRIPTED, frozenset({"-e", "-E"})),
    "php": (_PHP, frozenset({"-r", "-R", "-B"})),
    "osascript": (_SCRIPTED, frozenset({"-e"})),
}
