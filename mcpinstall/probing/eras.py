"""The two eras of the protocol: `server/discover` since 2026-07-28, `initialize` before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mcpinstall import __version__
from mcpinstall.model.json_text import Json
from mcpinstall.probing.messages import Messenger, Refusal, failure, shown
from mcpinstall.system import limits
from mcpinstall.system.conversation import Stop

MODERN = "2026-07-28"
"""First revision without a handshake; the newest that this client speaks."""

LEGACY = "2025-11-25"
"""Last revision with `initialize`; servers answer with the older one that they speak."""

_KEY = "io.modelcontextprotocol/"
_CLIENT: Json = {"name": "mcpinstall", "version": __version__}
_META: Mapping[str, Json] = {
    f"{_KEY}protocolVersion": MODERN,
    f"{_KEY}clientInfo": _CLIENT,
    f"{_KEY}clientCapabilities": {},
}
"""Stands in every modern request (2026-07-28, basic, `_meta`)."""

_UNSUPPORTED_VERSION = -32022
_METHOD_NOT_FOUND = -32601
_REVISION = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a server said of itself, and how its tools are asked for."""

    protocol: str
    server: str
    """Its own name and version: a claim, cut and escaped."""
    offers_tools: bool
    meta: Mapping[str, Json] = field(default_factory=dict)


def discover(messenger: Messenger, deadline: float) -> Greeting | None:
    """Ask `server/discover`; None means a legacy server: silence, death, an unknown error.

    Raises:
        McpInstallError: `probe-failed` when the server speaks only revisions unknown here.
    """
    answer = messenger.ask("server/discover", {"_meta": _META}, deadline)
    if isinstance(answer, Stop):
        return None
    if isinstance(answer, Refusal):
        _require_older_revision(_supported(answer))
        return None
    supported = _texts(answer.get("supportedVersions"))
    if MODERN not in supported:
        _require_older_revision(supported)
        return None
    meta = answer.get("_meta")
    about = meta.get(f"{_KEY}serverInfo") if isinstance(meta, Mapping) else None
    return Greeting(
        protocol=MODERN,
        server=_identity(about),
        offers_tools=_offers_tools(answer),
        meta={"_meta": _META},
    )


def initialize(messenger: Messenger, deadline: float) -> Greeting:
    """Make the handshake of the revisions before 2026-07-28.

    A server that refuses it may be a modern one that started too slowly to answer
    `server/discover`; it is asked once more.

    Raises:
        McpInstallError: `probe-failed`.
    """
    wanted: Mapping[str, Json] = {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": _CLIENT,
    }
    messenger.answers_calls = True
    answer = messenger.require("initialize", wanted, deadline)
    if isinstance(answer, Refusal):
        messenger.answers_calls = False
        late = discover(messenger, deadline)
        if late:
            return late
        raise failure(f"the server refused `initialize`: {shown(answer.message)}")
    protocol = answer.get("protocolVersion")
    if not isinstance(protocol, str) or not _REVISION.fullmatch(protocol) or protocol >= MODERN:
        raise failure("the server answered `initialize` with a protocol revision that is unknown")
    messenger.agree(protocol)
    messenger.tell("notifications/initialized")
    return Greeting(
        protocol=protocol,
        server=_identity(answer.get("serverInfo")),
        offers_tools=_offers_tools(answer),
    )


def list_tools(messenger: Messenger, greeting: Greeting, deadline: float) -> tuple[Json, ...]:
    """Return all pages of `tools/list` as they came.

    Raises:
        McpInstallError: `probe-failed` for an error, for too much, and for a list that loops.
    """
    tools: list[Json] = []
    seen: set[str] = set()
    cursor: dict[str, Json] = {}
    for _ in range(limits.PROBE_PAGES):
        page = messenger.require("tools/list", {**greeting.meta, **cursor}, deadline)
        if isinstance(page, Refusal):
            if page.code == _METHOD_NOT_FOUND and not greeting.offers_tools:
                return ()
            raise failure(f"the server refused `tools/list`: {shown(page.message)}")
        tools += _tools_of(page)
        if len(tools) > limits.PROBE_TOOLS:
            raise failure(f"the server has more than {limits.PROBE_TOOLS} tools")
        following = page.get("nextCursor")
        if following is None:
            return tuple(tools)
        cursor = {"cursor": _new_cursor(following, seen)}
    raise failure(f"the tool list has more than {limits.PROBE_PAGES} pages")


def _tools_of(page: Mapping[str, Json]) -> list[Json]:
    tools = page.get("tools")
    if page.get("resultType", "complete") != "complete" or not isinstance(tools, list):
        raise failure("the server answered `tools/list` without a list of tools")
    return tools


def _new_cursor(cursor: Json, seen: set[str]) -> str:
    """Return `cursor`, which is opaque: even an empty one is valid, but none comes twice."""
    if not isinstance(cursor, str) or len(cursor) > limits.PROBE_CURSOR:
        raise failure("the server names the next page in no proper form")
    if cursor in seen:
        raise failure("the tool list never ends: one page follows itself")
    seen.add(cursor)
    return cursor


def _supported(refusal: Refusal) -> Sequence[str]:
    """Return the revisions that a modern server names; any other error names none."""
    if refusal.code != _UNSUPPORTED_VERSION or not isinstance(refusal.data, Mapping):
        return ()
    return _texts(refusal.data.get("supported"))


def _require_older_revision(supported: Sequence[str]) -> None:
    """Refuse a server whose revisions are all newer than ours; one that names none is legacy."""
    older = (revision for revision in supported if _REVISION.fullmatch(revision))
    if supported and not any(revision < MODERN for revision in older):
        raise failure(
            "the server speaks only protocol revisions unknown here: "
            f"{shown(', '.join(supported))}",
            hint="a newer mcpinstall may know them",
        )


def _texts(value: Json) -> tuple[str, ...]:
    """Return a list of texts, or nothing when it is anything else."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, str))


def _offers_tools(answer: Mapping[str, Json]) -> bool:
    capabilities = answer.get("capabilities")
    return isinstance(capabilities, Mapping) and "tools" in capabilities


def _identity(about: Json) -> str:
    if not isinstance(about, Mapping):
        return ""
    parts = (about.get("name"), about.get("version"))
    return shown(" ".join(part for part in parts if isinstance(part, str) and part))
