"""RECORDs of an environment that others made: which file a package brought, as it is now."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.system import limits
from mcpinstall.system.files import read_bounded, read_optional

_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
"""Digests that a RECORD may have (binary distribution format of PyPA: sha256 or better)."""
_MOST = 20_000  # packages of one folder
_ALL = 128 * 1024 * 1024  # bytes of all its RECORDs; 400 packages have 20 MB
_LINES = 20_000  # lines about such files; 400 packages have 100
_MARKS = (b".pth", b".start", b"customize")
"""What the names of files have that Python runs by itself, in small letters."""


class Records:
    """What all RECORDs in one `site-packages` say of the files that Python runs by itself."""

    def __init__(self, site: Path, problem: Callable[[Path, str], None]) -> None:
        """Take the folder, and what is told of a RECORD that can't be read."""
        self._site = site
        self._problem = problem

    def has(self, path: Path) -> bool:
        """Tell whether a package brought a file, and the file is still the same."""
        try:
            data = read_bounded(path, limits.ARCHIVE_TEXT)
        except McpInstallError as error:
            self._problem(path, error.message)
            return False
        known = self._digests.get(os.path.normpath(path), ())
        return any(_is_digest_of(digest, data) for digest in known)

    @cached_property
    def _digests(self) -> Mapping[str, list[str]]:
        """Path → digests; read when the first file is asked for."""
        found: dict[str, list[str]] = {}
        for number, line in enumerate(self._lines()):
            if number == _LINES:
                self._problem(self._site, f"its RECORDs have more than {_LINES} such lines")
                break
            for name, digest in _parsed(line.decode("utf-8", "surrogateescape")):
                found.setdefault(os.path.normpath(self._site / name), []).append(digest)
        return found

    def _lines(self) -> Iterator[bytes]:
        left = _ALL
        for folder in self._folders():
            record = self._read(folder)
            left -= len(record)
            if left < 0:
                self._problem(self._site, f"its RECORDs are larger than {_ALL} bytes")
                return
            yield from _with_marks(record)

    def _folders(self) -> list[Path]:
        try:
            with os.scandir(self._site) as entries:
                names = [one.name for one in entries if one.name.endswith(".dist-info")]
        except OSError as error:
            self._problem(self._site, error.strerror or str(error))
            return []
        return [self._site / name for name in sorted(names)[:_MOST]]

    def _read(self, folder: Path) -> bytes:
        try:
            return read_optional(folder / "RECORD", limits.ARCHIVE_TEXT) or b""
        except McpInstallError as error:
            self._problem(folder / "RECORD", error.message)
            return b""


def _with_marks(record: bytes) -> Iterator[bytes]:
    """Yield the lines that have one of the marks; one that has several comes as often."""
    small = record.lower()
    for mark in _MARKS:
        at = 0
        while (found := small.find(mark, at)) >= 0:
            begin = max(small.rfind(b"\n", at, found) + 1, at)
            end = small.find(b"\n", found)
            at = end if end >= 0 else len(record)
            yield record[begin:at]


def _parsed(text: str) -> Iterator[tuple[str, str]]:
    try:
        rows = [row for row in csv.reader(text.splitlines()) if len(row) > 1]
    except csv.Error:
        return
    yield from ((row[0], row[1]) for row in rows)


def _is_digest_of(said: str, data: bytes) -> bool:
    algorithm, _, digest = said.partition("=")
    if algorithm not in _ALGORITHMS:
        return False
    found = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=")
    return digest.rstrip("=") == found.decode()
