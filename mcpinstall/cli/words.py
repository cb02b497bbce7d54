"""Numbers, sizes, paths and times as people read them.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.model.registry import RegistryKind

if TYPE_CHECKING:
    from mcpinstall.model.manifest import Review
    from mcpinstall.model.receipt import HistoryRecord

UNVOUCHED = {
    RegistryKind.NONE: "no registry: you gave the address",
    RegistryKind.INDEX: "no registry: a package of your index",
    RegistryKind.MCP: "described by an MCP registry, which vouches for nothing",
}
"""Where a server comes from that no registry of ours vouches for."""

_STEP = 1000  # package indexes count in decimal megabytes
_ID_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z")


def number(value: int) -> str:
    """Return `1,612`."""
    return f"{value:,}"


def count(value: int, noun: str) -> str:
    """Return `1 file`, `1,612 files`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number(value)} {noun if value == 1 else plural}"


def size(value: int) -> str:
    """Return `512 bytes`, `10.1 MB`."""
    if value < _STEP:
        return count(value, "byte")
    amount, unit = value / _STEP, "kB"
    for larger in ("MB", "GB"):
        if amount >= _STEP:
            amount, unit = amount / _STEP, larger
    return f"{amount:,.1f} {unit}"


def listed(items: Sequence[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def path(value: str | Path, home: Path) -> str:
    """Return a path with the home folder written as `~`."""
    text, base = str(value), str(home).rstrip("/\\")
    rest = text[len(base) :]
    return f"~{rest}" if base and text.startswith(base) and rest[:1] in {"", "/", "\\"} else text


def host(row_id: str) -> str:
    """Return what `--host` takes for a row of the user's own scope: `codex` for `codex-user`."""
    return row_id.removesuffix("-user")


def record_time(record_id: str) -> str:
    """Return the time in a history record's id: `2026-11-22 13:45:01 UTC`."""
    found = _ID_TIME.match(record_id)
    if not found:
        return "unknown time"
    year, month, day, hour, minute, second = found.groups()
    return f"{year}-{month}-{day} {hour}:{minute}:{second} UTC"


def sentence(text: str) -> str:
    """Return `text` with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def action_noun(action: str) -> str:
    """Return what a history record's action is called: `installation` for `install`."""
    return {
        "install": "installation",
        "uninstall": "uninstallation",
        "reinstall": "reinstallation",
        "adopt": "adoption",
        "configure": "new configuration",
    }.get(action, action)


def touched(record: HistoryRecord) -> tuple[str, ...]:
    """Return the entries of a change; of a fix, which has none, the hosts whose files it was."""
    return record.entries or tuple(dict.fromkeys(host(one.row_id) for one in record.files))


def review(said: Review, reviewers: Sequence[str]) -> str:
    """Return `signed by NAME` for a review whose signature holds, else `claimed by NAME`."""
    return f"{'signed' if said.by in reviewers else 'claimed'} by {said.by}"
