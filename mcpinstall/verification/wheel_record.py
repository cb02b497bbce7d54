"""RECORD: what a wheel says it holds, compared with what it holds, in both directions."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mcpinstall.verification.refusals import refusal

SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""Files that may sign RECORD, so can't be in it."""

_DIGEST = re.compile(r"sha256=([A-Za-z0-9_-]{43})=?")
_SIZE = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One line of RECORD."""

    sha256: str
    """64 lowercase hexadecimal characters, or empty for RECORD itself."""
    size: int | None


def parse_record(data: bytes, dist_info: str) -> dict[str, RecordRow]:
    """Return the rows of RECORD by path; every row but RECORD's own needs a sha256.

    Raises:
        McpInstallError: `archive-refused`.
    """
    path = f"{dist_info}/RECORD"
    rows: dict[str, RecordRow] = {}
    try:
        text = io.StringIO(data.decode("utf-8"), newline="")
        for cells in csv.reader(text, strict=True):
            if len(cells) != 3:
                raise refusal("has a row that is not `path,digest,size`", member=path)
            if cells[0] in rows:
                raise refusal(f"lists `{cells[0][:200]}` twice", member=path)
            rows[cells[0]] = _parse_row(cells, path, dist_info)
    except (UnicodeDecodeError, csv.Error) as error:
        raise refusal(f"can't be read: {error}", member=path) from None
    return rows


def _parse_row(cells: list[str], path: str, dist_info: str) -> RecordRow:
    name, digest, size = cells
    if size and not _SIZE.fullmatch(size):
        raise refusal(f"gives `{name[:200]}` a size that is no number", member=path)
    length = int(size) if size else None
    if not digest and name in (path, *(f"{dist_info}/{other}" for other in SIGNATURES)):
        return RecordRow(sha256="", size=length)
    found = _DIGEST.fullmatch(digest)
    if found is None:
        raise refusal(f"gives `{name[:200]}` no sha256", member=path)
    return RecordRow(sha256=base64.urlsafe_b64decode(found[1] + "=").hex(), size=length)


def check_record(
    rows: Mapping[str, RecordRow], files: Mapping[str, tuple[str, int]], dist_info: str
) -> None:
    """Compare RECORD with the (sha256, size) of every file: the same set, the same bytes.

    Raises:
        McpInstallError: `archive-refused`.
    """
    unlisted_allowed = {f"{dist_info}/{name}" for name in SIGNATURES}
    for name in files:
        if name not in rows and name not in unlisted_allowed:
            raise refusal("is not listed in RECORD", member=name)
    for name, row in rows.items():
        if name not in files:
            raise refusal("is listed in RECORD and is not in the archive", member=name)
        _check_row(name, row, *files[name])


def _check_row(name: str, row: RecordRow, sha256: str, size: int) -> None:
    if row.sha256 and row.sha256 != sha256:
        raise refusal(
            "is not the file that RECORD lists",
            member=name,
            evidence=f"expected sha256 {row.sha256}\n     got sha256 {sha256}",
        )
    if row.size is not None and row.size != size:
        raise refusal(f"has {size} bytes, and RECORD says {row.size}", member=name)
