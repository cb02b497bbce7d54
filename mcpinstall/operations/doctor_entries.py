"""`mcpi doctor`: single entries of hosts' files: what they start, and what hides them."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.model.host import HostRow
from mcpinstall.operations import typed
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.trouble import Trouble

_EXPANDED = ("$", "{", "%", "~", "`")
"""Characters of a command that its host may put something else for: it is not looked for."""
_BY_NAME = re.compile(rb"#![ \t]*/usr/bin/env[ \t]+(?:-S[ \t]+)?([A-Za-z0-9][A-Za-z0-9._+-]*)")
_FIRST_LINE_BYTES = 256  # what Linux reads of it
_SCOPES = {
    "user": "your own file",
    "user-remote": "your own file",
    "user-per-project": "your own file for this project",
    "project": "the project's file",
}


def commands(
    seen: hosts.SeenFile, context: Context, told: Collection[Path] = ()
) -> Iterator[Trouble]:
    """Yield the entries whose program is not there, or not for a desktop program.

    What lies in the folders that are `told` of is left out: one cause is one finding.
    """
    for server in seen.servers:
        command = server.command or ""
        if server.off or not command or any(char in command for char in _EXPANDED):
            continue
        if Path(command).is_absolute():
            if not any(folder in Path(command).parents for folder in told):
                yield from _path_trouble(seen, server, Path(command), context)
        elif not os.path.dirname(command.split()[0] if command.split() else command):  # noqa: PTH120
            yield from _name_trouble(seen, server, command, context)


def _path_trouble(
    seen: hosts.SeenFile, server: hosts.SeenServer, path: Path, context: Context
) -> Iterator[Trouble]:
    there = _is_there(path)
    if there and os.access(path, os.X_OK) and not path.is_dir():
        yield from _helper_trouble(seen, server, path, context)
        return
    what = "can't be executed" if there else "is not there"
    why = typed.command("mcpi", "why", server.name)
    yield _about(
        seen,
        server,
        Kind.COMMAND_MISSING,
        f"starts `{typed.program(str(path))}`, which {what}",
        "install that program again, correct the path, or delete the entry"
        + (f"; `{why}` tells where it comes from" if why else ""),
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
    if server.own_path:
        return
    found = context.machine.program(command) if command.isprintable() else None
    if found is None:
        yield _not_found(seen, server, command)
    elif seen.row.session_environment and not hosts.session_finds(found, context.machine):
        helper = _helper(found, context)
        also = f", and {_with_path(seen, helper)}" if helper and _is_hidden(helper, context) else ""
        yield _about(
            seen,
            server,
            Kind.COMMAND_NOT_IN_SESSION,
            f"starts `{command}` by its name: this shell finds it in `{found.parent}`, but "
            f"{seen.row.title} is a desktop program and may not look there",
            f"write `{found}` in its place{also}",
        )
    else:
        yield from _helper_trouble(seen, server, found, context)


def _not_found(seen: hosts.SeenFile, server: hosts.SeenServer, command: str) -> Trouble:
    shown, shape = typed.program(command), seen.row.entry
    fix = f"install `{shown}`, write its absolute path, or delete the entry"
    if shown != command:
        arguments = f"in `{shape.args_key}`" if shape.args_key else "behind it in the list"
        fix = f"write the program alone in `{shape.command_key}`, its arguments one by one "
        fix += arguments
    return _about(
        seen,
        server,
        Kind.COMMAND_MISSING,
        f"starts `{shown}`, which is in no folder of `PATH`",
        fix,
    )


def _helper_trouble(
    seen: hosts.SeenFile, server: hosts.SeenServer, program: Path, context: Context
) -> Iterator[Trouble]:
    """Yield that a script is found and what it runs with is not, by a desktop program."""
    if server.own_path or not seen.row.session_environment:
        return
    helper = _helper(program, context)
    if helper is not None and _is_hidden(helper, context):
        yield _about(
            seen,
            server,
            Kind.COMMAND_NOT_IN_SESSION,
            f"starts `{program}`, a script that looks for `{helper.name}`: this shell finds it in "
            f"`{helper.parent}`, but {seen.row.title} is a desktop program and may not look there",
            _with_path(seen, helper),
        )


def _helper(program: Path, context: Context) -> Path | None:
    """Return the program that a script names in its first line by `env`, such as node for npx."""
    try:
        if not program.is_file():  # a pipe would be waited for
            return None
        with program.open("rb") as file:
            found = _BY_NAME.match(file.read(_FIRST_LINE_BYTES))
    except OSError:
        return None
    return context.machine.program(found[1].decode("ascii")) if found else None


def _is_hidden(program: Path, context: Context) -> bool:
    return not hosts.session_finds(program, context.machine)


def _with_path(seen: hosts.SeenFile, helper: Path) -> str:
    folders = f"{helper.parent}:/usr/bin:/bin"
    return f"give the entry the variable `PATH` in `{seen.row.entry.env_key}`: `{folders}`"


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
