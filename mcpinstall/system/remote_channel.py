"""JSON-RPC messages to and from a remote server: streamable HTTP, and HTTP with SSE before it.

Bounded in bytes and time.  No redirect leads to another origin, and so no header does (T22, T23).
"""

from __future__ import annotations

import abc
import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits, urls
from mcpinstall.system.conversation import LineReader, Stop
from mcpinstall.system.machine import Machine
from mcpinstall.system.transfers import FailedError, transport_errors
from mcpinstall.system.urls import Reach, Url

if TYPE_CHECKING:
    import httpx

    from mcpinstall.system.routes import Routes

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEPT_METHOD = frozenset({307, 308})
_EVENTS = "text/event-stream"
_JSON = "application/json"
_BOTH = f"{_JSON}, {_EVENTS}"
_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_START_IT = "it should run on this machine: is it started, and at that address?"
_SHORT = 64 * 1024  # bytes of an answer that nobody reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A remote server's address, and what is sent along."""

    url: str
    named_by_user: bool
    """It may lie inside the user's own network."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class ChallengedError(Exception):
    """The server wants authorization (401, or 403 with a challenge)."""

    def __init__(self, status: int, challenge: str) -> None:
        super().__init__(str(status))
        self.status = status
        self.challenge = challenge
        """`WWW-Authenticate`, as it came, cut."""


class RemoteChannel(abc.ABC):
    """What both transports share: requests to one origin, and messages read from answers."""

    def __init__(self, target: Target, machine: Machine, routes: Routes | None = None) -> None:
        from mcpinstall.system.routes import Routes

        self.url = urls.parse(target.url)
        furthest = Reach.LOOPBACK if target.named_by_user else Reach.PUBLIC
        self._routes = routes or Routes(self.url, machine, furthest=furthest)
        self._own = {name.lower(): value for name, value in target.headers}
        self._messages: deque[bytes] = deque()
        self._outgoing: deque[bytes] = deque()
        self._stream: Iterator[tuple[str, bytes]] | None = None
        self._open: list[httpx.Response] = []
        self._received = 0
        self.protocol = ""
        """Revision that was agreed on; set by who speaks it."""

    def send(self, line: bytes) -> None:
        """Queue one message; it is sent when the next answer is waited for."""
        self._outgoing.append(line)

    def receive(self, deadline: float) -> bytes | Stop:
        """Return the next message, or why there is none; `deadline` is of `time.monotonic`.

        Raises:
            ChallengedError: It wants authorization.
            McpInstallError: `probe-failed`, `remote-refused`.
        """
        try:
            with self._until(deadline), transport_errors():
                return self._received_by(deadline)
        except FailedError as error:
            if time.monotonic() >= deadline:
                return Stop.SILENT
            here = urls.is_this_machine(self.url.host)
            raise self._failed(error.why, hint=_START_IT if here else error.hint) from None

    def exit_status(self) -> int | None:
        """Return None: what runs elsewhere has no status."""
        return None

    def get_document(self, path: str, deadline: float) -> bytes | None:
        """Return a short document of the same origin, or None; never with our own headers."""
        with contextlib.suppress(FailedError, McpInstallError, ChallengedError):
            url = urls.join(self.url, path)
            if url.origin != self.url.origin:
                return None
            with self._until(deadline), transport_errors():
                headers = {"accept": "application/json", "accept-encoding": "identity"}
                response = self._sent(url, "GET", None, headers, deadline)
                if response.status_code == HTTPStatus.OK:
                    return self._body(response, limits.REMOTE_METADATA, deadline)
        return None

    @contextlib.contextmanager
    def _until(self, deadline: float) -> Iterator[None]:
        """Cut every connection at `deadline`, however slowly something still comes."""
        timer = threading.Timer(max(deadline - time.monotonic(), 0), self._routes.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()
        for response in self._open:
            with contextlib.suppress(Exception):  # it is gone already
                response.close()
        self._routes.close()

    def _leave(self) -> None:  # noqa: B027 (a transport may have no way to)
        """Tell the server that we go, where the transport has a way to."""

    @abc.abstractmethod
    def _received_by(self, deadline: float) -> bytes | Stop:
        """Return the next message, or why none came by `deadline` (monotonic seconds)."""

    def _asked(
        self, url: Url, method: str, content: bytes | None, headers: Mapping[str, str],
        deadline: float,
    ) -> httpx.Response:  # fmt: skip
        """Send a request with our own headers; follow redirects within the origin only."""
        everything = {**self._own, **headers, "accept-encoding": "identity"}
        for _ in range(limits.REDIRECTS + 1):
            response = self._sent(url, method, content, everything, deadline)
            status = response.status_code
            if status not in _REDIRECTS:
                self._require_welcome(response)
                return response
            url = self._redirected(url, response)
            if status not in _KEPT_METHOD and method != "GET":
                raise self._failed(f"it answered {status} to a message, which loses the message")
        raise self._failed(f"it redirects more than {limits.REDIRECTS} times")

    def _sent(
        self, url: Url, method: str, content: bytes | None, headers: Mapping[str, str],
        deadline: float,
    ) -> httpx.Response:  # fmt: skip
        left = deadline - time.monotonic()
        if left <= 0:
            raise FailedError("the time is up")
        route = self._routes.to(url)
        response = route.send(
            url,
            {"user-agent": "mcpinstall", **headers, "host": url.netloc},
            method=method,
            content=content,
            seconds=left,
        )
        self._open.append(response)
        return response

    def _redirected(self, url: Url, response: httpx.Response) -> Url:
        try:
            found = urls.join(url, response.headers.get("location", ""))
        except McpInstallError:
            found = None
        if found is None or found.origin != self.url.origin:
            where = f"`{found.shown[:200]}`" if found else "an address that is not used"
            raise McpInstallError(
                ErrorCode.REMOTE_REFUSED,
                f"`{self.url.netloc}` leads to {where}, which was not followed",
                hint="if you trust that address, install it instead: `remote:URL`",
            )
        return found

    def _require_welcome(self, response: httpx.Response) -> None:
        challenge = response.headers.get("www-authenticate", "")[: limits.REMOTE_HEADER]
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.FORBIDDEN and challenge):
            raise ChallengedError(status, challenge)

    def _body(self, response: httpx.Response, limit: int, deadline: float) -> bytes:
        body = bytearray()
        for chunk in self._chunks(response, deadline):
            body += chunk
            if len(body) > limit:
                raise self._failed(f"it sent more than {limit} bytes")
        return bytes(body)

    def _chunks(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise self._failed("it used an encoding that was not asked for")
        for chunk in response.iter_raw():
            self._received += len(chunk)
            if self._received > limits.PROBE_OUTPUT:
                raise self._failed(f"it sent more than {limits.PROBE_OUTPUT} bytes")
            if time.monotonic() > deadline:
                raise FailedError("the time is up")
            yield chunk
        if time.monotonic() > deadline:  # what was cut may look like its end
            raise FailedError("the time is up")

    def _events(self, response: httpx.Response, deadline: float) -> Iterator[tuple[str, bytes]]:
        """Yield type and data of each event (HTML, server-sent events)."""
        reader, kind, data = LineReader(), "message", bytearray()
        for chunk in self._chunks(response, deadline):
            for line in reader.feed(chunk):
                name, _, value = line.partition(b":")
                value = value.removeprefix(b" ")
                if not line:
                    if data:
                        yield kind, bytes(data.removesuffix(b"\n"))
                    kind, data = "message", bytearray()
                elif name == b"data":
                    data += value + b"\n"
                elif name == b"event":
                    kind = value.decode("ascii", "replace")
                if len(data) > limits.PROBE_LINE:
                    raise self._failed(f"it sent an event longer than {limits.PROBE_LINE} bytes")

    def _next_event(self) -> tuple[str, bytes] | None:
        if self._stream is None:
            return None
        found = next(self._stream, None)
        if found is None:
            self._stream = None
        return found

    def _failed(self, why: str, *, hint: str = "") -> McpInstallError:
        return McpInstallError(
            ErrorCode.PROBE_FAILED, f"`{self.url.shown}` could not be asked: {why}", hint=hint
        )


class StreamableHttp(RemoteChannel):
    """One POST for each message; its answer is JSON or a stream of events."""

    def __init__(self, target: Target, machine: Machine, routes: Routes | None = None) -> None:
        super().__init__(target, machine, routes)
        self._session = ""

    def _received_by(self, deadline: float) -> bytes | Stop:
        while time.monotonic() < deadline:
            if self._outgoing:  # also what the server asked while it answers us
                self._post(self._outgoing.popleft(), deadline)
            elif self._messages:
                return self._messages.popleft()
            elif self._stream is None:
                return Stop.ENDED
            elif event := self._next_event():
                self._messages.append(event[1])
        return Stop.SILENT

    def _post(self, line: bytes, deadline: float) -> None:
        message = json.loads(line)
        method = message.get("method", "")
        response = self._asked(self.url, "POST", line, self._headers(message), deadline)
        status = response.status_code
        self._session = self._session_of(response) if method == "initialize" else self._session
        if status >= HTTPStatus.BAD_REQUEST:
            self._take_error(message, status, self._body(response, _SHORT, deadline))
        elif "id" in message and "method" in message:
            self._take_answer(method, response, deadline)

    def _take_answer(self, method: str, response: httpx.Response, deadline: float) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == _EVENTS:
            self._stream = self._events(response, deadline)
        elif kind == _JSON:
            self._messages.append(self._body(response, limits.PROBE_LINE, deadline))
        elif method != "server/discover":
            raise self._failed("it answered with something else than a message of MCP")

    def _headers(self, message: Mapping[str, object]) -> dict[str, str]:
        found = {"content-type": _JSON, "accept": _BOTH}
        params = message.get("params")
        meta = params.get("_meta") if isinstance(params, dict) else None
        modern = meta.get(_VERSION_KEY) if isinstance(meta, dict) else None
        if modern:
            found |= {"mcp-protocol-version": modern, "mcp-method": str(message.get("method"))}
        elif self.protocol:
            found["mcp-protocol-version"] = self.protocol
        if self._session:
            found["mcp-session-id"] = self._session
        return found

    def _session_of(self, response: httpx.Response) -> str:
        session = str(response.headers.get("mcp-session-id", ""))
        if len(session) > limits.REMOTE_HEADER or not all("!" <= char <= "~" for char in session):
            raise self._failed("it gave a session id that is not proper")
        return session

    def _take_error(self, message: Mapping[str, object], status: int, body: bytes) -> None:
        """Take a JSON-RPC error out of an answer; an older server knows no `server/discover`."""
        method = message.get("method", "")
        if error := _error_in(body):
            # It answers this very request, whatever id it has: the SDK before 2.0 makes one up.
            answer = {"jsonrpc": "2.0", "id": message.get("id"), "error": error}
            self._messages.append(json.dumps(answer).encode())
        elif method == "initialize" and status in (404, 405):
            raise self._failed(
                f"it answered {status}: there is no server that speaks streamable HTTP",
                hint="an older one may speak `--transport sse`",
            )
        elif method not in ("", "server/discover", "notifications/initialized"):
            raise self._failed(f"it answered {status} to `{method}`")

    def _leave(self) -> None:
        if self._session:
            headers = {"mcp-session-id": self._session, "mcp-protocol-version": self.protocol}
            deadline = time.monotonic() + limits.PROBE_GRACE_SECONDS
            gone = (FailedError, McpInstallError, ChallengedError)
            with contextlib.suppress(*gone), self._until(deadline), transport_errors():
                self._asked(self.url, "DELETE", None, headers, deadline)


def _error_in(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = found.get("error") if isinstance(found, dict) else None
    return error if isinstance(error, dict) and found.get("jsonrpc") == "2.0" else {}


class ServerSentEvents(RemoteChannel):
    """HTTP with SSE (2024-11-05): one stream of events, and an address that takes messages."""

    def __init__(self, target: Target, machine: Machine, routes: Routes | None = None) -> None:
        super().__init__(target, machine, routes)
        self._endpoint: Url | None = None

    def _received_by(self, deadline: float) -> bytes | Stop:
        while time.monotonic() < deadline:
            if self._endpoint is None:
                self._endpoint = self._opened(deadline)
            while self._outgoing:
                self._post(self._endpoint, self._outgoing.popleft(), deadline)
            event = self._next_event()
            if event is None:
                return Stop.ENDED
            if event[0] == "message":
                return event[1]
        return Stop.SILENT

    def _opened(self, deadline: float) -> Url:
        response = self._asked(self.url, "GET", None, {"accept": _EVENTS}, deadline)
        kind = response.headers.get("content-type", "").lower()
        if response.status_code != HTTPStatus.OK or not kind.startswith(_EVENTS):
            raise self._failed(
                f"it answered {response.status_code} where a stream of events was expected",
                hint="it may speak `--transport streamable-http`",
            )
        self._stream = self._events(response, deadline)
        event = self._next_event()
        if event is None or event[0] != "endpoint":
            raise self._failed("it did not say where messages go")
        try:
            found = urls.join(self.url, event[1].decode("ascii"))
        except (UnicodeDecodeError, McpInstallError):
            raise self._failed("it sends messages to an address that is not used") from None
        if found.origin != self.url.origin:
            raise McpInstallError(
                ErrorCode.REMOTE_REFUSED,
                f"`{self.url.netloc}` sends messages to `{found.netloc}`, which was not followed",
                hint="an honest server takes them itself; tell who runs it",
            )
        return found

    def _post(self, url: Url, line: bytes, deadline: float) -> None:
        headers = {"content-type": "application/json"}
        if self.protocol:
            headers["mcp-protocol-version"] = self.protocol
        response = self._asked(url, "POST", line, headers, deadline)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            raise self._failed(f"it answered {response.status_code} to a message")
        self._body(response, _SHORT, deadline)
