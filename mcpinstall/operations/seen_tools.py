"""Tools that nobody reviewed: what takes an installed server's place is compared once it answers.

The plan of such a change can't tell them.  So the first start, after the yes and before the
switch, compares them with those of what is installed; where they differ it stops, and the next
plan shows the difference, for a yes of its own.  A server that runs elsewhere is asked instead.
"""

from __future__ import annotations

from dataclasses import replace

from mcpinstall import probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import lookup, probing_remote, server_plans, unreviewed
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Prepared, Replacement
from mcpinstall.planning import remotes

_RAN = "what mcpi wrote was removed; the program did run"


def with_seen(server: ReviewedServer, context: Context) -> ReviewedServer:
    """Return a server with the tools that this very version showed before, if it was started.

    Raises:
        McpInstallError: a parser's refusal of a damaged record.
    """
    return replace(server, tools=unreviewed.first_tools(server, context))


def are_compared_later(server: ServerPlan, before: ReviewedServer | None, *, offline: bool) -> bool:
    """Tell whether a start of the new version will tell its tools from those of before.

    What runs elsewhere is not asked `offline`, nor compared where one's tools say nothing of
    another's.
    """
    known = before is not None and before.tools.known and not server.reviewed.tools.known
    if server.remote is None:
        return known
    return known and not offline and probing_remote.is_one_for_all(server)


def reviewed(spec: str, request: Request, context: Context) -> ReviewedServer:
    """Return what `spec` names; if it takes another version's place, with the tools it showed.

    Raises:
        McpInstallError: as `lookup.reviewed`; a parser's refusal of a damaged record.
    """
    server = lookup.reviewed(spec, context, request)
    if server.unreviewed is None or server.tools.known:
        return server
    transport = remotes.transports(server.manifest, request.transport).chosen
    slug = lookup.slug_of(server.registry, server.manifest.name, transport)
    there = {one.manifest_sha256 for one in server_plans.receipts_of(slug, context)}
    return with_seen(server, context) if there - {server.manifest_sha256} else server


def came_since(prepared: Prepared, context: Context) -> bool:
    """Tell whether tools are known now that the plan could not compare.

    Raises:
        McpInstallError: a parser's refusal of a damaged record.
    """
    slugs = {one.slug for one in prepared.replacements}
    servers = (one.reviewed for one in prepared.plan.servers if one.slug in slugs)
    return any(one.tools != with_seen(one, context).tools for one in servers)


def require_same(prepared: Prepared, server: ServerPlan, context: Context) -> None:
    """Stop a change to a version with other tools than those of what is installed.

    The version was just started or asked, and its plan could not tell them.

    Raises:
        McpInstallError: `tools-changed`, the differences as evidence.
    """
    # Of what runs elsewhere, each entry has its own version; of what runs here, all have one.
    replaced = next(
        (
            one
            for one in prepared.replacements
            if one.slug == server.slug
            and (server.remote is None or server.entry.name in one.entries)
        ),
        None,
    )
    if replaced is None or replaced.comparison is None or server.reviewed.tools.known:
        return
    before = replaced.comparison.before.tools
    seen = unreviewed.first_tools(server.reviewed, context)
    if before.known and seen.known and before != seen:
        lines = probing.compare(before, seen, (), {})
        raise _other(prepared, replaced, lines, is_remote=server.remote is not None)


def _other(
    prepared: Prepared, replaced: Replacement, lines: tuple[str, ...], *, is_remote: bool
) -> McpInstallError:
    name, version = replaced.entries[0], replaced.server.manifest.version
    again = "the same command with `--dry-run`"
    if prepared.action == "update":
        again = f"`mcpi update {name} --dry-run`"
    ran = "nothing was switched" if is_remote else _RAN
    return McpInstallError(
        ErrorCode.TOOLS_CHANGED,
        f"`{name}` {version} offers other tools than {replaced.old_version}, which is installed",
        hint=f"{ran}.  {again} shows the difference now, and the digest of the plan that has these "
        "tools",
        evidence="\n".join(lines),
    )
