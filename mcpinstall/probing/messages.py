"""JSON-RPC messages over lines: one question at a time, every answer checked for form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.json_text import Json
from mcpinstall.model.text import printable
from mcpinstall.system import limits
from mcpinstall.system.conversation import Stop
from mcpinstall.system.remote_channel import RemoteChannel

_METHOD_NOT_FOUND = -32601
_SHOWN_CHARACTERS = 200
"""Of a text from the server that stands in a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error answer (JSON-RPC 2.0 §5.1)."""

    code: int
    message: str
    data: Json


class Channel(Protocol):
    """Messages to and from one server: a program's lines, or HTTP."""

    def send(self, line: bytes) -> None:
        """Queue one message."""

    def receive(self, deadline: float) -> bytes | Stop:
        """Return the next message, or why there is none."""

    def exit_status(self) -> int | None:
        """Return the status of a program that has just ended by itself, else None."""


class Messenger:
    """Asks a server and takes its answers; what is neither answer nor call is noise."""

    def __init__(self, conversation: Channel) -> None:
        self.answers_calls = False
        """Before 2026-07-28 a server may ask its client; since then nothing is answered."""
        self._conversation = conversation
        self._last_id = 0
        self._noise = 0
        self._calls = 0

    def ask(
        self, method: str, params: Mapping[str, Json], deadline: float
    ) -> Mapping[str, Json] | Refusal | Stop:
        """Send a request and return the result, the error, or why neither came.

        Raises:
            McpInstallError: `probe-failed` for anything that is no honest message.
        """
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        while not isinstance(line := self._conversation.receive(deadline), Stop):
            message = self._parsed(line)
            if message is None:
                continue
            if "method" in message:
                self._take_call(message)
            else:
                return self._answer(message)
        return line

    def require(
        self, method: str, params: Mapping[str, Json], deadline: float
    ) -> Mapping[str, Json] | Refusal:
        """Ask as `ask` does; no answer at all is a failure."""
        answer = self.ask(method, params, deadline)
        if isinstance(answer, Stop):
            raise self.no_answer(method, answer)
        return answer

    def agree(self, protocol: str) -> None:
        """Say which revision is spoken from now on: over HTTP each request names it."""
        if isinstance(self._conversation, RemoteChannel):
            self._conversation.protocol = protocol

    def tell(self, method: str) -> None:
        """Send a notification without parameters."""
        self._send({"method": method})

    def no_answer(self, method: str, stop: Stop) -> McpInstallError:
        """Return the failure of a request that was never answered."""
        if stop is Stop.SILENT:
            return failure(
                f"the server did not answer `{method}` in time",
                hint="start it by hand to see what it waits for",
            )
        status = self._conversation.exit_status()
        if status is None:
            return failure(f"the server closed its output before it answered `{method}`")
        how = f"with status {status}" if status >= 0 else f"by signal {-status}"
        return failure(f"the server ended {how} before it answered `{method}`")

    def _send(self, message: Mapping[str, Json]) -> None:
        self._conversation.send(json_text.canonical({"jsonrpc": "2.0", **message}))

    def _parsed(self, line: bytes) -> Mapping[str, Json] | None:
        """Return the message in `line`, or None for a banner or a blank line."""
        if not line.strip():
            return None
        try:
            value = json_text.parse(line, "standard output")
        except McpInstallError as error:
            if b'"jsonrpc"' in line:
                raise failure(f"the server sent a broken message: {error.message}") from None
            value = None
        if isinstance(value, Mapping) and value.get("jsonrpc") == "2.0":
            return value
        self._noise += 1
        if self._noise > limits.PROBE_NOISE:
            raise failure(
                "the server writes text that is no message to its standard output, "
                f"such as `{shown(line.decode('utf-8', 'replace'))}`"
            )
        return None

    def _take_call(self, message: Mapping[str, Json]) -> None:
        """Answer a `ping`, refuse other requests, and ignore notifications."""
        if "id" not in message or not self.answers_calls:
            return
        call = message["id"]
        self._calls += 1
        if self._calls > limits.PROBE_CALLS or not _is_id(call):
            raise failure("the server asks its client too much or in no proper form")
        if message["method"] == "ping":
            self._send({"id": call, "result": {}})
        else:
            refusal: Json = {"code": _METHOD_NOT_FOUND, "message": "method not found"}
            self._send({"id": call, "error": refusal})

    def _answer(self, message: Mapping[str, Json]) -> Mapping[str, Json] | Refusal:
        """Return what an answer holds; only an error may lack the id (JSON-RPC 2.0 §5)."""
        result, error, answered = message.get("result"), message.get("error"), message.get("id")
        if isinstance(error, Mapping) and "result" not in message and answered is None:
            return _refusal(error)
        if isinstance(answered, bool) or not isinstance(answered, int) or answered != self._last_id:
            raise failure("the server answered a question that was not asked")
        if isinstance(result, Mapping) and "error" not in message:
            return result
        if isinstance(error, Mapping) and "result" not in message:
            return _refusal(error)
        raise failure("the server sent an answer that is neither result nor error")


def failure(message: str, *, hint: str = "") -> McpInstallError:
    """Return a `probe-failed` error."""
    return McpInstallError(ErrorCode.PROBE_FAILED, message, hint=hint)


def shown(text: str) -> str:
    """Return text of a server on one line, escaped and cut, for a message of ours."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return printable(cut)


def _is_id(value: Json) -> bool:
    if isinstance(value, str):
        return len(value) <= _SHOWN_CHARACTERS
    return isinstance(value, int) and not isinstance(value, bool)


def _refusal(error: Mapping[str, Json]) -> Refusal:
    code, message = error.get("code"), error.get("message")
    if isinstance(code, bool) or not isinstance(code, int):
        raise failure("the server sent an error without a code")
    return Refusal(
        code=code, message=message if isinstance(message, str) else "", data=error.get("data")
    )
