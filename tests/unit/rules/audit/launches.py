"""Servers as a host's file starts them, for the tests of launch rules."""

from __future__ import annotations

from collections.abc import Mapping

from mcpinstall.model.audited import AuditedServer, FileScope, Value, Variable
from mcpinstall.rules.audit.unwrap import unwrap


def values(*argv: str) -> tuple[Value, ...]:
    """Return words with pointers as in a file whose command is a string."""
    return tuple(
        Value(text=one, pointer=f"/mcpServers/s/args/{n - 1}" if n else "/mcpServers/s/command")
        for n, one in enumerate(argv)
    )


def server(
    *argv: str,
    env: Mapping[str, str] | None = None,
    scope: FileScope = FileScope.USER,
    directory: str = "",
) -> AuditedServer:
    """Return a server as the engine makes it."""
    found = unwrap(values(*argv))
    own = tuple(
        Variable(name=name, value=Value(text=text, pointer=f"/mcpServers/s/env/{name}"))
        for name, text in (env or {}).items()
    )
    return AuditedServer(
        host="cursor-user", scope=scope, name=Value(text="s", pointer="/mcpServers/s"),
        pointer="/mcpServers/s", argv=values(*argv), launch=found.launch, wrappers=found.wrappers,
        variables=(*own, *found.variables), url=found.url,
        directory=Value(text=directory, pointer="/mcpServers/s/cwd") if directory else None,
    )  # fmt: skip
