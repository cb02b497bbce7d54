"""Which paths of the machine the rules would like to know the state of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer
from mcpinstall.rules.audit.executables import executed, files
from mcpinstall.rules.audit.paths import is_absolute
from mcpinstall.rules.audit.search_paths import elements

_NAME = re.compile(r"[A-Za-z0-9_][\w.+-]{0,99}", re.ASCII)


def asked_name(server: AuditedServer) -> str:
    """Return the name by which a program is looked for on PATH; empty for one with a path.

    An entry that has a PATH of its own is not asked about: `MA207` judges that.
    """
    program = next((one.text for one in executed(server)), "")
    has_own = any(one.capitals == "PATH" for one in server.variables)
    return program if _NAME.fullmatch(program) and not has_own else ""


def asked_paths(server: AuditedServer) -> Iterator[str]:
    """Yield the absolute paths of a server that `MachineFacts.paths` is to be filled for."""
    started = (one.text for one in files(server))
    searched = (part for _, parts in elements(server) for part in parts)
    yield from dict.fromkeys(
        text for text in (*started, *searched) if is_absolute(text) and "\0" not in text
    )
