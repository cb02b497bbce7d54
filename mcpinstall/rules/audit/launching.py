"""Rules about how a server is started, each with the function that asks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from mcpinstall.model.audited import AuditedServer
from mcpinstall.rules.audit import (
    containers,
    executables,
    indexes,
    loading,
    package_rules,
    programs,
    scripts,
    search_paths,
)
from mcpinstall.rules.audit.machine_facts import MachineFacts
from mcpinstall.rules.audit.rule import AuditRule, Hit


class Check(Protocol):
    """Looks at one server; without facts, only the entry itself is judged."""

    def __call__(self, server: AuditedServer, facts: MachineFacts = ...) -> Iterator[Hit]:
        """Yield what is wrong."""


LAUNCHING: tuple[tuple[tuple[AuditRule, ...], Check], ...] = (
    (package_rules.RULES, package_rules.check),
    (indexes.RULES, indexes.check),
    (scripts.RULES, scripts.check),
    (programs.RULES, programs.check),
    (loading.RULES, loading.check),
    (search_paths.RULES, search_paths.check),
    (executables.RULES, executables.check),
    (containers.RULES, containers.check),
)
"""The rules that a check may yield hits of, and the check."""
