"""`mcpi undo` of a fix whose file others changed since: its values go back, one by one."""

from __future__ import annotations

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import value_changes
from mcpinstall.hosts.forms import FormError, ScanError
from mcpinstall.model.host import HostFile
from mcpinstall.model.receipt import FileChange


def values_back(change: FileChange, file: HostFile, *, same_path: bool) -> bytes:
    """Return a file that changed since a fix with the fix's values as they were before it.

    Raises:
        McpInstallError: `nothing-to-undo`.
    """
    if not same_path:
        raise McpInstallError(
            ErrorCode.NOTHING_TO_UNDO,
            f"the change was made to a file of {file.row.title} in another folder",
            hint="run `mcpi undo` in the project whose file it is",
        )
    try:
        if change.values:
            return value_changes.put_back(file.content or b"", file.row.format, change.values)
        why = "its former bytes can't come back"
    except FormError as error:
        why = str(error)
    except ScanError as error:
        why = error.message
    raise McpInstallError(
        ErrorCode.NOTHING_TO_UNDO,
        f"`{file.path}` changed since the fix, and can't be changed back: {why}",
        hint="change it back in an editor; `mcpi audit` says how it stands",
    )
