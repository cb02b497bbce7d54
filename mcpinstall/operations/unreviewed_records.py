"""What is remembered of servers that nobody reviewed: their locks, first tools, and indexes.

Everything is found by a digest or a name that is hashed; no path is read from a record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, tool_text, unreviewed_lock
from mcpinstall.model.fields import Fields
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.model.unreviewed_lock import UnreviewedLock
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits

LOCK_FILE_BYTES = 2 * limits.LOCK_BYTES  # bytes; the closure as one text, and little else
_SHA256 = re.compile(r"[0-9a-f]{64}")
_RECORD = re.compile(r"([0-9a-f]{64})(\.tools)?\.json")
_ADDRESS = 500  # characters that are kept of an address, for people


def keep(lock: UnreviewedLock, context: Context) -> None:
    """Keep what is being installed, after the yes.

    Raises:
        McpInstallError: `disk-failed` or `state-unsafe`.
    """
    folder = files.private_folder(context.paths.unreviewed)
    files.write_atomic(folder / f"{lock.sha256}.json", lock.text)


def kept(sha256: str, context: Context) -> UnreviewedLock | None:
    """Return the lock of that digest; None when there is none.

    Raises:
        McpInstallError: `digest-mismatch` for one that was changed, or a parser's refusal.
    """
    if not _SHA256.fullmatch(sha256):
        return None
    path = context.paths.unreviewed / f"{sha256}.json"
    data = files.read_optional(path, LOCK_FILE_BYTES)
    if data is None:
        return None
    found = unreviewed_lock.parse(data, str(path))
    if found.sha256 != sha256:
        raise McpInstallError(
            ErrorCode.DIGEST_MISMATCH,
            f"`{path}` is not the lock that was installed",
            hint="uninstall the server, and install it again",
        )
    return found


def prune(used: Collection[str], context: Context) -> None:
    """Delete locks and first tools but those of the locks with these digests; names stay.

    Raises:
        McpInstallError: `disk-failed`.
    """
    folder = context.paths.unreviewed
    if not folder.is_dir():
        return
    with files.disk_errors(f"delete what nothing uses in `{folder}`"):
        for path in list(folder.iterdir()):
            found = _RECORD.fullmatch(path.name)
            if found is not None and found[1] not in used:
                path.unlink()


def write_copy(lock: UnreviewedLock, context: Context) -> Path:
    """Write the lock of a plan into the cache, for `--lock`, and return where it is."""
    folder = files.private_folder(context.paths.locks)
    path = folder / f"{lock.sha256}.json"
    files.write_atomic(path, lock.text)
    return path


def read(path: Path) -> UnreviewedLock:
    """Return the lock in a file that the user names.

    Raises:
        McpInstallError: `file-unreadable`, or a parser's refusal.
    """
    data = files.read_optional(path, LOCK_FILE_BYTES)
    if data is None:
        raise McpInstallError(ErrorCode.FILE_UNREADABLE, f"there is no file `{path}`")
    return unreviewed_lock.parse(data, str(path))


# Tools -----------------------------------------------------------------------------------------


def keep_tools(lock: UnreviewedLock, tools: ToolList, context: Context) -> None:
    """Keep the tools that a server showed when it was first started."""
    folder = files.private_folder(context.paths.unreviewed)
    files.write_atomic(folder / f"{lock.sha256}.tools.json", tools.text)


def first_tools(lock: UnreviewedLock, context: Context) -> ToolList:
    """Return the tools that were seen first; unknown before that.

    Raises:
        McpInstallError: a parser's refusal of a damaged record.
    """
    path = context.paths.unreviewed / f"{lock.sha256}.tools.json"
    data = files.read_optional(path, limits.TOOLS_BYTES)
    return UNKNOWN_TOOLS if data is None else tool_text.parse_tools(data, str(path))


# Names -----------------------------------------------------------------------------------------


def require_bound(lock: UnreviewedLock, address: str, context: Context) -> None:
    """Refuse a name that was installed from another index or registry before.

    The binding stays after an uninstallation: whoever offers the name elsewhere later does not
    get its place.

    Raises:
        McpInstallError: `index-forbidden`, with both addresses where they are known.
    """
    path = _binding(lock.full_name, context)
    data = files.read_optional(path, limits.POINTER_BYTES)
    if data is None:
        return
    before = Fields.of(json_text.parse(data, str(path)), ErrorCode.STATE_INVALID)
    before.only("name", "origin", "address")
    if before.text("origin") != lock.origin:
        raise McpInstallError(
            ErrorCode.INDEX_FORBIDDEN,
            f"`{lock.full_name}` came from `{before.text('address') or 'elsewhere'}` before, and "
            f"now from `{address or 'elsewhere'}`",
            hint="a name belongs to one index: configure the old one again; if the new one is "
            f"right, delete `{path}`",
        )


def bind(lock: UnreviewedLock, address: str, context: Context) -> None:
    """Keep from which index or registry the name comes; the first address that is known stays."""
    path = _binding(lock.full_name, context)
    if path.exists() and not address:
        return
    files.private_folder(path.parent.parent)
    files.private_folder(path.parent)
    record = {"name": lock.full_name, "origin": lock.origin, "address": address[:_ADDRESS]}
    files.write_atomic(path, json_text.canonical(record) + b"\n")


def _binding(full_name: str, context: Context) -> Path:
    key = hashlib.sha256(full_name.encode()).hexdigest()
    return context.paths.unreviewed / "names" / f"{key}.json"
