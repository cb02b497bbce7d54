"""MA804: entries that mcpinstall itself wrote, and that a registry took back since."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Hit, rule

REVOKED = rule(804, "revoked", Severity.HIGH, "A registry revoked what this entry starts", cwe=1104)


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield that the server was revoked after mcpinstall installed it."""
    if facts.revoked is not None:
        yield Hit(
            rule=REVOKED,
            pointer=server.pointer,
            message=facts.revoked.sentence,
            fix=f"mcpi uninstall {facts.revoked.entry_name}",
        )


MANAGED = (((REVOKED,), check),)
