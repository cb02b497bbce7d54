"""MCP hosts: where their files are, what stands in them, and edits of exactly our span."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpinstall.hosts.table import find_rows, table

if TYPE_CHECKING:
    from mcpinstall.hosts.adopting import (
        as_written,
        differing_keys,
        entry_digest,
        kept_fields,
        require_exchangeable,
        starts_as,
    )
    from mcpinstall.hosts.chains import add, take_out
    from mcpinstall.hosts.detection import detected, is_installed, runs_on, terminal_host
    from mcpinstall.hosts.diffs import diff
    from mcpinstall.hosts.edits import insert, remove, replace
    from mcpinstall.hosts.inputs import clear_text, inputs_are_there, rendered
    from mcpinstall.hosts.paths import candidates, choices, config_path, path_digest
    from mcpinstall.hosts.reading import entries, managed, read
    from mcpinstall.hosts.surveying import (
        SeenFile,
        SeenServer,
        UnreadFile,
        session_finds,
        survey,
        unread,
    )
    from mcpinstall.hosts.writable import require_writable, why_not
    from mcpinstall.hosts.writing import remove_leftovers, write

__all__ = [
    "SeenFile",
    "SeenServer",
    "UnreadFile",
    "add",
    "as_written",
    "candidates",
    "choices",
    "clear_text",
    "config_path",
    "detected",
    "diff",
    "differing_keys",
    "entries",
    "entry_digest",
    "find_rows",
    "inputs_are_there",
    "insert",
    "is_installed",
    "kept_fields",
    "managed",
    "path_digest",
    "read",
    "remove",
    "remove_leftovers",
    "rendered",
    "replace",
    "require_exchangeable",
    "require_writable",
    "runs_on",
    "session_finds",
    "starts_as",
    "survey",
    "table",
    "take_out",
    "terminal_host",
    "unread",
    "why_not",
    "write",
]


def __getattr__(name: str) -> object:
    """Return what is offered here and was not loaded yet: the commands that only look need none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mcpinstall.hosts import (
        adopting,
        chains,
        detection,
        diffs,
        edits,
        inputs,
        paths,
        reading,
        surveying,
        writable,
        writing,
    )

    homes = (
        (
            adopting,
            "as_written differing_keys entry_digest kept_fields require_exchangeable starts_as",
        ),
        (chains, "add take_out"),
        (detection, "detected is_installed runs_on terminal_host"),
        (diffs, "diff"),
        (edits, "insert remove replace"),
        (inputs, "inputs_are_there clear_text rendered"),
        (paths, "candidates choices config_path path_digest"),
        (reading, "entries managed read"),
        (surveying, "SeenFile SeenServer UnreadFile session_finds survey unread"),
        (writable, "require_writable why_not"),
        (writing, "remove_leftovers write"),
    )
    found: object
    for module, offered in homes:
        if name in offered.split():
            found = globals()[name] = vars(module)[name]
    return found
