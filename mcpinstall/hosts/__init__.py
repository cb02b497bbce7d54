"""MCP hosts: where their files are, what stands in them, and edits of exactly our span."""

from __future__ import annotations

from mcpinstall.hosts.adopting import digest as entry_digest
from mcpinstall.hosts.adopting import kept_fields, starts_as
from mcpinstall.hosts.chains import add, take_out
from mcpinstall.hosts.detection import detected, is_installed, runs_on, terminal_host
from mcpinstall.hosts.diffs import diff
from mcpinstall.hosts.edits import insert, remove, replace
from mcpinstall.hosts.inputs import are_there as inputs_are_there
from mcpinstall.hosts.inputs import clear_text, rendered
from mcpinstall.hosts.paths import candidates, choices, config_path, path_digest
from mcpinstall.hosts.reading import entries, managed, read
from mcpinstall.hosts.survey import (
    SeenFile,
    SeenServer,
    UnreadFile,
    session_finds,
    survey,
    unread,
)
from mcpinstall.hosts.table import find_rows, table
from mcpinstall.hosts.writable import require_writable, why_not
from mcpinstall.hosts.writing import remove_leftovers, write

__all__ = [
    "SeenFile",
    "SeenServer",
    "UnreadFile",
    "add",
    "candidates",
    "choices",
    "clear_text",
    "config_path",
    "detected",
    "diff",
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
