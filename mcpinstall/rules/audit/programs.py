"""MA204 and MA205: programs that no server needs, and more rights than one needs."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.fetches import fetches
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Hit, Persona, rule
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.words import program
from mcpinstall.rules.audit.wrappers import ELEVATING

NETWORK_BINARY = rule(
    204, "lolbin-or-network-binary", Severity.HIGH,
    "The program is a tool that attackers start code or connections with", cwe=506,
)  # fmt: skip
PRIVILEGE_ESCALATION = rule(
    205, "privilege-escalation", Severity.HIGH, "The server gets more rights than its user has",
    cwe=250,
)  # fmt: skip
RULES = (NETWORK_BINARY, PRIVILEGE_ESCALATION)

_TOOLS = frozenset({
    "nc", "ncat", "netcat", "socat", "telnet", "mshta", "rundll32", "regsvr32", "certutil",
    "bitsadmin", "wscript", "cscript",
})  # fmt: skip
_ROOT = frozenset({"root", "0"})


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield what a program is, and what starts it with more rights."""
    del facts
    found = unwrap(server.argv)
    if found.launch:
        yield from _tool(found.launch[0])
    for layer in found.layers:
        first = layer[0] if layer else None
        if first is not None and program(first.text) in ELEVATING:
            name = program(first.text)
            yield Hit(
                rule=PRIVILEGE_ESCALATION, pointer=first.pointer,
                message=f"`{name}` starts the server with other rights than its user's",
                fix=f"leave `{name}` out",
            )  # fmt: skip
            return
    yield from _root_in_container(server)


def _tool(first: Value) -> Iterator[Hit]:
    name = program(first.text)
    if name in _TOOLS:
        yield Hit(
            rule=NETWORK_BINARY, pointer=first.pointer,
            message=f"`{name}` is started instead of a server",
            fix="find out who wrote the entry; start a server, or use its address as a remote one",
        )  # fmt: skip
    elif name == "ssh":
        yield Hit(
            rule=NETWORK_BINARY, pointer=first.pointer, severity=Severity.LOW,
            persona=Persona.PEDANTIC, message="`ssh` starts the server on another machine",
            fix="make sure that the other machine is yours",
        )  # fmt: skip


def _root_in_container(server: AuditedServer) -> Iterator[Hit]:
    for fetch in fetches(server):
        if fetch.runner.split()[0] not in {"docker", "podman", "nerdctl"}:
            continue
        for option in fetch.all("-u", "--user"):
            if option.text.partition(":")[0] in _ROOT:
                yield Hit(
                    rule=PRIVILEGE_ESCALATION, pointer=option.given.pointer,
                    persona=Persona.AUDITOR, message="the server is root in its container",
                    fix=f"leave `{option.name} {option.text[:20]}` out",
                )  # fmt: skip
