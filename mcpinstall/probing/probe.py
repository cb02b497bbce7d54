"""Start a server, ask for its tools, end it with all that it started."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.environment import Command
from mcpinstall.model.manifest import ProbeSettings
from mcpinstall.model.tools import ToolList
from mcpinstall.probing import offered
from mcpinstall.probing.messages import Messenger
from mcpinstall.system import limits
from mcpinstall.system.conversation import Conversation
from mcpinstall.system.files import disk_errors
from mcpinstall.system.machine import Machine
from mcpinstall.system.process import child_environment
from mcpinstall.system.throwaway import throwaway_folder

T = TypeVar("T")

_WINDOWS_NEEDS = (
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "PROGRAMDATA", "PROGRAMFILES",
    "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
)  # fmt: skip
"""Variables without which no process of Windows works; they say nothing of the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What a server answered, once it and everything that it started has ended."""

    tools: ToolList
    protocol: str
    """Protocol revision, such as `2026-07-28`."""
    server: str
    """The server's own name and version: a claim, escaped."""
    seconds: float
    """From the start to the verdict; in no digest."""


def probe(
    command: Command,
    *,
    settings: ProbeSettings,
    environment: tuple[tuple[str, str], ...] = (),
    machine: Machine,
    seconds: float = limits.PROBE_SECONDS,
) -> ProbeResult:
    """Start the server and return its tools in canonical form.

    `command` is run as it is: the caller has put in the inputs' arguments and those of
    `settings`.  The server gets `environment`, the names of `settings`, and the fixed ones,
    which win: UTC, the C locale, new empty folders as home, working and temporary folder, the
    system's PATH.

    1. `server/discover`, in a first process.
    2. When that shows a legacy server: `initialize`, in a fresh process, for some servers die
       of an unknown first request.

    Raises:
        McpInstallError: `probe-failed`; its evidence is the end of standard error.
    """
    started = time.monotonic()
    deadline = started + seconds
    names = {**dict(environment), **dict(settings.environment)}

    # (1) Modern.
    found = _converse(command.argv, names, machine, lambda asked: offered.modern(asked, deadline))

    # (2) Legacy.
    if found is None:
        found = _converse(
            command.argv, names, machine, lambda asked: offered.legacy(asked, deadline)
        )

    greeting, tools = found
    return ProbeResult(
        tools=tools,
        protocol=greeting.protocol,
        server=greeting.server,
        seconds=time.monotonic() - started,
    )


def answers_check(result: ProbeResult, *, timed: bool = True) -> CheckResult:
    """Return check 8 for a server whose tools are unchanged.

    `timed=False` leaves the seconds out, for a record that is compared or digested.
    """
    count = len(result.tools.tools)
    seconds = f", {result.seconds:.1f} s" if timed else ""
    return CheckResult(
        check=Check.ANSWERS,
        outcome=Outcome.VERIFIED,
        evidence=f"{count} {'tool' if count == 1 else 'tools'}, unchanged since review "
        f"(protocol {result.protocol}{seconds})",
    )


def _converse(
    argv: tuple[str, ...],
    names: dict[str, str],
    machine: Machine,
    talk: Callable[[Messenger], T],
) -> T:
    """Run `talk` with a fresh process in fresh folders; a failure gets the server's last words."""
    with throwaway_folder() as folder:
        environment = names | _fixed_environment(folder, machine)
        conversation = Conversation(argv, environment=environment, cwd=folder / "work")
        try:
            with conversation:
                return talk(Messenger(conversation))
        except McpInstallError as error:
            raise McpInstallError(
                error.code, error.message, hint=error.hint, evidence=conversation.last_words
            ) from error


def _fixed_environment(folder: Path, machine: Machine) -> dict[str, str]:
    """Make the folders of one process and return the names that every server gets."""
    home, work, temporary = folder / "home", folder / "work", folder / "tmp"
    with disk_errors("make the folders of the probe"):
        for path in (home, work, temporary):
            path.mkdir(mode=0o700)
    inherited = child_environment(machine)
    fixed = {
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": inherited["PATH"],
        "TMPDIR": str(temporary),
        "TZ": "UTC",
    }
    if machine.platform == "win32":
        fixed |= {name: inherited[name] for name in _WINDOWS_NEEDS if name in inherited}
        fixed |= dict.fromkeys(("USERPROFILE", "APPDATA", "LOCALAPPDATA"), str(home))
        fixed |= dict.fromkeys(("TEMP", "TMP"), str(temporary))
    return fixed
