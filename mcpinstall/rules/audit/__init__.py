"""Rules of `mcpi audit`, each explained in `docs/audit-rules.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from mcpinstall.model.audited import AuditedServer
from mcpinstall.rules.audit.file_facts import Checks, FileChecks
from mcpinstall.rules.audit.launching import LAUNCHING
from mcpinstall.rules.audit.machine_facts import MachineFacts
from mcpinstall.rules.audit.managed import MANAGED
from mcpinstall.rules.audit.rule import AuditRule, Hit
from mcpinstall.rules.audit.tool_texts import POISONED
from mcpinstall.rules.audit.tool_texts import check as poisoned
from mcpinstall.rules.audit.values import FILE_VALUES, VALUES

ServerChecks: TypeAlias = tuple[
    tuple[tuple[AuditRule, ...], Callable[[AuditedServer, MachineFacts], Iterator[Hit]]], ...
]

SERVER_CHECKS: ServerChecks = (*LAUNCHING, *MANAGED, ((POISONED,), poisoned))
"""Rules about what is started, which also ask what is known of the machine."""
FACT_CHECKS: Checks = (*VALUES,)
"""Rules that also ask what is known of the file."""
FILE_CHECKS: FileChecks = (*FILE_VALUES,)
"""Rules that judge a file once."""

RULES = tuple(
    sorted(
        {rule for rules, _ in (*SERVER_CHECKS, *FACT_CHECKS, *FILE_CHECKS) for rule in rules},
        key=lambda one: one.id,
    )
)
"""All of them, by id."""
