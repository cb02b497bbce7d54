"""`mcpi doctor`: single entries of hosts' files: what they start, and what hides them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.model.host import HostRow
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.trouble import Trouble

_EXPANDED = ("$", "{", "%", "~", "`")
"""Characters of a command that its host may put something else for: it is not looked for."""
_SCOPES = {
    "user": "your own file",
    "user-remote": "your own file",
    "user-per-project": "your own file for this project",
    "project": "the project's file",
}


def commands(seen: hosts.SeenFile, context: Context) -> Iterator[Trouble]:
    """Yield the entries whose program is not there, or not for a desktop program."""
    for server in seen.servers:
        if server.off or not server.command or any(c in server.command for c in _EXPANDED):
            continue
        if os.path.dirname(server.command):  # noqa: PTH120 (as text: of any system)
            yield from _path_trouble(seen, server, server.command)
        elif not server.own_path:
            yield from _name_trouble(seen, server, server.command, context)


def _path_trouble(
    seen: hosts.SeenFile, server: hosts.SeenServer, command: str
) -> Iterator[Trouble]:
    path = Path(command)
    if not path.is_absolute():  # means another folder in every host
        return
    there = _is_there(path)
    if there and os.access(path, os.X_OK) and not path.is_dir():
        return
    what = "can't be executed" if there else "is not there"
    yield _about(
        seen,
        server,
        Kind.COMMAND_MISSING,
        f"starts `{command}`, which {what}",
        "install that program again, correct the path, or delete the entry; `mcpi why "
        f"{server.name}` tells where it comes from",
    )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # in a folder that we may not look into: not ours to start, either
        return True
    except (OSError, ValueError):  # too long, a NUL, half a character: nothing has such a name
        return False


def _name_trouble(
    seen: hosts.SeenFile, server: hosts.SeenServer, command: str, context: Context
) -> Iterator[Trouble]:
    found = context.machine.program(command) if command.isprintable() else None
    if found is None:
        yield _about(
            seen,
            server,
            Kind.COMMAND_MISSING,
            f"starts `{command}`, which is in no folder of `PATH`",
            f"install `{command}`, write its absolute path, or delete the entry",
        )
    elif seen.row.session_environment and not hosts.session_finds(found, context.machine):
        yield _about(
            seen,
            server,
            Kind.COMMAND_NOT_IN_SESSION,
            f"starts `{command}` by its name: this shell finds it in `{found.parent}`, but "
            f"{seen.row.title} is a desktop program and may not look there",
            f"write `{found}` in its place",
        )


def shadowed(seen: Sequence[hosts.SeenFile]) -> Iterator[Trouble]:
    """Yield the entries that another one of the same name and product takes the place of."""
    places: dict[tuple[str, str], list[hosts.SeenFile]] = defaultdict(list)
    for one in seen:
        for server in one.servers:
            if one.row.scope in _SCOPES and not one.row.successor:
                places[one.row.product, server.name].append(one)
    for (_, name), files in places.items():
        yield from _shadowed(name, files)


def _shadowed(name: str, files: Sequence[hosts.SeenFile]) -> Iterator[Trouble]:
    """Yield what is wrong with one name that stands in several places of one product."""
    first, *others = sorted(files, key=lambda one: _rank(one.row))
    for one in others:
        same = (one.path, one.row.servers_key) == (first.path, first.row.servers_key)
        if same or one.row.scope == first.row.scope:
            continue
        winner, loser = _SCOPES[first.row.scope], _SCOPES[one.row.scope]
        message = (
            f"`{name}` in {loser} is not what starts here: {winner} `{first.path}` wins"
            if first.row.precedence
            else f"`{name}` stands in {loser}, and in {winner} `{first.path}`: which one starts "
            "is not documented"
        )
        yield Trouble(
            kind=Kind.ENTRY_SHADOWED,
            subject=one.row.title,
            message=message,
            fix="give one of them another name (`--as NAME`), or delete the one that is not meant",
            path=one.path,
            entry=name,
        )


def _rank(row: HostRow) -> int:
    """Return the place of a row's scope among those of its product; 0 wins."""
    order = row.precedence or ("user-per-project", "project", "user")
    return order.index(row.scope) if row.scope in order else len(order)


def _about(
    seen: hosts.SeenFile, server: hosts.SeenServer, kind: Kind, message: str, fix: str
) -> Trouble:
    return Trouble(
        kind=kind,
        subject=seen.row.title,
        message=f"`{server.name}` {message}",
        fix=fix,
        path=seen.path,
        entry=server.name,
    )
