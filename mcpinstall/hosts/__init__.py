"""MCP hosts: where their files are, what stands in them, and edits of exactly our span."""

from __future__ import annotations

from mcpinstall.hosts.chains import add, take_out
from mcpinstall.hosts.detection import detected, is_installed, runs_on, terminal_host
from mcpinstall.hosts.diffs import diff
from mcpinstall.hosts.edits import insert, remove, rendered, replace, starts_as
from mcpinstall.hosts.paths import config_path
from mcpinstall.hosts.reading import entries, read
from mcpinstall.hosts.table import find_rows, table
from mcpinstall.hosts.writable import require_writable, why_not
from mcpinstall.hosts.writing import remove_leftovers, write

__all__ = [
    "add",
    "config_path",
    "detected",
    "diff",
    "entries",
    "find_rows",
    "insert",
    "is_installed",
    "read",
    "remove",
    "remove_leftovers",
    "rendered",
    "replace",
    "require_writable",
    "runs_on",
    "starts_as",
    "table",
    "take_out",
    "terminal_host",
    "why_not",
    "write",
]
