"""Check 9 of `mcpi verify`: do the hosts still start what was installed?"""

from __future__ import annotations

from pathlib import Path

from mcpinstall import environments, hosts
from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import lookup
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Finding
from mcpinstall.receipts.store import ReceiptStore


def verify(receipt: Receipt, context: Context) -> list[Finding]:
    """Return a finding for each host whose entry is gone, unreadable or another one."""
    return [
        Finding(check=Check.HOST_FILES, subject=row_id, message=message)
        for row_id in receipt.hosts
        if (message := _difference(receipt, row_id, context))
    ]


def _difference(receipt: Receipt, row_id: str, context: Context) -> str:
    try:
        row = hosts.find_rows(row_id)
        file = hosts.read(row, context.machine)
        present = {server.name: server for server in hosts.entries(file)}
    except McpInstallError as error:
        return error.message
    found = present.get(receipt.entry_name)
    if found is None:
        return f"has no entry `{receipt.entry_name}` any more"
    chain = ReceiptStore(context.paths).chain(row_id)
    ours = {applied.entry.name: applied.entry for applied in chain.entries}
    written = ours.get(receipt.entry_name)
    if written is None or (found.command, found.args) != (written.command, written.args):
        return f"starts another command for `{receipt.entry_name}` than mcpinstall wrote"
    if not hosts.starts_as(file.content or b"", row, written):
        return f"gives `{receipt.entry_name}` another environment than mcpinstall wrote"
    home = environments.server_home(context.paths.servers, lookup.receipt_slug(receipt))
    start = environments.command(home, (), context.machine, _base(receipt)).argv
    if (found.command, *found.args)[: len(start)] != start:
        return f"starts something outside the server's own folder for `{receipt.entry_name}`"
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
