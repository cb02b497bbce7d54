"""MA601 to MA603: what a container is given of the machine, and what servers are let into."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit import paths
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.fetches import fetches, variables
from mcpinstall.rules.audit.loading import container_variables
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.options import Option
from mcpinstall.rules.audit.rule import Hit, Persona, rule
from mcpinstall.rules.audit.specs import Kind

PRIVILEGE = rule(
    601, "container-privilege", Severity.HIGH, "A container has rights of the machine", cwe=250
)
SOCKET = rule(
    602, "docker-socket", Severity.CRITICAL, "A server can start containers of its own", cwe=250
)
SENSITIVE_MOUNT = rule(
    603, "sensitive-mount-or-scope", Severity.HIGH, "A server reaches more files than it needs",
    cwe=732,
)  # fmt: skip
RULES = (PRIVILEGE, SOCKET, SENSITIVE_MOUNT)

_ENGINES = frozenset({"docker", "podman", "nerdctl"})
_HOST = frozenset({"--pid", "--ipc", "--net", "--network", "--uts", "--userns", "--cgroupns"})
_CAPABILITIES = frozenset({"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE"})
_DEVICES = re.compile(r"/dev/(?:mem|kmem|kmsg|port)(?::|$)")
_SOCKET = re.compile(
    r"(?:^|/)(?:docker|podman|containerd|crio)(?:-raw)?\.sock$|[/\\]pipe[/\\]docker_engine$",
    re.IGNORECASE,
)
_ROOTLESS = re.compile(r"/run/user/|\$\{?XDG_RUNTIME_DIR|\.docker/run/|/\.colima/", re.IGNORECASE)
_SOURCE = re.compile(r"((?:[A-Za-z]:[\\/]|\\\\|//\./)?[^:]*):")

_GRANTING = frozenset({
    "npm:@modelcontextprotocol/server-filesystem",
    "npm:@wonderwhy-er/desktop-commander",
    "npm:obsidian-mcp",
    "npm:mcp-obsidian",
    "pypi:mcp-server-git",
    "pypi:mcp-server-filesystem",
})  # fmt: skip
"""Servers whose path arguments are the folders that they work on."""


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield one hit of each rule: the first option at fault."""
    del facts
    every = fetches(server)
    containers = [one for one in every if one.runner.split()[0] in _ENGINES]
    mounts = [mount for one in containers for mount in _mounts(one)]
    yield from _first(_privileges(containers))
    yield from _first(itertools.chain(_sockets(server, mounts), _daemons(containers)))
    yield from _worst([*_mounted(mounts), *_granted(every)])


def _first(hits: Iterator[Hit]) -> Iterator[Hit]:
    found = next(hits, None)
    if found is not None:
        yield found


def _worst(hits: list[Hit]) -> Iterator[Hit]:
    if hits:
        regular = [one for one in hits if one.persona is None] or hits
        yield max(regular, key=lambda one: (one.severity or one.rule.severity).rank)


# MA601 -------------------------------------------------------------------------------------------


def _privileges(containers: list[Fetch]) -> Iterator[Hit]:
    for one in containers:
        for option in one.options:
            if _is_privilege(option):
                shown = f"{option.name}={option.text[:60]}" if option.text else option.name
                yield Hit(
                    rule=PRIVILEGE, pointer=option.word.pointer,
                    message=f"`{shown}` takes the walls of the container down",
                    fix=f"leave `{shown}` out",
                )  # fmt: skip


def _is_privilege(option: Option) -> bool:
    name, value = option.name, option.text
    if name == "--privileged":
        return value.lower() not in {"false", "0"}
    if name in _HOST:
        return value == "host"
    if name == "--cap-add":
        return any(one.upper().removeprefix("CAP_") in _CAPABILITIES for one in value.split(","))
    if name == "--security-opt":
        return bool(re.fullmatch(r"(?:seccomp|apparmor)[=:]unconfined|label[=:]disable", value))
    return name == "--device" and bool(_DEVICES.match(value))


# MA602 -------------------------------------------------------------------------------------------


def _mounts(fetch: Fetch) -> Iterator[Value]:
    """Yield what of the machine is mounted into a container."""
    for option in fetch.all("-v", "--volume"):
        found = _SOURCE.match(option.text[: paths.LONGEST_PATH * 2])
        if found:
            yield Value(text=found[1], pointer=option.given.pointer)
    for option in fetch.all("--mount"):
        parts = dict(
            part.partition("=")[::2] for part in option.text[: paths.LONGEST_PATH * 2].split(",")
        )
        source = parts.get("source", parts.get("src", ""))
        if parts.get("type", "bind") == "bind":
            yield Value(text=source, pointer=option.given.pointer)


def _sockets(server: AuditedServer, mounts: list[Value]) -> Iterator[Hit]:
    for one in mounts:
        if _SOCKET.search(one.text):
            yield Hit(
                rule=SOCKET, pointer=one.pointer,
                severity=Severity.HIGH if _ROOTLESS.search(one.text) else None,
                message=f"`{paths.shown(one.text)}` lets the server start any container, and so "
                "reach every file",
                fix="leave the mount out",
            )  # fmt: skip
    every = (*variables(server), *container_variables(server))
    verified = any(one.name == "DOCKER_TLS_VERIFY" and one.value.text for one in every)
    for variable in every:
        if variable.name == "DOCKER_HOST" and variable.value.text[:6] == "tcp://" and not verified:
            yield Hit(
                rule=SOCKET, pointer=variable.value.pointer,
                message="`DOCKER_HOST` names a daemon without TLS: anyone on the way commands it",
                fix="use `ssh://…`, or set `DOCKER_TLS_VERIFY`",
            )  # fmt: skip


def _daemons(containers: list[Fetch]) -> Iterator[Hit]:
    """Yield options that hand out the daemon's socket, or command a daemon without TLS."""
    for one in containers:
        for option in one.all("--use-api-socket"):
            if option.text.lower() not in {"false", "0"}:
                yield Hit(
                    rule=SOCKET, pointer=option.word.pointer,
                    message="`--use-api-socket` lets the server start any container, and so reach "
                    "every file",
                    fix="leave `--use-api-socket` out",
                )  # fmt: skip
        verified = bool(one.all("--tls", "--tlsverify", "--tlscacert"))
        for option in one.all("-H", "--host"):
            if option.text[:6] == "tcp://" and not verified:
                yield Hit(
                    rule=SOCKET, pointer=option.given.pointer,
                    message=f"`{option.name}` names a daemon without TLS: anyone on the way "
                    "commands it",
                    fix="use `ssh://…`, or `--tlsverify`",
                )  # fmt: skip


# MA603 -------------------------------------------------------------------------------------------

_WHAT = {"all": "every file", "secrets": "credentials or settings of the system",
         "home": "every file of the user"}  # fmt: skip


def _mounted(mounts: list[Value]) -> Iterator[Hit]:
    for one in mounts:
        if not _SOCKET.search(one.text):
            yield from _grant(one, is_listed=True)


def _granted(every: tuple[Fetch, ...]) -> Iterator[Hit]:
    """Yield paths among a server's arguments; of a server that is not listed to a pedant only."""
    for one in every:
        names = {f"{package.kind}:{package.name}" for package in one.packages}
        is_image = any(package.kind is Kind.IMAGE for package in one.packages)
        is_listed = bool(names & _GRANTING)
        for argument in () if is_image else one.arguments:
            text = argument.text
            value = text.partition("=")[2] if text[:1] == "-" else text
            given = Value(text=value, pointer=argument.pointer)
            yield from _grant(given, is_listed=is_listed)


def _grant(value: Value, *, is_listed: bool) -> Iterator[Hit]:
    what = paths.granted(value.text)
    if what:
        yield Hit(
            rule=SENSITIVE_MOUNT, pointer=value.pointer,
            message=f"`{paths.shown(value.text)}` gives the server {_WHAT[what]}",
            fix="name the one folder that the server works on",
            severity=Severity.MEDIUM if what == "home" else None,
            persona=None if is_listed else Persona.PEDANTIC,
        )  # fmt: skip
