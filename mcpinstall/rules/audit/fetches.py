"""Every fetch of a server: of the program, and of the wrappers that are packages themselves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mcpinstall.model.audited import AuditedServer, Value, Variable
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.pins import fetch
from mcpinstall.rules.audit.specs import Package
from mcpinstall.rules.audit.unwrap import unwrap


def fetches(server: AuditedServer) -> tuple[Fetch, ...]:
    """Return what each layer of a launch fetches, the outermost first."""
    return _fetched(server.argv)


@lru_cache(maxsize=4)  # several rules ask about one server, then all about the next
def _fetched(argv: tuple[Value, ...]) -> tuple[Fetch, ...]:
    found = (fetch(layer) for layer in unwrap(argv).layers)
    return tuple(one for one in found if one is not None)


def packages(server: AuditedServer) -> Iterator[tuple[Fetch, Package]]:
    """Yield every package that is fetched when the server starts."""
    for one in fetches(server):
        for package in one.packages:
            yield one, package


def variables(server: AuditedServer) -> tuple[Variable, ...]:
    """Return what a server's environment is set to, by its entry or by wrappers, each once."""
    return tuple(dict.fromkeys((*server.variables, *unwrap(server.argv).variables)))
