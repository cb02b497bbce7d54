"""`remote:URL`: a server at an address that the user typed; nobody described or reviewed it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, remote_url
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.manifest import (
    Audience,
    Integrates,
    Manifest,
    Permissions,
    ProbeSettings,
    RemoteChoice,
)
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import RegistryKind, RegistryState, ReviewedServer, ReviewState
from mcpinstall.model.server_inputs import header_fault
from mcpinstall.model.server_json import (
    REMOTE_TRANSPORTS,
    STREAMABLE_HTTP,
    HeaderInput,
    Input,
    RemoteServer,
    ServerJson,
)
from mcpinstall.model.text import is_plain
from mcpinstall.model.tools import UNKNOWN_TOOLS

PREFIX = "remote"
"""What stands before the address."""

VERSION = "remote"
"""Stands for a version: what runs there changes without one."""

ROOT = json_text.digest({"registry": "none"})
"""Stands in receipts where the digest of a registry's root is."""

AUTHORIZATION = "Authorization"
_TOKEN = HeaderInput(
    name=AUTHORIZATION,
    input=Input(
        value="Bearer {token}",
        variables=(
            ("token", Input(description="token of the server, if it wants one", secret=True)),
        ),
    ),
)
_LEFT_OUT = {"www", "mcp", "api"}
_FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


def server(
    url: str, *, transport: str | None = None, headers: Sequence[str] = ()
) -> ReviewedServer:
    """Return what is known of a server at `url`: what the user says of it.

    Its inputs are `token`, sent as `Authorization: Bearer …`, and each of `headers`.

    Raises:
        McpInstallError: `remote-refused` for an address that is not used; `input-invalid`.
    """
    _require_address(url)
    kind = transport or STREAMABLE_HTTP
    if kind not in REMOTE_TRANSPORTS:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"a server at an address has no transport `{kind}`",
            hint=f"it is one of {', '.join(f'`{one}`' for one in REMOTE_TRANSPORTS)}",
        )
    remote = RemoteServer(transport=kind, url=url, headers=_headers(headers))
    name = f"{PREFIX}:{url}"
    return ReviewedServer(
        registry=_registry(),
        manifest=_manifest(name, remote),
        manifest_sha256=json_text.digest(
            {"transport": kind, "url": url, "headers": [header.name for header in remote.headers]}
        ),
        server=ServerJson(name=name, description=name, version=VERSION, remotes=(remote,)),
        lock=NO_LOCK,
        tools=UNKNOWN_TOOLS,
        check=CheckResult(
            check=Check.MANIFEST,
            outcome=Outcome.ABSENT,
            evidence="nobody described this server",
        ),
    )


def of_receipt(receipt: Receipt) -> ReviewedServer:
    """Return the same server again."""
    url = receipt.name.removeprefix(f"{PREFIX}:")
    return server(url, transport=receipt.transport, headers=own_headers(receipt))


def own_headers(receipt: Receipt) -> tuple[str, ...]:
    """Return the headers that the user named (`--header`) when such a server was installed."""
    if receipt.registry_root != ROOT:
        return ()
    asked = {value.name for value in receipt.inputs}
    return tuple(name for name in receipt.headers if name != AUTHORIZATION or name in asked)


def entry_name(found: ReviewedServer) -> str:
    """Return a name for the entry: `context7` for `https://mcp.context7.com/mcp`."""
    url = found.manifest.name.removeprefix(f"{PREFIX}:")
    parts = urlsplit(url)
    labels = (parts.hostname or "").split(".")
    if remote_url.is_loopback(url) or labels[-1].isdigit() or ":" in (parts.hostname or ""):
        return f"server-{parts.port or 443}"
    kept = [label for label in labels[:-1] if label not in _LEFT_OUT] or labels[:1]
    return re.sub(r"[^A-Za-z0-9-]", "-", "-".join(kept))[:64].strip("-") or "server"


def _require_address(url: str) -> None:
    if "{" in url or "}" in url:
        why = "has braces, which no address holds"
    elif not all(is_plain(char) for char in url):
        why = "has hidden characters"
    else:
        why = remote_url.fault(url)
    if why:
        shown = url if all(is_plain(char) for char in url) and "@" not in url else "…"
        shown = re.split(r"[?#]", shown, maxsplit=1)[0]  # a token may stand there
        raise McpInstallError(
            ErrorCode.REMOTE_REFUSED,
            f"the address `{shown[:300]}` {why}",
            hint="an address is like `remote:https://mcp.example.com/mcp`; plain http goes to "
            "this machine only (localhost, 127.0.0.1, [::1])",
        )


def _headers(names: Sequence[str]) -> tuple[HeaderInput, ...]:
    for number, name in enumerate(names):
        fault = header_fault(name)
        if name.lower() in [other.lower() for other in names[:number]]:
            fault = "is named twice"
        if fault:
            raise McpInstallError(
                ErrorCode.INPUT_INVALID,
                f"the header `{name[:100]}` {fault}",
                hint="for example `--header X-Api-Key --set X-Api-Key=env:MY_KEY`",
            )
    asked = tuple(
        HeaderInput(
            name=name,
            input=Input(description="header that you named", required=True, secret=True),
        )
        for name in names
    )
    named = any(name.lower() == AUTHORIZATION.lower() for name in names)
    return asked if named else (_TOKEN, *asked)


def _registry() -> RegistryState:
    return RegistryState(
        name=PREFIX,
        kind=RegistryKind.NONE,
        root_digest=ROOT,
        serial=0,
        issued=datetime(1970, 1, 1, tzinfo=UTC),
        expires=_FOREVER,
        review=ReviewState.UNREVIEWED,
        check=CheckResult(
            check=Check.REGISTRY,
            outcome=Outcome.ABSENT,
            evidence="no registry knows it: you gave the address",
        ),
        stale=False,
    )


def _manifest(name: str, remote: RemoteServer) -> Manifest:
    parts = urlsplit(remote.url)
    return Manifest(
        name=name,
        version=VERSION,
        title=parts.hostname or name,
        summary=f"whatever {parts.hostname} offers at this address",
        try_sentence="Which tools do you have?",
        files=(),
        package=None,
        publisher=None,
        publisher_absent="nobody described this server",
        permissions=Permissions(network=(parts.hostname or "",)),
        probe=ProbeSettings(),
        hooks=(),
        varies=(),
        audience=Audience.TECHNICAL,
        integrates=Integrates.CLOUD,
        reviews=(),
        remotes=(RemoteChoice(transport=remote.transport, url=remote.url),),
    )
