"""MA201 to MA203: code in the arguments of a launch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.downloads import runs_a_download
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.options import Grammar, read
from mcpinstall.rules.audit.pins import fetch
from mcpinstall.rules.audit.rule import Hit, Persona, rule
from mcpinstall.rules.audit.runner_options import DENO, NODE
from mcpinstall.rules.audit.shells import Script, Shell, is_simple, script_of
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.words import program

PIPE_TO_INTERPRETER = rule(
    201, "pipe-to-interpreter", Severity.CRITICAL, "What is downloaded is run unseen", cwe=494
)
SHELL_SCRIPT = rule(
    202, "shell-script-launch", Severity.MEDIUM, "A shell script in an argument starts the server",
    cwe=78,
)  # fmt: skip
INLINE_CODE = rule(203, "inline-code", Severity.HIGH, "Code in an argument is run", cwe=94)
RULES = (PIPE_TO_INTERPRETER, SHELL_SCRIPT, INLINE_CODE)


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


# Code in an argument -----------------------------------------------------------------------------

_PYTHON = Grammar(valued=frozenset({"-c", "-m", "-W", "-X", "--check-hash-based-pycs"}))
_BUN = Grammar(
    valued=frozenset({"-e", "--eval", "-p", "--print", "-r", "--preload", "-c", "--cwd"})
)
_SCRIPTED = Grammar(valued=frozenset({"-e", "-E", "-r", "-I", "-M", "-m"}))
_PHP = Grammar(valued=frozenset({"-r", "-R", "-B", "-d", "-c", "-f", "-z", "-S", "-t"}))
_DENO_REPL = Grammar(valued=DENO.valued | {"--eval", "--eval-file"})
_IMPORTS = frozenset({"--import", "--loader", "--experimental-loader", "--preload"})
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
    return _of_interpreter(program(launch[0].text), launch[1:])


def _of_interpreter(name: str, words: Sequence[Value]) -> tuple[str, Value] | None:
    bare = name.rstrip("0123456789.")
    if name == "deno":
        return _of_deno(words)
    grammar, options = _INTERPRETED.get(bare, (None, frozenset[str]()))
    if grammar is None:
        return None
    for option in read(words, grammar).options:
        if option.name == "-m" and bare not in {"perl", "ruby"}:
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


_INTERPRETED: dict[str, tuple[Grammar | None, frozenset[str]]] = {
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
