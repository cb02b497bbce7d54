"""The yes to `mcpi audit --fix`: each file whole or not at all, audited again, or taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import HistoryRecord
from mcpinstall.operations import audit_files, fix_comparison, fix_modes, transaction
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.fix_comparison import Judged
from mcpinstall.operations.fixing import FileFix, PreparedFixes


@dataclass(frozen=True, slots=True, kw_only=True)
class FixDone:
    """One file that was changed."""

    file: FileFix
    record: HistoryRecord | None
    """None where only its rights changed, of which no history is kept."""


def commit(prepared: PreparedFixes) -> Iterator[FixDone]:
    """Change one file after the other, and yield each that is done.

    Raises:
        McpInstallError: what stopped one: it is as before then, and those after it too.
    """
    for file in prepared.files:
        yield _commit(file, prepared)


def _commit(file: FileFix, prepared: PreparedFixes) -> FixDone:
    before = [one for place in file.places for one in _judged(place, prepared)]

    def judge() -> None:
        _require_better(before, file, prepared)

    with transaction.exclusive(file.context), fix_modes.closed(file.modes):
        if file.change is None:
            judge()
            return FixDone(file=file, record=None)
        change = transaction.Transaction(action="fix", changes=(file.change,))
        return FixDone(file=file, record=transaction.run(change, file.context, judge=judge))


def _require_better(before: list[Judged], file: FileFix, prepared: PreparedFixes) -> None:
    """Read the file again and audit it.

    Raises:
        McpInstallError: `fix-refused`.
    """
    after: list[Judged] = []
    for place in file.places:
        now = audit_files.read(place.place, prepared.asked.machine)
        if not isinstance(now, ReadFile):
            raise _refused(file, now.message)
        after += _judged(now, prepared)
    if why := fix_comparison.worse(before, after, [one.aim for one in file.fixed]):
        raise _refused(file, why.reason)


def _judged(place: ReadFile, prepared: PreparedFixes) -> tuple[Judged, ...]:
    return fix_comparison.judged(place, prepared.rules, prepared.around.anew(), everything=True)


def _refused(file: FileFix, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.FIX_REFUSED,
        f"`{file.name}` was audited again and taken back: {why}",
        hint="the file is as it was; make the change by hand",
    )
