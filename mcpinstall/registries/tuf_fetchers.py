"""Where TUF's client gets its bytes: over the web, from a folder, from what was saved before.

This module and its siblings `tuf_*` are the only ones that import python-tuf; nothing imports
them before a registry of that kind is used.
"""

from __future__ import annotations

import weakref
from abc import abstractmethod
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    RepositoryError,
)
from tuf.api.metadata import Metadata
from tuf.ngclient.fetcher import FetcherInterface

from mcpinstall.errors import McpInstallError
from mcpinstall.system import files, limits
from mcpinstall.system.fetch import Client

_GONE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
"""Object stores answer 403 for what is not there, unless one may list them."""


class BoundedFetcher(FetcherInterface):
    """Gets whole files of a bounded length."""

    def __init__(self) -> None:
        self._limit = limits.TUF_TARGETS_BYTES

    @abstractmethod
    def _body(self, url: str, limit: int) -> bytes | None:
        """Return what is at `url`, or None where nothing is."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            body = self._body(url, self._limit)
        except McpInstallError as error:
            raise DownloadError(error.message) from error
        if body is None:
            raise DownloadHTTPError(f"`{url[:200]}` is missing", HTTPStatus.NOT_FOUND)
        return iter((body,))

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """Return what is at `url`; reading stops one byte behind `max_length`.

        Raises:
            DownloadError: of python-tuf, which expects no other.
        """
        self._limit = max_length + 1
        body = b"".join(self.fetch(url))  # (python-tuf's own puts it into a temporary file first)
        if len(body) > max_length:
            raise DownloadLengthMismatchError(f"it is longer than {max_length} bytes")
        return body


class WebFetcher(BoundedFetcher):
    """Asks a web server through our own client: https, bounded, each hop checked."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        # A registry is looked into for as long as somebody holds it; so are its connections.
        weakref.finalize(self, client.close)

    def _body(self, url: str, limit: int) -> bytes | None:
        asked = {"accept-encoding": "identity"}
        answer = self._client.get_bytes(url, limit=limit, headers=asked, gone=_GONE)
        return None if answer is None else answer.body


class FolderFetcher(BoundedFetcher):
    """Reads a repository in a folder; an address is a path below it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def _body(self, url: str, limit: int) -> bytes | None:
        return files.read_optional(self._folder.joinpath(*url.strip("/").split("/")), limit)


class SavedFetcher(BoundedFetcher):
    """Offers the metadata that was accepted last, and nothing else.

    python-tuf reads saved metadata by itself, and takes a timestamp of the version that it knows
    for "nothing new".  What it does not believe it asks for: then it gets the same bytes, and
    says why.  Those of another version are not what it asks for.
    """

    def __init__(self, metadata: Path) -> None:
        super().__init__()
        self._metadata = metadata

    def _body(self, url: str, limit: int) -> bytes | None:
        name = url.rpartition("/")[2]
        if name.endswith(".root.json"):
            return None
        version, dot, role = name.partition(".")
        if not (dot and version.isascii() and version.isdigit()):
            return files.read_optional(self._metadata / name, limit)
        data = files.read_optional(self._metadata / role, limit)
        if data is None or _version(data) not in (int(version), None):
            raise DownloadError("it was not downloaded before")
        return data


def _version(data: bytes) -> int | None:
    """Return the version that metadata claims; None for what is no metadata."""
    try:
        return int(Metadata.from_bytes(data).signed.version)
    except RepositoryError:
        return None
