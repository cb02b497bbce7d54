"""Receipts, chains and history as files: private folders, one record a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import Chain
from mcpinstall.model.receipt import HistoryRecord, Receipt
from mcpinstall.receipts import codec
from mcpinstall.system import files, limits
from mcpinstall.system.paths import StatePaths

T = TypeVar("T")

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_ID = re.compile(r"\d{8}T\d{6}Z-\d{3}[0-9a-f]+")
JOURNAL = "journal.json"


@dataclass(frozen=True, slots=True)
class ReceiptStore:
    """Everything that mcpinstall remembers about what it did, for one user."""

    paths: StatePaths

    def receipts(self) -> tuple[Receipt, ...]:
        """Return all receipts, by entry name.

        Raises:
            McpInstallError: `state-invalid` for a damaged one.
        """
        found = (self._there(path, Receipt) for path in _records(self.paths.receipts))
        receipts = (receipt for receipt in found if receipt is not None)
        return tuple(sorted(receipts, key=lambda receipt: receipt.entry_name))

    def receipt(self, entry_name: str) -> Receipt | None:
        """Return the receipt of one entry, or None."""
        return self._there(_file(self.paths.receipts, entry_name), Receipt)

    def write_receipt(self, receipt: Receipt) -> None:
        """Write one receipt, replacing the one of the same entry."""
        self._write(_file(self.paths.receipts, receipt.entry_name), receipt)

    def remove_receipt(self, entry_name: str) -> None:
        """Remove the receipt of one entry; absent is fine."""
        _remove(_file(self.paths.receipts, entry_name))

    def chain(self, row_id: str) -> Chain:
        """Return our entries in one host file; none yet is an empty chain."""
        return self._there(_file(self.paths.hosts, row_id), Chain) or Chain(row_id=row_id)

    def rows_with(self, entry_name: str) -> tuple[str, ...]:
        """Return the row ids of the host files that hold our entry of that name."""
        found = (self._there(path, Chain) for path in _records(self.paths.hosts))
        chains = (chain for chain in found if chain is not None)
        return tuple(sorted(chain.row_id for chain in chains if entry_name in chain.names))

    def write_chain(self, chain: Chain) -> None:
        """Write a chain; an empty one is removed."""
        path = _file(self.paths.hosts, chain.row_id)
        if chain.entries:
            self._write(path, chain)
        else:
            _remove(path)

    def history(self) -> tuple[HistoryRecord, ...]:
        """Return finished changes, oldest first."""
        paths = (_file(self.paths.history, record_id) for record_id in sorted(self._ids()))
        found = (self._there(path, HistoryRecord) for path in paths)
        return tuple(record for record in found if record is not None)

    def journal(self) -> HistoryRecord | None:
        """Return the change that has begun and not ended, or None."""
        return self._there(self.paths.history / JOURNAL, HistoryRecord)

    def begin(self, record: HistoryRecord) -> None:
        """Write the journal, before the first effect of a change.

        Raises:
            McpInstallError: `not-supported-yet` for a change that no record can hold.
        """
        self._write(self.paths.history / JOURNAL, record)

    def finish(self, record: HistoryRecord) -> None:
        """Write the change into the history: from here on it has happened.

        The journal stays until `close`, for there is still something to sweep.
        """
        self._write(_file(self.paths.history, record.id), record)

    def make_lasting(self) -> None:
        """Make sure that a power cut takes nothing out of the history that is in it now."""
        with files.disk_errors(f"write `{self.paths.history}`"):
            files.sync_folder(self.paths.history)

    def is_finished(self, record_id: str) -> bool:
        """Tell whether the change is in the history."""
        return _file(self.paths.history, record_id).exists()

    def close(self) -> None:
        """Remove the journal: every effect was taken back, or all is swept."""
        _remove(self.paths.history / JOURNAL)

    def last_id(self, before: str = "~") -> str:
        """Return the id of the newest record, older than `before`; nothing when there is none."""
        return max((one for one in self._ids() if one < before), default="")

    def forget_before(self, record_id: str) -> None:
        """Remove the records that are older than this id."""
        for old in self._ids():
            if old < record_id:
                _remove(_file(self.paths.history, old))

    def _ids(self) -> list[str]:
        return [path.stem for path in _records(self.paths.history) if _ID.fullmatch(path.stem)]

    def _there(self, path: Path, kind: type[T]) -> T | None:
        """Return a record; None when it is not there, or not any more: nobody locks to read."""
        data = files.read_optional(path, limits.STATE_BYTES)
        return None if data is None else codec.load(data, kind, str(path))

    def _write(self, path: Path, record: object) -> None:
        data = codec.dump(record)
        if len(data) > limits.STATE_BYTES:  # nobody could read it back, nor what comes after it
            raise McpInstallError(
                ErrorCode.NOT_SUPPORTED_YET,
                f"the change is too large to be kept for `mcpi undo`: {len(data):,} bytes",
                hint="change less at once: one fix, or one entry; or make it in an editor",
            )
        files.private_folder(path.parent)
        files.write_atomic(path, data)


def _records(folder: Path) -> list[Path]:
    if not folder.exists():
        return []
    with files.disk_errors(f"list `{folder}`"):
        return sorted(path for path in folder.iterdir() if _is_record(path))


def _is_record(path: Path) -> bool:
    return path.suffix == ".json" and _SAFE.fullmatch(path.stem) is not None


def _file(folder: Path, name: str) -> Path:
    if not _SAFE.fullmatch(name):
        raise McpInstallError(ErrorCode.STATE_INVALID, f"`{name[:200]}` can't name a record")
    return folder / f"{name}.json"


def _remove(path: Path) -> None:
    with files.disk_errors(f"remove `{path}`"):
        if path.exists():  # a read-only file system would refuse even what is not there
            path.unlink(missing_ok=True)
            files.sync_folder(path.parent)
