"""Check 9 of `mcpi verify`: do the hosts still start what was installed?"""

from __future__ import annotations

from pathlib import Path

from mcpinstall import environments, hosts
from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.host import ConfiguredServer, HostFile, ServerEntry
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import host_files, lookup
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding, Kind
from mcpinstall.receipts.store import ReceiptStore


def verify(receipt: Receipt, context: Context) -> list[Finding]:
    """Return a finding for each host whose entry is gone, unreadable or another one."""
    found = ((row_id, *_difference(receipt, row_id, context)) for row_id in receipt.hosts)
    return [
        Finding(check=Check.HOST_FILES, subject=row_id, message=message, kind=kind)
        for row_id, kind, message in found
        if message
    ]


def _difference(receipt: Receipt, row_id: str, context: Context) -> tuple[Kind, str]:
    try:
        file = host_files.read(hosts.find_rows(row_id), context)
        present = {server.name: server for server in hosts.entries(file)}
        ours = ReceiptStore(context.paths).chain(row_id)
    except McpInstallError as error:
        return Kind.FILE_INVALID, error.message
    name = receipt.entry_name
    found = present.get(name)
    if found is None:
        return Kind.ENTRY_GONE, f"has no entry `{name}` any more"
    if name not in ours.names:
        return Kind.RECORD_GONE, f"has an entry `{name}` of which mcpinstall has no record any more"
    return Kind.ENTRY_CHANGED, _change(receipt, found, file, context)


def _change(receipt: Receipt, found: ConfiguredServer, file: HostFile, context: Context) -> str:
    """Return how an entry differs from the one that was written; nothing when it does not."""
    chain = ReceiptStore(context.paths).chain(file.row.id)
    ours = {applied.entry.name: applied.entry for applied in chain.entries}
    written = ours.get(receipt.entry_name)
    if receipt.is_remote:
        return _other_address(receipt, found, written, file)
    if written is None or (found.command, found.args) != (written.command, written.args):
        return f"starts another command for `{receipt.entry_name}` than mcpinstall wrote"
    if not hosts.starts_as(file.content or b"", file.row, written):
        return f"gives `{receipt.entry_name}` another environment than mcpinstall wrote"
    home = environments.server_home(context.paths.servers, lookup.receipt_slug(receipt))
    if not hosts.inputs_are_there(file.content or b"", file.row, written):
        return f"does not ask for a secret of `{receipt.entry_name}` any more"
    base = _base(receipt)
    starts = (
        environments.command(home, (), context.machine, base).argv,
        environments.launcher_command(home, receipt.entry_name, (), context.machine, base).argv,
    )
    if not any((found.command, *found.args)[: len(start)] == start for start in starts):
        return f"starts something outside the server's own folder for `{receipt.entry_name}`"
    return ""


def _other_address(
    receipt: Receipt, found: ConfiguredServer, written: ServerEntry | None, file: HostFile
) -> str:
    """Return how the entry of a remote server differs from the one that was written."""
    name, remote = receipt.entry_name, written.remote if written else None
    if written is None or remote is None or not remote.url == receipt.url == found.url:
        return f"connects to another address for `{name}` than mcpinstall wrote"
    if not hosts.starts_as(file.content or b"", file.row, written):
        return f"sends other headers for `{name}`, or speaks otherwise, than mcpinstall wrote"
    return ""


def _base(receipt: Receipt) -> Interpreter:
    """Return the interpreter that the entry names on Windows; it is compared, not started."""
    return Interpreter(
        path=Path(receipt.python_path),
        version=receipt.python_version,
        sha256=receipt.python_sha256,
        markers=(),
        tags=(),
    )
