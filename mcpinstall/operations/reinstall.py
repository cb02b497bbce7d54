"""Reinstall: build an installed server's environment anew, from the store where it can."""

from __future__ import annotations

from mcpinstall.model.plan import Request
from mcpinstall.operations import install, lookup, server_plans
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Prepared


def prepare(name: str, context: Context, *, request: Request, stage: bool = True) -> Prepared:
    """Decide and check as `install.prepare` does; no host file changes.

    The entries keep their command, for it names `current`; a running server keeps its
    generation until it ends.

    Raises:
        McpInstallError: `not-installed`, or whatever a check refuses.
    """
    receipt = lookup.installed(name, context)
    server = server_plans.rebuild(receipt, request, context)
    return install.with_files((server,), (), request, context, action="reinstall", stage=stage)
