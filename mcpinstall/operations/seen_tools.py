"""Tools that nobody reviewed: what an update brings is compared once it was started.

The plan of such an update can't tell them.  So the first start, after the yes and before the
switch, compares them with those of what is installed; where they differ it stops, and the next
plan shows the difference, for a yes of its own.
"""

from __future__ import annotations

from dataclasses import replace

from mcpinstall import probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import unreviewed
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Prepared, Replacement


def with_seen(server: ReviewedServer, context: Context) -> ReviewedServer:
    """Return a server with the tools that this very version showed before, if it was started.

    Raises:
        McpInstallError: a parser's refusal of a damaged record.
    """
    return replace(server, tools=unreviewed.first_tools(server, context))


def are_compared_later(server: ReviewedServer, before: ReviewedServer | None) -> bool:
    """Tell whether only a start of the new version can tell its tools from those of before."""
    return before is not None and before.tools.known and not server.tools.known


def require_same(prepared: Prepared, server: ServerPlan, context: Context) -> None:
    """Stop an update to a version with other tools than those of what is installed.

    The version was just started, and its plan could not tell them.

    Raises:
        McpInstallError: `tools-changed`, the differences as evidence.
    """
    replaced = next((one for one in prepared.replacements if one.slug == server.slug), None)
    if replaced is None or replaced.comparison is None or server.reviewed.tools.known:
        return
    before = replaced.comparison.before.tools
    seen = unreviewed.first_tools(server.reviewed, context)
    if before.known and seen.known and before != seen:
        raise _other(replaced, probing.compare(before, seen, (), {}))


def _other(replaced: Replacement, lines: tuple[str, ...]) -> McpInstallError:
    name, version = replaced.entries[0], replaced.server.manifest.version
    return McpInstallError(
        ErrorCode.TOOLS_CHANGED,
        f"`{name}` {version} offers other tools than {replaced.old_version}, which is installed",
        hint=f"what mcpi wrote was removed; the program did run.  `mcpi update {name} --dry-run` "
        "shows the difference now, and the digest of the plan that has these tools",
        evidence="\n".join(lines),
    )
