"""One try of a request: what its answer may be, how a failed one is told, what is kept of it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.files import disk_errors

if TYPE_CHECKING:
    import httpx

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the next try may succeed."""
_BROKEN_HINT = "the index, or something before it, is broken; try again later, or another one"
_NETWORK_HINT = "check the network; behind a proxy, set `HTTPS_PROXY`"


class FailedError(Exception):
    """One try failed; `passing` says that the next one may not."""

    def __init__(
        self, why: str, *, hint: str = "", passing: bool = True, pause: float = 0.0
    ) -> None:
        super().__init__(why)
        self.why, self.hint, self.passing, self.pause = why, hint, passing, pause


class ArrivingFile:
    """A file on its way: counted, hashed and written in one pass."""

    def __init__(
        self, name: str, size: int, sha256: str, sink: BinaryIO, arrived: Callable[[int], None]
    ) -> None:
        self._name, self._size, self._sha256 = name, size, sha256
        self._sink, self._arrived = sink, arrived
        self._count = 0
        self._digest = hashlib.sha256()

    def restart(self) -> None:
        """Forget what an earlier try wrote."""
        with disk_errors(f"write `{self._name}`"):
            self._sink.seek(0)
            self._sink.truncate()
        self.withdraw()
        self._digest = hashlib.sha256()

    def withdraw(self) -> None:
        """Tell the listener that what arrived does not count."""
        if self._count:
            self._arrived(-self._count)
        self._count = 0

    def expect(self, content_length: str) -> None:
        """Refuse a file of another length before its first byte."""
        if content_length.isdecimal() and int(content_length[:20]) != self._size:
            raise self._refused_size(f"has {content_length[:20]} bytes")

    def take(self, chunk: bytes) -> None:
        """Write a chunk, unless it goes past the end."""
        if self._count + len(chunk) > self._size:
            raise self._refused_size("goes on")
        with disk_errors(f"write `{self._name}`"):
            self._sink.write(chunk)
        self._digest.update(chunk)
        self._count += len(chunk)
        self._arrived(len(chunk))

    def finish(self) -> None:
        """Compare length and digest with what was claimed."""
        if self._count < self._size:
            raise FailedError(
                f"it ended after {self._count} of {self._size} bytes", hint=_NETWORK_HINT
            )
        actual = self._digest.hexdigest()
        if actual != self._sha256:
            raise McpInstallError(
                ErrorCode.DIGEST_MISMATCH,
                f"the index sent other bytes than `{self._name}` is pinned to",
                hint=f"expected sha256 `{self._sha256}`, got `{actual}`; nothing was installed",
            )

    def _refused_size(self, fact: str) -> McpInstallError:
        return wrong_size(self._name, f"{fact} where its lock says {self._size} bytes")


def wrong_size(name: str, fact: str) -> McpInstallError:
    """Return the refusal of a file of another length than its lock says."""
    return McpInstallError(
        ErrorCode.ARTIFACT_SIZE,
        f"`{name}` {fact}",
        hint="the index, or something before it, serves another file than the reviewed one",
    )


def require_ok(response: httpx.Response) -> None:
    """Refuse every answer but 200; nothing is known of its body then."""
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    hint = "that is no answer of a package index; check which one uv uses"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        hint = "check the credentials that uv has for this index (its URL, environment, netrc)"
    elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        hint = "a mirror may lack it; `UV_DEFAULT_INDEX` chooses another index"
    elif status in _PASSING:
        hint = "it is busy or broken; try again later"
    wait = response.headers.get("retry-after", "")
    raise FailedError(
        f"it answered {status}",
        hint=hint,
        passing=status in _PASSING,
        pause=float(wait[:4]) if wait.isdecimal() else 0.0,
    )


def decoded(chunks: Iterator[bytes], response: httpx.Response, limit: int) -> Iterator[bytes]:
    """Undo gzip within `limit`, however far a few bytes would unfold, or many would not."""
    import zlib

    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "x-gzip", "identity", ""):
        raise FailedError(
            "it used an encoding that was not asked for", hint=_BROKEN_HINT, passing=False
        )
    unzip = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    left = packed = limit
    for chunk in chunks:
        packed -= len(chunk)
        try:
            plain = unzip.decompress(chunk, left + 1) if unzip else chunk
        except zlib.error:
            raise FailedError("its compressed answer is damaged", hint=_BROKEN_HINT) from None
        if unzip and unzip.unused_data:  # zlib would keep all that comes, without a bound
            raise FailedError(
                "it goes on behind its compressed answer", hint=_BROKEN_HINT, passing=False
            )
        left -= len(plain)
        if min(left, packed) < 0:
            raise FailedError(f"it sent more than {limit} bytes", hint=_BROKEN_HINT, passing=False)
        yield plain
    if unzip and not unzip.eof:
        raise FailedError("its compressed answer is cut short", hint=_BROKEN_HINT)


@contextlib.contextmanager
def transport_errors() -> Iterator[None]:
    """Turn what httpx raises into a failure to try again, or into the final word."""
    import ssl

    import httpx

    try:
        yield
    except httpx.TimeoutException:
        raise FailedError("it did not answer in time", hint=_NETWORK_HINT) from None
    except (httpx.TransportError, httpx.StreamError, httpx.InvalidURL) as error:
        causes = _causes(error)
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            raise FailedError(
                f"its certificate is not trusted ({causes[-1]})"[:300],
                hint="a company proxy needs its certificate in the system's trust store or in "
                "the file that `SSL_CERT_FILE` names",
                passing=False,
            ) from None
        if isinstance(error, httpx.ProtocolError):  # its text repeats what the server sent
            gone = any(word in str(error) for word in ("disconnected", "closed connection"))
            why = "it closed the connection too early" if gone else "its answer is not proper HTTP"
        else:
            why = str(error)[:200] or type(error).__name__
        raise FailedError(why, hint=_NETWORK_HINT) from None


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
