"""The command line: arguments in, one exit status out.

As little as possible is loaded: `--version` needs nothing, `--help` the table of commands, a
command its own module and typer.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcpinstall.cli.command import Command
    from mcpinstall.cli.session import Session
    from mcpinstall.errors import McpInstallError


_NO_VARIABLE = "\0"
"""Names nothing: typer would print a completion script, and do nothing, for a variable's sake."""


def main() -> None:
    """Run the command line and end the process with its exit status."""
    import gc
    import os

    gc.set_threshold(200_000)  # a command loads much, makes few cycles, and ends soon
    _UMASK.append(os.umask(0o077))  # what we make is its user's alone, whatever the caller says
    _complete_streams()
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from mcpinstall import __version__

        sys.stdout.write(f"mcpinstall {__version__}\n")
        if status := _flush():
            sys.exit(status)
        return
    status = run(arguments)
    gc.freeze()  # what is loaded need not be looked through once more for cycles at the end
    sys.exit(_flush() or status)


_UMASK: list[int] = []


def callers_umask() -> int:
    """Return the umask that this process was started with."""
    import os

    return _UMASK[0] if _UMASK else os.umask(0o077)


def _complete_streams() -> None:
    """Lead standard streams that were closed to nowhere, before another file takes their place."""
    import os
    from pathlib import Path

    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 (stays open)
            if stream.fileno() != number:
                os.dup2(stream.fileno(), number)
            setattr(sys, name, stream)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status: the one place where an error becomes one."""
    from mcpinstall.cli.session import Session
    from mcpinstall.errors import Exit, McpInstallError

    before, passed = _split(arguments)
    session = Session(_name(before))
    session.as_json = "--json" in before
    try:
        status = _dispatch(session, before, passed)
    except McpInstallError as error:
        return _failed(session, error)
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    except Exception:  # noqa: BLE001 - whatever else arrives here is a bug, and is reported as one
        return _bug(session)
    if status == Exit.INTERRUPTED:
        _interrupted(session)
    return status


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Return what stands before the first `--` and what behind it; None without one."""
    if "--" not in arguments:
        return list(arguments), None
    place = list(arguments).index("--")
    return list(arguments[:place]), list(arguments[place + 1 :])


def _name(arguments: Sequence[str]) -> str:
    from mcpinstall.cli import commands

    found = commands.find(arguments)
    return found[0].name if found else "mcpi"


def _dispatch(session: Session, before: list[str], passed: list[str] | None) -> int:
    from mcpinstall.cli import commands
    from mcpinstall.errors import ErrorCode, McpInstallError

    if before in ([], ["--json"]) and passed is None:
        from mcpinstall.cli.welcome import welcome

        return welcome(session)
    if before[:1] == ["help"] and before[1:]:
        before = [*before[1:], "--help"]
    if before[:1] in (["--help"], ["-h"], ["help"]):
        session.ui.raw(commands.overview())
        return 0
    if shown := commands.help_of_family(before):
        session.ui.raw(shown)
        return 0
    if before[:1] in (["--version"], ["-V"]):
        raise McpInstallError(ErrorCode.USAGE, f"`{before[0]}` stands alone")
    found = commands.find(before)
    if found is None:
        fact, hint = commands.unknown(before or ["--"])
        raise McpInstallError(ErrorCode.USAGE, fact, hint=hint)
    command, rest = found
    if not command.passes_arguments and passed is not None:
        rest, passed = [*rest, "--", *passed], None
    session.extra_arguments = tuple(passed or ())
    return _call(session, command, rest)


def _call(session: Session, command: Command, rest: Sequence[str]) -> int:
    """Let typer read the options of one command and call its function."""
    import inspect

    import typer

    from mcpinstall.errors import Exit

    function = command.load()
    examples = "\n".join(f"  {example}" for example in command.examples)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(
        help=f"{inspect.cleandoc(function.__doc__ or '')}\n\n\b\nExamples:\n{examples}",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        options_metavar="[OPTIONS]",
    )(function)
    try:
        with _help_shown(session, rest):
            status = app(
                args=list(rest), prog_name=f"mcpi {command.name}", standalone_mode=False,
                obj=session, complete_var=_NO_VARIABLE,
            )  # fmt: skip
    except typer.TyperException as error:
        raise _usage(error, command) from None
    except typer.Abort:
        return Exit.INTERRUPTED
    return status if isinstance(status, int) else Exit.DONE


@contextlib.contextmanager
def _help_shown(session: Session, arguments: Sequence[str]) -> Iterator[None]:
    """Print the help that typer writes in the block as all else is: it takes a full disk ill."""
    import io

    if not {"-h", "--help"} & set(arguments):
        yield
        return
    screen = session.ui
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        yield
    screen.raw(shown.getvalue())


def _usage(error: Exception, command: Command) -> McpInstallError:
    """Return typer's complaint in our words."""
    from mcpinstall.errors import ErrorCode, McpInstallError

    option, near = getattr(error, "option_name", ""), getattr(error, "possibilities", None)
    hint = f"`mcpi {command.name} --help` shows its options"
    if option and hasattr(error, "possibilities"):
        fact = f"`mcpi {command.name}` has no option `{option}`"
        hint = f"did you mean `{'` or `'.join(sorted(near))}`?" if near else hint
    else:
        said: str = getattr(error, "format_message", error.__str__)()
        said = said.strip().removesuffix(".").replace("'", "`").replace("int range", "number")
        fact = f"{said[:1].lower()}{said[1:]}"
    return McpInstallError(ErrorCode.USAGE, fact, hint=hint)


# Ends that are not good ------------------------------------------------------------------------


def _failed(session: Session, error: McpInstallError) -> int:
    from mcpinstall.cli import json_output, render_error
    from mcpinstall.errors import McpInstallError

    after = render_error.after(error, session.command, changed=session.changed)
    with contextlib.suppress(McpInstallError):  # where nothing can be written, the status tells
        width, changed = session.ui.error_width, session.changed
        session.ui.insist(render_error.error(error, session.command, width, changed=changed))
        if session.as_json:
            session.answer(error=json_output.error(error, after))
    return error.code.exit_status


def _interrupted(session: Session) -> None:
    from mcpinstall.cli import render_error
    from mcpinstall.errors import Exit, McpInstallError

    with contextlib.suppress(McpInstallError):
        session.ui.insist(render_error.interrupted(acting=session.acting or session.changed))
        if session.as_json:
            session.answer(error={"code": "interrupted", "exit_status": int(Exit.INTERRUPTED)})


def _bug(session: Session) -> int:
    """Show a traceback without local variables, which may hold secrets."""
    import traceback

    from mcpinstall.cli import render_error
    from mcpinstall.errors import Exit, McpInstallError

    shown = render_error.bug(traceback.format_exc(), session.ui.error_width)
    with contextlib.suppress(McpInstallError):
        session.ui.insist(shown)
        if session.as_json:
            session.answer(error={"code": "bug", "exit_status": int(Exit.BUG)})
    return Exit.BUG


def _flush() -> int:
    """Write what is left, so that the interpreter's exit can't fail on it; return a status.

    A reader that went away is no failure.
    """
    from mcpinstall.cli.ui import silence
    from mcpinstall.errors import ErrorCode

    status = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            silence(stream)
        except OSError:
            silence(stream)
            status = ErrorCode.DISK_FAILED.exit_status
    return status
