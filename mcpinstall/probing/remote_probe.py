"""Ask a remote server what it offers, or what authorization it wants."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, remote_url
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.json_text import Json
from mcpinstall.probing import offered
from mcpinstall.probing.messages import Messenger, failure
from mcpinstall.probing.offered import Offered
from mcpinstall.probing.probe import ProbeResult
from mcpinstall.system import limits
from mcpinstall.system.machine import Machine
from mcpinstall.system.remote_channel import (
    ChallengedError,
    RemoteChannel,
    ServerSentEvents,
    StreamableHttp,
    Target,
)
from mcpinstall.system.urls import parse

T = TypeVar("T")
Connect = Callable[[Target, Machine], RemoteChannel]

_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_WELL_KNOWN = "/.well-known/oauth-protected-resource"
_MOST = 5  # of a list that is shown
_SCHEME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SCOPE = re.compile(r"[!#-\[\]-~]{1,100}")  # RFC 6749, 3.3
_ISSUER = 200  # characters
_CHANNELS: dict[str, Connect] = {"streamable-http": StreamableHttp, "sse": ServerSentEvents}


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsAuthorization:
    """A server that answers nobody without authorization.

    Its own words, and only where they have the form of what they should be: they stand in a
    sentence of ours, and none of them holds a space.
    """

    scheme: str
    """Such as `Bearer`; empty when it does not say."""
    issuers: tuple[str, ...] = ()
    """Authorization servers, of its resource metadata (RFC 9728)."""
    scopes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What it wants, as a phrase."""
        parts = [f"it wants authorization ({self.scheme or 'it does not say of which kind'})"]
        if self.issuers:
            parts.append(f"given out by {', '.join(self.issuers)}")
        if self.scopes:
            parts.append(f"for {', '.join(self.scopes)}")
        return " ".join(parts)


def probe_remote(
    target: Target,
    transport: str,
    *,
    machine: Machine,
    seconds: float = limits.PROBE_SECONDS,
    connect: Connect | None = None,
) -> ProbeResult | NeedsAuthorization:
    """Return the tools of a remote server, or what authorization it wants.

    Only what `target` holds is sent.  `server/discover` comes first; where that shows an older
    server, `initialize` follows on a new connection.

    Raises:
        McpInstallError: `probe-failed`, or `remote-refused` for where it leads.
    """
    channel = connect or _CHANNELS[transport]
    started = time.monotonic()
    deadline = started + seconds
    found = _converse(channel, target, machine, deadline, offered.modern)
    if found is None:
        found = _converse(channel, target, machine, deadline, offered.legacy)
    if isinstance(found, NeedsAuthorization):
        return found
    if found is None:
        raise failure("the server answered neither `server/discover` nor `initialize`")
    greeting, tools = found
    return ProbeResult(
        tools=tools,
        protocol=greeting.protocol,
        server=greeting.server,
        seconds=time.monotonic() - started,
    )


def authorization_check(wanted: NeedsAuthorization) -> CheckResult:
    """Return check 8 for a server that would not say without authorization what it offers."""
    return CheckResult(
        check=Check.ANSWERS,
        outcome=Outcome.NOT_CHECKED,
        evidence=f"{wanted.sentence}; it was asked without any secret of yours",
    )


def unreviewed_check(result: ProbeResult) -> CheckResult:
    """Return check 8 for a server that answers, and whose tools nobody reviewed."""
    count = len(result.tools.tools)
    return CheckResult(
        check=Check.ANSWERS,
        outcome=Outcome.NOT_CHECKED,
        evidence=f"it answers with {count} {'tool' if count == 1 else 'tools'}, which nobody "
        f"reviewed (protocol {result.protocol})",
    )


def _converse(
    connect: Connect,
    target: Target,
    machine: Machine,
    deadline: float,
    talk: Callable[[Messenger, float], Offered | None],
) -> Offered | NeedsAuthorization | None:
    try:
        with connect(target, machine) as channel:
            try:
                return talk(Messenger(channel), deadline)
            except ChallengedError as error:
                return _wanted(error, channel, deadline)
    except McpInstallError as error:
        raise _without(target, error) from None


def _wanted(error: ChallengedError, channel: RemoteChannel, deadline: float) -> NeedsAuthorization:
    scheme = error.challenge.partition(" ")[0].rstrip(",")
    given = {name.lower(): quoted or bare for name, quoted, bare in
             _PARAMETER.findall(error.challenge)}  # fmt: skip
    path = _metadata_path(given.get("resource_metadata", ""), channel)
    metadata = _metadata(channel.get_document(path, deadline)) if path else {}
    scopes = given["scope"].split() if given.get("scope") else metadata.get("scopes_supported")
    return NeedsAuthorization(
        scheme=scheme if _SCHEME.fullmatch(scheme) else "",
        issuers=_listed(metadata.get("authorization_servers"), _is_issuer),
        scopes=_listed(list(scopes) if isinstance(scopes, list) else None, _is_scope),
    )


def _metadata_path(named: str, channel: RemoteChannel) -> str:
    """Return where the resource's metadata are, in its own origin; nothing elsewhere."""
    if not named:
        path = channel.url.path.rstrip("/")
        return f"{_WELL_KNOWN}{path}"
    try:
        found = parse(named)
    except McpInstallError:
        return ""
    return found.target if found.origin == channel.url.origin else ""


def _metadata(document: bytes | None) -> dict[str, Json]:
    if document is None:
        return {}
    try:
        found = json_text.parse(document, "resource metadata")
    except McpInstallError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_issuer(text: str) -> bool:
    return len(text) <= _ISSUER and not remote_url.fault(text)


def _is_scope(text: str) -> bool:
    return _SCOPE.fullmatch(text) is not None


def _listed(values: Json, proper: Callable[[str], bool]) -> tuple[str, ...]:
    if not isinstance(values, list):
        return ()
    found = [value for value in values if isinstance(value, str) and proper(value)]
    return tuple(found[:_MOST])


def _without(target: Target, error: McpInstallError) -> McpInstallError:
    """Return an error without the values that were sent, which a server may repeat."""

    def clean(text: str) -> str:
        for _, value in target.headers:
            for part in (value, value.rpartition(" ")[2]):
                text = text.replace(part, "…") if len(part) >= 4 else text
        return text

    code = ErrorCode.PROBE_FAILED if error.code is ErrorCode.INDEX_FORBIDDEN else error.code
    return McpInstallError(
        code, clean(error.message), hint=clean(error.hint), evidence=clean(error.evidence)
    )
