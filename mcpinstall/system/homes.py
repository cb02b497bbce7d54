"""Homes of installed servers: where one is, and which of its generations is current."""

from __future__ import annotations

import re
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.files import disk_errors, read_bounded

CURRENT = "current"
"""Link to the generation that hosts start; on Windows a file with its name."""

_POINTER_BYTES = 200  # bytes; one name and a line feed
_GENERATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")


def server_home(servers: Path, slug: str) -> Path:
    """Return the folder of one server; `slug` is from `names.slug`.

    Raises:
        McpInstallError: `state-unsafe` for anything that is no single folder name.
    """
    if not _SLUG.fullmatch(slug):
        raise _unsafe(f"`{slug[:100]}` is not the folder of a server")
    return servers / slug


def current(home: Path) -> str | None:
    """Return the generation that `current` names, or None when there is none.

    Raises:
        McpInstallError: `state-unsafe` when `current` leads anywhere but to a generation.
    """
    link = home / CURRENT
    with disk_errors(f"read `{link}`"):
        if link.is_symlink():
            return generation_name(str(link.readlink()))
        if not link.exists():
            return None
    try:
        return generation_name(read_bounded(link, _POINTER_BYTES).decode("ascii").strip())
    except UnicodeDecodeError:
        raise _unsafe("its pointer is not the name of a generation") from None


def is_generation_name(name: str) -> bool:
    """Tell whether `name` has the form of a generation's folder name."""
    return _GENERATION.fullmatch(name) is not None


def generation_name(name: str) -> str:
    """Return `name` if it can be a generation's folder name.

    Raises:
        McpInstallError: `state-unsafe`.
    """
    if not is_generation_name(name):
        raise _unsafe(f"`{name[:100]}` is not a generation of this server")
    return name


def _unsafe(what: str) -> McpInstallError:
    return McpInstallError(ErrorCode.STATE_UNSAFE, what, hint="run `mcpi reinstall` for the server")
