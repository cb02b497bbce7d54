"""What a server may do: what was declared, what was not, and that nothing enforces it.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mcpinstall.cli import render_command, words
from mcpinstall.cli.layout import Screen, Tone, padded, wrapped
from mcpinstall.model import remote_url
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.registry import ReviewState

ELSEWHERE = (
    "May do nothing on this machine by itself; what it does where it runs, and with what it is "
    "sent, is neither seen nor limited by anything here"
)
HERE = (
    "Runs on this machine already, with the rights of whoever started it; what it does, and with "
    "what it is sent, is neither seen nor limited by anything here"
)
UNDECLARED = "May do whatever you may do here: nobody declared what it needs, and nothing limits it"


def screen(every: Sequence[ServerPlan], home: Path, width: int) -> Screen:
    """Return what servers may do by what was declared, and of which nothing was."""
    here = [server for server in every if server.remote is None]
    if not here:
        urls = [server.remote.url for server in every if server.remote]
        said = dict.fromkeys(HERE if remote_url.is_loopback(url) else ELSEWHERE for url in urls)
        return tuple(row for text in said for row in wrapped(text, width, "    "))
    servers = [server for server in here if server.reviewed.unreviewed is None]
    undeclared = [server.entry.name for server in here if server not in servers]
    whose = f" ({words.listed(undeclared)})" if servers else ""
    rows = wrapped(f"{UNDECLARED}{whose}", width, "    ", Tone.WARN) if undeclared else ()
    return (*_declared(servers, home, width, named=len(here) > 1), *rows)


def _declared(servers: Sequence[ServerPlan], home: Path, width: int, *, named: bool) -> Screen:
    if not servers:
        return ()
    head = f"May (declared by {_declarers(servers)}, NOT enforced)"
    wanted = {s.entry.name: " · ".join(permissions(s, home)) for s in servers}
    if not named:
        return wrapped(f"{head}   {wanted[servers[0].entry.name]}", width, "    ")
    room = max(map(len, wanted))
    rows = list(wrapped(head, width, "    "))
    for name, text in wanted.items():
        rows += wrapped(f"  {padded(name, room)}  {text}", width, "    ")
    return tuple(rows)


def _declarers(servers: Sequence[ServerPlan]) -> str:
    states = {server.reviewed.registry.review for server in servers}
    return "reviewers" if states == {ReviewState.CERTIFIED} else "the manifest"


def permissions(server: ServerPlan, home: Path) -> tuple[str, ...]:
    """Return the declared permissions in words, inputs replaced by their values."""
    declared = server.reviewed.manifest.permissions
    values = {
        value.name: value.value for value in server.inputs if value.value and not value.secret
    }

    def filled(texts: Sequence[str]) -> list[str]:
        return [
            words.path(re.sub(r"\{([^{}]+)\}", lambda m: values.get(m[1]) or m[0], text), home)
            for text in texts
        ]

    hosts = ["any host" if host == "*" else host for host in filled(declared.network)]
    network = ", ".join(hosts) or "no"
    read, write, programs = (
        ", ".join(render_command.quoted(text, "'\",·") for text in filled(texts))
        for texts in (declared.read, declared.write, declared.exec)
    )
    both = [f"read, write {read}"] if read == write and read else []
    single = [f"read {read or 'nothing'}", f"write {write or 'nothing'}"]
    return (f"network {network}", *(both or single), f"run {programs or 'nothing'}")
