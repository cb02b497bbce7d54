"""The table of hosts, from `hosts.toml`."""

from __future__ import annotations

import difflib
import functools
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts.table_text import parse_table
from mcpinstall.model.host import HostRow

PROJECT_PLACE = "<absolute project path>"
"""Stands in `servers-key` for the working directory, as a key."""


@functools.cache
def table() -> tuple[HostRow, ...]:
    """Return every row, in the order of the file."""
    return parse_table(Path(__file__).with_name("hosts.toml").read_bytes())


def find_rows(selector: str) -> HostRow:
    """Return the row that `--host` names: a row id, or a product (its first row, the user's).

    Raises:
        McpInstallError: `host-unknown`, with the nearest names.
    """
    wanted = selector.lower()
    for row in (*(r for r in table() if r.id == wanted), *table()):
        if wanted in (row.id, row.product):
            return row
    products = sorted({row.product for row in table()})
    near = difflib.get_close_matches(wanted, [*products, *(row.id for row in table())], n=3)
    named = ", ".join(f"`{name}`" for name in near)
    raise McpInstallError(
        ErrorCode.HOST_UNKNOWN,
        f"`{selector[:100]}` is not a known host",
        hint=f"did you mean {named}?" if near else "`mcpi hosts --all` lists those that are",
    )
