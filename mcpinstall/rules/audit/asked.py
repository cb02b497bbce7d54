"""Which paths of the machine the rules would like to know the state of."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer
from mcpinstall.rules.audit.executables import executed
from mcpinstall.rules.audit.paths import is_absolute
from mcpinstall.rules.audit.search_paths import elements


def asked_paths(server: AuditedServer) -> Iterator[str]:
    """Yield the absolute paths of a server that `MachineFacts.paths` is to be filled for."""
    executed_paths = (one.text for one in executed(server))
    searched = (part for _, parts in elements(server) for part in parts)
    yield from dict.fromkeys(
        text for text in (*executed_paths, *searched) if is_absolute(text) and "\0" not in text
    )
