"""MA404 and MA407: a server that others can reach, or reach without proving who they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpinstall.model import semver
from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.addresses import Reach, host_ip
from mcpinstall.rules.audit.fetches import fetches, packages
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.parts import (
    addresses,
    environment,
    is_container,
    options,
    runs,
    targets,
)
from mcpinstall.rules.audit.rule import Confidence, Hit, Persona, rule
from mcpinstall.rules.audit.secrets import shown
from mcpinstall.rules.audit.transport import (
    allowed_http,
    carries_credentials,
    is_cleartext_target,
    names_credentials,
)

WILDCARD = rule(
    404, "wildcard-bind", Severity.MEDIUM, "The server listens to the whole network",
    cwe=1327, confidence=Confidence.MEDIUM,
)  # fmt: skip
NO_LOGIN = rule(
    407, "auth-disabled-flag", Severity.HIGH, "A protection of the connection is switched off",
    cwe=306,
)  # fmt: skip

_BIND_NAMES = (
    "host", "bind", "listen", "bind-address", "listen-address", "address", "hostname", "http-host",
    "sse-host", "listen-host", "addr", "bind-addr", "listen-addr", "http-addr", "http",
)  # fmt: skip
_BIND_OPTIONS = frozenset(f"{dashes}{name}" for dashes in ("-", "--") for name in _BIND_NAMES)
"""Programs in Go take one dash as well."""
_BIND_VARIABLE = re.compile(r"(?:[A-Z0-9]+_)*(?:HOST|(?:BIND|LISTEN)(?:_ADDR(?:ESS)?)?)")
_PORT_ALONE = re.compile(r"\*?:[0-9]{1,5}")
"""An address without a host, which is every one: `:8080`."""
_PUBLISH = frozenset({"-p", "--publish"})
_YES = frozenset({"1", "true", "yes", "on"})
_INSPECTOR, _FIRST_STRICT = "@modelcontextprotocol/inspector", "2.8.0"
_NO_LOGIN_OPTIONS = frozenset({"--no-auth", "--disable-auth"})
_NO_LOGIN_TOOLS = ("inspector", "mcp-proxy", "mcpo", "supergateway", "mcp-remote", "mcphub",
                   "mcp-gateway", "mcp-server-chart", "fastmcp", "desktop-commander")  # fmt: skip


def wildcard(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield options, variables and published ports that open a server to the network."""
    if is_container(server):
        yield from _published(server)
        return
    for option in options(server):
        if option.name in _BIND_OPTIONS and _is_any(option.text):
            yield _open(option.pointer, f"`{option.name}`")
    for variable in server.variables:
        if _BIND_VARIABLE.fullmatch(variable.name[:256]) and _is_any(variable.value.text):
            yield _open(variable.value.pointer, f"`{shown(variable.name)}`")


def no_login(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield what switches off a login, or the refusal of an unencrypted address."""
    for variable in environment(server):
        if variable.name == "DANGEROUSLY_OMIT_AUTH" and _omits(variable.value.text, server):
            yield _unprotected(variable.value.pointer, variable.name)
    known: Persona | None = None if runs(server, *_NO_LOGIN_TOOLS) else Persona.PEDANTIC
    for option in options(server):
        off = option.text[:64].lower() in ("false", "0")
        is_switch = option.name in _NO_LOGIN_OPTIONS and not off and not option.is_behind
        if is_switch or (option.name == "--auth" and option.text.lower() == "none"):
            yield _unprotected(option.pointer, option.name, known)
    if allowed := allowed_http(server):
        yield from _allowed_http(server, allowed)


def _omits(text: str, server: AuditedServer) -> bool:
    """Tell whether a value switches the login off: before 2.8.0, the inspector took any for yes."""
    bare = text[:64].strip().lower()
    known = (one.version for _, one in packages(server) if one.name == _INSPECTOR)
    version = next(known, "").lstrip("v=")
    try:
        is_old = semver.key(version) < semver.key(_FIRST_STRICT)
    except ValueError:  # no exact one
        return bare in _YES
    return bool(text) if is_old else bare in {"1", "true"}


def _allowed_http(server: AuditedServer, pointer: str) -> Iterator[Hit]:
    reached, named = targets(server), names_credentials(server)
    for value, address in addresses(server):
        if named or carries_credentials(address):
            continue
        if is_cleartext_target(reached, value, address):
            near = Severity.LOW if address.reach is Reach.PRIVATE else None
            yield Hit(
                rule=NO_LOGIN,
                pointer=pointer,
                severity=near,
                message="`--allow-http` lets messages go to "
                f"`{shown(address.host)}` without encryption",
                fix="use the server's https address, and remove `--allow-http`",
            )
            return


def _unprotected(pointer: str, name: str, persona: Persona | None = None) -> Hit:
    return Hit(
        rule=NO_LOGIN, pointer=pointer, persona=persona,
        message=f"`{shown(name)}` lets every program and web page of this machine use the server",
        fix="remove it",
    )  # fmt: skip


def _open(pointer: str, what: str) -> Hit:
    return Hit(
        rule=WILDCARD, pointer=pointer,
        message=f"{what} makes the server listen on every network that this machine is in",
        fix="write `127.0.0.1`",
    )  # fmt: skip


def _is_any(text: str) -> bool:
    host = text[:256].strip()
    if _PORT_ALONE.fullmatch(host):
        return True
    if host[:1] == "[":
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    ip = host_ip(host.lower())
    return ip is not None and ip.is_unspecified and host != "0"


def _published(server: AuditedServer) -> Iterator[Hit]:
    for fetch in fetches(server):
        for option in fetch.all("-P", "--publish-all", "-p", "--publish"):
            if option.name not in _PUBLISH:
                if option.text.lower() != "false":
                    yield _open(option.word.pointer, f"`{option.name}`")
            elif option.value is not None and not _is_on_loopback(option.text):
                yield _open(option.value.pointer, f"`{option.name}` without an address")


def _is_on_loopback(port: str) -> bool:
    """Judge `[address:][port:]port[/protocol]`."""
    address = port[:256].rpartition(":")[0].rpartition(":")[0].strip("[]")
    ip = host_ip(address) if address else None
    return address == "localhost" or (ip is not None and ip.is_loopback)
