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
        found = (self._load(path, Receipt) for path in _records(self.paths.receipts))
        return tuple(sorted(found, key=lambda receipt: receipt.entry_name))

    def receipt(self, entry_name: str) -> Receipt | None:
        """Return the receipt of one entry, or None."""
        path = _file(self.paths.receipts, entry_name)
        return self._load(path, Receipt) if path.exists() else None

    def write_receipt(self, receipt: Receipt) -> None:
        """Write one receipt, replacing the one of the same entry."""
        self._write(_file(self.paths.receipts, receipt.entry_name), receipt)

    def remove_receipt(self, entry_name: str) -> None:
        """Remove the receipt of one entry; absent is fine."""
        _remove(_file(self.paths.receipts, entry_name))

    def chain(self, row_id: str) -> Chain:
        """Return our entries in one host file; none yet is an empty chain."""
        path = _file(self.paths.hosts, row_id)
        return self._load(path, Chain) if path.exists() else Chain(row_id=row_id)

    def write_chain(self, chain: Chain) -> None:
        """Write a chain; an empty one is removed."""
        path = _file(self.paths.hosts, chain.row_id)
        if chain.entries:
            self._write(path, chain)
        else:
            _remove(path)

    def history(self) -> tuple[HistoryRecord, ...]:
        """Return finished changes, oldest first."""
        paths = (path for path in _records(self.paths.history) if path.name != JOURNAL)
        return tuple(self._load(path, HistoryRecord) for path in sorted(paths))

    def journal(self) -> HistoryRecord | None:
        """Return the change that has begun and not ended, or None."""
        path = self.paths.history / JOURNAL
        return self._load(path, HistoryRecord) if path.exists() else None

    def begin(self, record: HistoryRecord) -> None:
        """Write the journal, before the first effect of a change."""
        self._write(self.paths.history / JOURNAL, record)

    def finish(self, record: HistoryRecord) -> None:
        """Turn the journal into history by one rename: from here on the change has happened."""
        target = _file(self.paths.history, record.id)
        with files.disk_errors("finish the change"):
            (self.paths.history / JOURNAL).replace(target)
            files.sync_folder(self.paths.history)

    def abandon(self) -> None:
        """Remove the journal, after every effect was taken back."""
        _remove(self.paths.history / JOURNAL)

    def forget(self, record_id: str) -> None:
        """Remove one record of the history."""
        _remove(_file(self.paths.history, record_id))

    def _load(self, path: Path, kind: type[T]) -> T:
        return codec.load(files.read_bounded(path, limits.STATE_BYTES), kind, str(path))

    def _write(self, path: Path, record: object) -> None:
        files.private_folder(path.parent)
        files.write_atomic(path, codec.dump(record))


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
        path.unlink(missing_ok=True)
        if path.parent.exists():
            files.sync_folder(path.parent)
