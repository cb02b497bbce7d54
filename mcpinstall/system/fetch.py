"""Downloads over https, bounded in bytes, time and hops.

A `Client` belongs to one address that the user configured, its home.  Whatever the home leads
to is checked hop by hop: https again (plain http only from this machine to itself), an address
no further inside the network than the home's own, and no credentials to another origin.

Only this module and its parts, `routes` and `transfers`, use httpx.
"""

from __future__ import annotations

import base64
import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, TypeVar
from urllib.parse import quote

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits, urls
from mcpinstall.system.machine import Machine
from mcpinstall.system.transfers import (
    ArrivingFile,
    FailedError,
    decoded,
    require_ok,
    transport_errors,
    wrong_size,
)
from mcpinstall.system.urls import Url

if TYPE_CHECKING:
    import httpx

    from mcpinstall.system.routes import Route, Routes

T = TypeVar("T")

_EVERYWHERE = frozenset({"accept", "accept-encoding", "user-agent"})
"""Headers that may go to another origin than home; all others may hold a secret."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_SECRET = 4  # characters; a shorter text is no secret, and stands in every sentence
_ASKED_TWICE = 2  # tries of a question that somebody waits for
_SHORT_BODY = 64 * 1024  # bytes; cheaper to read than a new connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Name and password for one origin."""

    user: str = field(repr=False)
    """May itself be the secret: some indexes take a token as the name."""
    password: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no message may repeat, the longest first; a name only where it is a token."""
        secret = self.password or self.user
        texts = {secret, quote(secret, safe=""), self.header.partition(" ")[2]}
        return tuple(sorted((text for text in texts if len(text) >= _SECRET), key=len)[::-1])

    @property
    def header(self) -> str:
        """Value of the `Authorization` header (RFC 7617)."""
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole body, and where it came from after redirects."""

    url: Url
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time and waiting; a test brings its own."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def load_ahead() -> None:
    """Begin to load httpx (0.1 s) while something else is waited for.

    The program waits for it at its end: a thread that loads native code while the interpreter
    goes can crash the process.
    """
    import threading

    def load() -> None:
        import httpx

        del httpx

    threading.Thread(target=load, name="mcpi-load").start()


class Client:
    """Asks one configured address, and what it leads to; may be used from several threads."""

    def __init__(
        self,
        home: str,
        *,
        machine: Machine,
        credentials: Credentials | None = None,
        routes: Routes | None = None,
        clock: Clock | None = None,
    ) -> None:
        from mcpinstall.system.routes import Routes

        self.home = urls.parse(home)
        self._authorization = {"authorization": credentials.header} if credentials else {}
        self._secrets = credentials.secrets if credentials else ()
        self._routes = routes or Routes(self.home, machine)
        self._clock = clock or Clock()
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all connections."""
        self._stopped = True
        self._routes.close()

    def stop(self) -> None:
        """Make every running request end at its next byte."""
        self._stopped = True

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """End every connection that is still in use when the block has taken so long."""
        import threading

        def end() -> None:
            self._stopped = True
            self._routes.cut()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @property
    def proxied(self) -> bool:
        """Whether a proxy was used, so that the addresses behind it were not checked."""
        return self._routes.proxied

    def without_secrets(self, text: str) -> str:
        """Return `text` without our credentials, which a server may repeat wherever it speaks."""
        for secret in self._secrets:
            text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)
        return text

    @contextlib.contextmanager
    def discreet(self) -> Iterator[None]:
        """Take our credentials out of what the block refuses with."""
        try:
            yield
        except McpInstallError as error:
            raise McpInstallError(
                error.code,
                self.without_secrets(error.message),
                hint=self.without_secrets(error.hint),
                evidence=self.without_secrets(error.evidence),
            ) from None

    def get_bytes(
        self,
        url: str | Url,
        *,
        limit: int,
        headers: Mapping[str, str] | None = None,
        gone: frozenset[int] = _GONE,
    ) -> Answer | None:
        """Return a body of at most `limit` bytes, or None when there is nothing at `url`.

        `gone` holds the statuses that say so.

        Raises:
            McpInstallError: `index-unavailable` after the last try, or `index-forbidden`.
        """
        address = urls.parse(url) if isinstance(url, str) else url
        asked = {"accept-encoding": "gzip", **(headers or {})}

        def once() -> Answer | None:
            with self._open(address, asked) as (final, response):
                if response.status_code in gone:
                    self._drain(response)
                    return None
                require_ok(response)
                body = b"".join(decoded(self._chunks(response), response, limit))
            kind = response.headers.get("content-type", "")
            return Answer(url=final, content_type=kind, body=body)

        what = f"could not read `{address.shown}`"
        with self.discreet():
            return self._tried(once, ErrorCode.INDEX_UNAVAILABLE, what, limits.ATTEMPTS)

    def ask(self, url: str, *, code: ErrorCode, limit: int, content: bytes | None = None) -> bytes:
        """Return what an interface at home answers, at most `limit` bytes; `content` is JSON.

        Nothing but 200 is an answer, and no redirect is followed.

        Raises:
            McpInstallError: `code` after the last try.
        """
        address = urls.parse(url)
        asked = {"accept": "application/json", "accept-encoding": "gzip"}
        asked |= {"content-type": "application/json"} if content is not None else {}
        method = "GET" if content is None else "POST"

        def once() -> bytes:
            with transport_errors():
                route = self._route(address)
                response = route.send(
                    address, self._headers(address, asked), method=method, content=content
                )
                try:
                    require_ok(response)
                    return b"".join(decoded(self._chunks(response), response, limit))
                finally:
                    response.close()

        what = f"could not ask `{address.shown}`"
        with self.discreet():
            return self._tried(once, code, what, _ASKED_TWICE)

    def download(
        self,
        url: str | Url,
        sink: BinaryIO,
        *,
        name: str,
        size: int,
        sha256: str,
        attempts: int = limits.ATTEMPTS,
        arrived: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Write the file at `url` into `sink`, hashing what is written.

        When this returns, `sink` holds exactly `size` bytes with the digest `sha256`.
        `arrived` hears of each chunk, and of a negative one when a try begins again.

        Raises:
            McpInstallError: `artifact-size`, `digest-mismatch`, `download-failed`,
                `index-forbidden` or `disk-failed`.
        """
        address = urls.parse(url) if isinstance(url, str) else url
        if size > limits.ARTIFACT_BYTES:
            raise wrong_size(name, f"has {size} bytes; the limit is {limits.ARTIFACT_BYTES}")
        file = ArrivingFile(name, size, sha256, sink, arrived)

        def once() -> None:
            file.restart()
            with self._open(address, {"accept-encoding": "identity"}) as (_, response):
                require_ok(response)
                file.expect(response.headers.get("content-length", ""))
                for chunk in self._chunks(response):
                    file.take(chunk)
            file.finish()

        what = f"could not download `{name}` from `{address.netloc}`"
        try:
            with self.discreet():
                self._tried(once, ErrorCode.DOWNLOAD_FAILED, what, attempts)
        except BaseException:
            file.withdraw()
            raise

    def _tried(self, once: Callable[[], T], code: ErrorCode, what: str, attempts: int) -> T:
        pause = limits.BACK_OFF_SECONDS
        for left in reversed(range(attempts)):
            try:
                return once()
            except FailedError as error:
                if not (left and error.passing) or self._stopped:
                    raise McpInstallError(code, f"{what}: {error.why}", hint=error.hint) from None
                self._clock.sleep(min(max(pause, error.pause), limits.LONGEST_PAUSE_SECONDS))
                pause *= 2
        raise ValueError("no attempt was allowed")

    @contextlib.contextmanager
    def _open(self, url: Url, headers: Mapping[str, str]) -> Iterator[tuple[Url, httpx.Response]]:
        """Follow redirects by hand and yield the response behind them, unread."""
        for _ in range(limits.REDIRECTS + 1):
            with transport_errors():
                response = self._route(url).send(url, self._headers(url, headers))
            try:
                if response.status_code not in _REDIRECTS:
                    with transport_errors():
                        yield url, response
                    return
                with transport_errors():
                    self._drain(response)
                url = urls.join(url, response.headers.get("location", ""))
            finally:
                response.close()
        raise McpInstallError(
            ErrorCode.INDEX_FORBIDDEN,
            f"`{url.netloc}` redirects more than {limits.REDIRECTS} times",
            hint="an index and its files need one redirect; check which index uv uses",
        )

    def _route(self, url: Url) -> Route:
        if url.scheme == "http" and self.home.scheme != "http":
            raise McpInstallError(
                ErrorCode.INDEX_FORBIDDEN,
                f"`{self.home.netloc}` leads from https to `{url.shown[:200]}`",
            )
        return self._routes.to(url)

    def _headers(self, url: Url, headers: Mapping[str, str]) -> dict[str, str]:
        """Return what may be sent to `url`: beyond home, nothing that could be a secret."""
        everything = {"user-agent": "mcpinstall", "host": url.netloc, **self._authorization}
        everything |= {name.lower(): value for name, value in headers.items()}
        if url.origin == self.home.origin:
            return everything
        return {k: v for k, v in everything.items() if k in _EVERYWHERE or k == "host"}

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield the body as it was sent, until the time is up."""
        deadline = self._clock.monotonic() + limits.DOWNLOAD_SECONDS
        for chunk in response.iter_raw():
            if self._stopped:
                raise FailedError("it was stopped")
            if self._clock.monotonic() > deadline:
                raise FailedError(
                    f"it took longer than {limits.DOWNLOAD_SECONDS:.0f} s",
                    hint="it is too slow; try again later, or another index",
                    passing=False,
                )
            yield chunk

    def _drain(self, response: httpx.Response) -> None:
        """Read a short body that nobody needs, so that its connection can be used again."""
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length[:9]) <= _SHORT_BODY:
            for _ in self._chunks(response):
                pass
