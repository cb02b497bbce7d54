"""Check 8: start a server once, and compare its tools with the reviewed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mcpinstall import environments, probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import CheckResult
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import server_plans, unreviewed
from mcpinstall.operations.context import Context

_REQUEST = Request(names=(), plaintext_secrets=True)


def ask(server: ReviewedServer, generation_folder: Path, context: Context) -> probing.ProbeResult:
    """Start the server from one generation, with the manifest's inputs only, and list its tools.

    Raises:
        McpInstallError: `probe-failed`.
    """
    settings = server.manifest.probe
    with probing.probe_inputs(settings) as values:
        found = server_plans.resolved(server, values, _REQUEST, context)
        command = environments.generation_command(
            generation_folder, (*found.arguments, *settings.arguments), context.machine
        )
        environment = tuple(
            (variable.name, variable.value) for variable in found.environment if variable.value
        )
        return probing.probe(
            command, settings=settings, environment=environment, machine=context.machine
        )


def differences(
    server: ReviewedServer, result: probing.ProbeResult, markers: Mapping[str, str]
) -> tuple[str, ...]:
    """Return how the tools differ from the reviewed ones, as lines for a person.

    Where nobody reviewed any and none were seen before, nothing differs.
    """
    if not server.tools.known:
        return ()
    return probing.compare(server.tools, result.tools, server.manifest.varies, markers)


def require_unchanged(server: ServerPlan, generation: str, context: Context) -> CheckResult:
    """Ask the server, and refuse when it offers other tools than those that were reviewed.

    Raises:
        McpInstallError: `probe-failed` or `tools-changed`, the differences as evidence.
    """
    home = environments.server_home(context.paths.servers, server.slug)
    result = ask(server.reviewed, home / generation, context)
    known = replace(server.reviewed, tools=unreviewed.first_tools(server.reviewed, context))
    lines = differences(known, result, dict(server.python.markers))
    require_none(lines, server, "what mcpi wrote was removed; the program did run")
    unreviewed.keep_tools(server.reviewed, result.tools, context)
    return probing.answers_check(result)


def require_none(lines: Sequence[str], server: ServerPlan, aftermath: str) -> None:
    """Refuse a server of which differences to its reviewed tools were found.

    Raises:
        McpInstallError: `tools-changed`.
    """
    if lines:
        raise McpInstallError(
            ErrorCode.TOOLS_CHANGED,
            f"`{server.name}` offers other tools than those that were reviewed",
            hint=f"{aftermath}; tell the registry's reviewers",
            evidence="\n".join(lines),
        )
