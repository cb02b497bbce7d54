"""The last look at an adoption: audited again, an entry with a new finding is taken back."""

from __future__ import annotations

from collections.abc import Callable

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import audit, fix_comparison
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.context import Context
from mcpinstall.operations.fix_comparison import Judged
from mcpinstall.operations.prepared import Prepared

_OF_THE_HOME = frozenset({"MA208"})
"""What every server has that is installed in this home: we make all files below it ourselves."""


def judge(prepared: Prepared, context: Context) -> Callable[[], None]:
    """Return what compares the entries with how they are now, and raises `fix-refused`."""
    before = _found(prepared, context)

    def compare() -> None:
        worse = fix_comparison.worse(before, _found(prepared, context), ())
        if worse is not None:
            names = " and ".join(f"`{one.entry.name}`" for one in prepared.plan.servers)
            raise McpInstallError(
                ErrorCode.FIX_REFUSED,
                f"{names} was audited again and taken back: {worse.reason}",
                hint="the host's file is as it was; `mcpi audit` tells what it finds there",
            )

    return compare


def _found(prepared: Prepared, context: Context) -> tuple[Judged, ...]:
    """Return the findings in the entries that are taken over, whoever would hear them."""
    wanted, around = audit.Wanted(), Surroundings(context)
    names = {one.entry.name for one in prepared.plan.servers}
    paths = {(one.file.row.id, one.file.path) for one in prepared.plan.changes}
    files = [
        one
        for one in audit.looked_at(wanted, context.machine)
        if isinstance(one, ReadFile)
        and one.place.row is not None
        and (one.place.row.id, one.place.path) in paths
    ]
    return tuple(
        one
        for file in files
        for one in fix_comparison.judged(file, wanted.rules, around, everything=True)
        if one[0].server in names and one[0].rule.id not in _OF_THE_HOME
    )
