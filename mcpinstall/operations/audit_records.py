"""RECORDs of an environment that others made: which file a package brought, as it is now."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.system import limits
from mcpinstall.system.files import read_bounded, read_optional

_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
"""Digests that a RECORD may have (binary distribution format of PyPA: sha256 or better)."""
_MOST = 20_000  # packages of one folder


class Records:
    """All RECORDs in one `site-packages`; read when the first file is asked for."""

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
        wanted = os.path.normpath(path)
        return any(
            wanted == os.path.normpath(self._site / name) and _is_digest_of(digest, data)
            for name, digest in self._rows(path.name)
        )

    def _rows(self, basename: str) -> Iterator[tuple[str, str]]:
        """Yield path and digest of the lines that may be about files of that name."""
        part = basename.replace('"', '""').encode("utf-8", "surrogateescape")
        for record in self._texts:
            if part in record:
                lines = [line for line in record.splitlines() if part in line]
                yield from _parsed(b"\n".join(lines).decode("utf-8", "surrogateescape"))

    @cached_property
    def _texts(self) -> tuple[bytes, ...]:
        return tuple(text for text in map(self._read, self._folders()) if text)

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
