"""Code in an argument of an interpreter, and whether one reads its code from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit.options import Grammar, read
from mcpinstall.rules.audit.pins import fetch
from mcpinstall.rules.audit.runner_options import DENO, NODE
from mcpinstall.rules.audit.words import program

_PYTHON = Grammar(valued=frozenset({"-c", "-W", "-X", "--check-hash-based-pycs"}))
_BUN = Grammar(
    valued=frozenset({"-e", "--eval", "-p", "--print", "-r", "--preload", "-c", "--cwd"})
)
_SCRIPTED = Grammar(valued=frozenset({"-e", "-E", "-r", "-I", "-m"}))
_PHP = Grammar(valued=frozenset({"-r", "-R", "-B", "-d", "-c", "-f", "-z", "-S", "-t"}))
_DENO_REPL = Grammar(valued=DENO.valued | {"--eval", "--eval-file"})
_IMPORTS = frozenset({"--import", "--loader", "--experimental-loader", "--preload"})
_EVAL = frozenset({"-e", "--eval", "-p", "--print"})
_STANDARD_INPUT = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "run"})


def inline_code(launch: Sequence[Value]) -> tuple[str, Value] | None:
    """Return a program and the code that is its argument."""
    if not launch:
        return None
    fetched = fetch(launch)
    if fetched is not None and fetched.code is not None:
        return fetched.runner, fetched.code
    return _of_interpreter(program(launch[0].text), launch[1:])


def _of_interpreter(name: str, words: Sequence[Value]) -> tuple[str, Value] | None:
    if name == "deno":
        return _of_deno(words)
    bare = _bare(name)
    grammar, options = _INTERPRETED.get(bare, (Grammar(), frozenset()))
    for option in read(words, grammar).options:
        if option.name == "-m" and bare != "perl":
            return None  # a module: what follows is its own
        if option.name in options:
            return name, option.given
        if option.name in _IMPORTS and option.text[:5].lower() == "data:":
            return name, option.given
    return None


def _of_deno(words: Sequence[Value]) -> tuple[str, Value] | None:
    """Read `deno eval CODE` and `deno repl --eval CODE`."""
    rest = read(words, DENO).rest
    verb = rest[0].text if rest else ""
    if verb == "eval":
        return ("deno eval", rest[-1]) if len(rest) > 1 else None
    code = read(rest[1:], _DENO_REPL).all("--eval") if verb == "repl" else ()
    return ("deno repl", code[0].given) if code else None


_INTERPRETED: dict[str, tuple[Grammar, frozenset[str]]] = {
    "python": (_PYTHON, frozenset({"-c"})),
    "pypy": (_PYTHON, frozenset({"-c"})),
    "py": (_PYTHON, frozenset({"-c"})),
    "node": (NODE, _EVAL),
    "nodejs": (NODE, _EVAL),
    "tsx": (NODE, _EVAL),
    "ts-node": (NODE, _EVAL),
    "lua": (_SCRIPTED, frozenset({"-e"})),
    "luajit": (_SCRIPTED, frozenset({"-e"})),
    "rscript": (_SCRIPTED, frozenset({"-e"})),
    "julia": (_SCRIPTED, frozenset({"-e", "-E"})),
    "elixir": (_SCRIPTED, frozenset({"-e"})),
    "bun": (_BUN, _EVAL),
    "ruby": (_SCRIPTED, frozenset({"-e"})),
    "perl": (_SCRIPTED, frozenset({"-e", "-E"})),
    "php": (_PHP, frozenset({"-r", "-R", "-B"})),
    "osascript": (_SCRIPTED, frozenset({"-e"})),
}


def runs_its_input(name: str, words: Sequence[Value]) -> bool:
    """Tell whether an interpreter runs what it reads, and not a file, a module or an argument."""
    bare = _bare(name)
    grammar, options = _INTERPRETED.get(bare, (Grammar(), frozenset()))
    given = read(words, grammar)
    elsewhere = {one.name for one in given.options} & (options | _ELSEWHERE.get(bare, frozenset()))
    if elsewhere:
        return False
    return not given.rest or given.rest[0].text.lower() in _STANDARD_INPUT


_ELSEWHERE = {
    "python": frozenset({"-m"}), "pypy": frozenset({"-m"}), "py": frozenset({"-m"}),
    "php": frozenset({"-f"}),
}  # fmt: skip
"""Options that say where the code is, besides those that bring it."""


def _bare(name: str) -> str:
    return name.rstrip("0123456789.")
