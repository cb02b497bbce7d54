"""Which hosts are on this machine, and in whose terminal we run."""

from __future__ import annotations

from mcpinstall.hosts.paths import matches
from mcpinstall.hosts.table import table
from mcpinstall.model.host import HostRow
from mcpinstall.system.machine import Machine

_FLATPAKS = ("/var/lib/flatpak/app", "~/.local/share/flatpak/app")


def detected(machine: Machine) -> tuple[HostRow, ...]:
    """Return the hosts whose program is found.

    A configuration folder proves nothing: it outlives its program, and other tools make it.
    """
    return tuple(row for row in table() if is_installed(row, machine))


def runs_on(row: HostRow, machine: Machine) -> bool:
    """Tell whether the host exists for this system, as far as the table says where it is."""
    known = {system for system, _ in (*row.paths, *row.applications)}
    return not known or machine.platform in known


def is_installed(row: HostRow, machine: Machine) -> bool:
    """Tell whether the host's program is on PATH, or its application where systems keep them."""
    if any(machine.program(name) for name in row.programs):
        return True
    templates = dict(row.applications).get(machine.platform, ())
    if row.flatpak and machine.platform == "linux":
        templates = (*templates, *(f"{folder}/{row.flatpak}" for folder in _FLATPAKS))
    return any(matches(template, machine) for template in templates)


def terminal_host(machine: Machine) -> HostRow | None:
    """Return the host whose terminal we run in, if it says so in the environment."""
    for row in table():
        if any(_shows(variable, machine) for variable in row.terminal_variables):
            return row
    return None


def _shows(variable: str, machine: Machine) -> bool:
    """Tell whether `NAME` is set, or `NAME=VALUE` holds."""
    name, _, wanted = variable.partition("=")
    found = machine.environ.get(name, "")
    return found == wanted if wanted else bool(found)
