"""MA201 to MA203: code in the arguments of a launch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.downloads import runs_a_download
from mcpinstall.rules.audit.inline_code import inline_code
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Hit, Persona, rule
from mcpinstall.rules.audit.shells import Script, Shell, is_simple, script_of
from mcpinstall.rules.audit.unwrap import unwrap

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


def _inline(launch: Sequence[Value]) -> Iterator[Hit]:
    found = inline_code(launch)
    if found is not None:
        name, code = found
        yield Hit(
            rule=INLINE_CODE, pointer=code.pointer,
            message=f"`{name}` runs code that stands in the entry itself",
            fix="put the code into a file that can be reviewed, and start that",
        )  # fmt: skip
