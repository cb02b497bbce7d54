"""Location hints: where an index keeps its files, learned once and remembered.

A lock may name a file's path on "the file host" of an index.  Which address that is, a page of
the index tells.  A wrong guess costs one request: size and digest decide about what arrives.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.system import files, urls
from mcpinstall.system.machine import Machine
from mcpinstall.system.paths import state_paths
from mcpinstall.system.urls import Url

_HINT = re.compile(r"(?!/)(?:(?:^|/)(?!\.{1,2}(?:/|$))[A-Za-z0-9._+!%~@-]+)+")
_REMEMBERED_BYTES = 4096


def is_hint(text: str) -> bool:
    """Tell whether `text` is a relative path without scheme, `//`, `..`, query or fragment."""
    return _HINT.fullmatch(text) is not None and "%2" not in text.lower() and len(text) <= 1000


def base_of(url: Url, hint: str) -> str | None:
    """Return what stands before `hint` in a file's address, or None if it does not end so."""
    if not is_hint(hint) or url.query or not url.path.endswith(f"/{hint}"):
        return None
    return url.text.removesuffix(hint)


def place(base: str, hint: str | None) -> Url | None:
    """Return the address that a hint stands for, or None when it is of no use."""
    if hint is None or not is_hint(hint):
        return None
    try:
        return urls.parse(base + hint)
    except McpInstallError:
        return None


def remembered(index_url: str, machine: Machine) -> str | None:
    """Return the base that was learned from this index before."""
    try:
        data = files.read_optional(_path(index_url, machine), _REMEMBERED_BYTES)
        return None if data is None else urls.parse(data.decode("ascii")).text
    except (McpInstallError, UnicodeDecodeError):
        return None


def remember(index_url: str, machine: Machine, base: str) -> None:
    """Keep the base of an index for the next time."""
    path = _path(index_url, machine)
    files.private_folder(path.parent)
    files.write_atomic(path, base.encode("ascii"))


def _path(index_url: str, machine: Machine) -> Path:
    name = hashlib.sha256(index_url.encode()).hexdigest()[:32]
    return state_paths(machine).cache / "indexes" / name
