"""Install servers: `prepare` decides and checks, `commit` acts, the question stands between."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from mcpinstall import hosts, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.host import HostChange, HostFile, HostRow, SecretStyle
from mcpinstall.model.plan import Plan, Request, ServerPlan
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import exposure, host_choice, lookup, server_plans, settings, staging
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Draft, MissingInput, Prepared
from mcpinstall.planning import checks, inputs, policy
from mcpinstall.planning.digest import plan_digest
from mcpinstall.receipts.store import ReceiptStore


def draft(request: Request, context: Context) -> Draft:
    """Resolve names, and say which inputs and which hosts are still to be chosen.

    Raises:
        McpInstallError: for a name, a `--set` or a `--host` that means nothing.
    """
    if request.entry_name is not None and len(request.names) != 1:
        raise McpInstallError(
            ErrorCode.USAGE, "`--as` names one entry, but several servers are to be installed"
        )
    if request.extra_arguments and len(request.names) != 1:
        raise McpInstallError(
            ErrorCode.USAGE, "arguments after `--` go to one server, but several are named"
        )
    found = [lookup.reviewed(spec, context) for spec in request.names]
    servers = tuple({server.manifest_sha256: server for server in found}.values())
    _require_distinct(servers, request)
    values = input_values(servers, request)
    missing = tuple(
        MissingInput(entry_name=entry, question=question)
        for server in servers
        for entry in (lookup.entry_name(server, request.entry_name),)
        for question in server_plans.resolved(server, values[entry], request, context).missing
    )
    return Draft(
        request=request,
        servers=servers,
        missing=missing,
        hosts=host_choice.choose(request, context),
    )


def _require_distinct(servers: Sequence[ReviewedServer], request: Request) -> None:
    """Refuse two versions of one server, and two servers whose entries would have one name.

    Raises:
        McpInstallError: `usage` or `name-ambiguous`.
    """
    seen: dict[str, ReviewedServer] = {}
    for server in servers:
        other = seen.setdefault(lookup.entry_name(server, request.entry_name).lower(), server)
        name = other.manifest.name
        if other is not server and name == server.manifest.name:
            raise McpInstallError(
                ErrorCode.USAGE,
                f"`{name}` is named in two versions",
                hint="a server has one version for all its entries; name one",
            )
        if other is not server:
            raise McpInstallError(
                ErrorCode.NAME_AMBIGUOUS,
                f"`{name}` and `{server.manifest.name}` would have the same name in the hosts",
                hint="install one of them alone, with `--as NAME`",
            )


def input_values(
    servers: Sequence[ReviewedServer], request: Request
) -> dict[str, dict[str, list[str]]]:
    """Return the `--set` values of each server, by entry name."""
    known = {
        lookup.entry_name(server, request.entry_name): [
            question.name for question in inputs.questions(server_plans.package_of(server))
        ]
        for server in servers
    }
    return settings.by_entry(request.settings, known)


def prepare(
    request: Request,
    context: Context,
    *,
    stage: bool = True,
    action: str = "install",
) -> Prepared:
    """Decide everything and do checks 1 to 6; only caches change.

    With `stage`, environments are built in the cache in the background, for that runs none of
    the package's code.  `discard` takes them away.

    Raises:
        McpInstallError: whatever refuses; nothing was changed then.
    """
    drafted = draft(request, context)
    require_complete(drafted)
    rows = host_choice.require_decided(drafted.hosts)
    values = input_values(drafted.servers, request)
    servers = tuple(
        server_plans.plan(
            server, values[lookup.entry_name(server, request.entry_name)], request, context
        )
        for server in drafted.servers
    )
    configuring = action == "configure"
    for server in servers:
        server_plans.require_compatible(server, context, configuring=configuring)
        server_plans.require_own_index(server, context)
    written = () if request.print_only else rows
    changes = host_changes(servers, written, request, context, configuring=configuring)
    shown = () if written else (rows or (_any_host(),))
    if shown:
        require_printable(servers)
    printed = tuple(
        (row.title, hosts.rendered(row, server.entry)) for row in shown for server in servers
    )
    prepared = with_files(servers, changes, request, context, action=action, stage=stage, rows=rows)
    return replace(prepared, print_rows=shown, printed=printed)


def require_printable(servers: Sequence[ServerPlan]) -> None:
    """Refuse to print an entry that holds a secret in clear text.

    Raises:
        McpInstallError: `input-invalid`.
    """
    for server in servers:
        for variable in server.entry.env:
            if variable.secret and variable.value is not None:
                raise McpInstallError(
                    ErrorCode.INPUT_INVALID,
                    f"`{variable.name}` is a secret, and an entry that is printed would show it",
                    hint=f"print a reference: `--set {variable.name}=env:{variable.name}`",
                )


def _any_host() -> HostRow:
    """Return a row for the entry that is printed when no host is known: the commonest form."""
    return replace(
        hosts.find_rows("claude-desktop"),
        title="Your MCP host",
        reload="restart it",
        secret_style=SecretStyle.TEMPLATE,
        secret_template="${%s}",  # noqa: S106 (how most hosts name a variable)
    )


def with_files(
    servers: tuple[ServerPlan, ...],
    changes: tuple[HostChange, ...],
    request: Request,
    context: Context,
    *,
    action: str,
    stage: bool,
    rows: Sequence[HostRow] = (),
) -> Prepared:
    """Fetch, compare and inspect the servers' files, and make the plan of it all."""
    folder = staging.new_folder(context)
    try:
        fetched = staging.fetch(servers, request, context)
        verified = [
            staging.verify(server, fetched, folder, context)
            for server in servers
            if not server.already_installed
        ]
        plan = Plan(
            servers=servers,
            changes=changes,
            checks=checks.combined(_results(servers, verified, fetched, request)),
            digest=plan_digest(servers, [row.id for row in rows]),
            home=context.paths.servers,
        )
        staged = staging.start(verified, lambda one: staging.build(one, context)) if stage else ()
    except BaseException:
        staging.discard(folder)
        raise
    return Prepared(
        request=request,
        action=action,
        plan=plan,
        print_rows=(),
        printed=(),
        started=time.monotonic(),
        staging=folder,
        staged=staged,
    )


def _results(
    servers: Sequence[ServerPlan],
    verified: Sequence[staging.Verified],
    fetched: indexes.Fetched,
    request: Request,
) -> tuple[CheckResult, ...]:
    """Return the outcomes of checks 1 to 6.

    Raises:
        McpInstallError: when policy refuses (check 3).
    """
    return (
        *(server.reviewed.registry.check for server in servers),
        *(server.reviewed.check for server in servers),
        *(
            policy.check(
                server.reviewed,
                request.allow,
                fetched.yanked,
                fetched.yanked_checked and not server.already_installed,
                unattended=request.unattended,
            )
            for server in servers
        ),
        *_archive_checks(verified, fetched),
        *(policy.publisher_check(server.reviewed) for server in servers),
    )


def require_complete(drafted: Draft) -> None:
    """Refuse a draft with missing inputs, naming the flag of each.

    Raises:
        McpInstallError: `input-missing`.
    """
    if not drafted.missing:
        return
    several = len(drafted.servers) > 1
    flags = " ".join(
        f"`--set {f'{m.entry_name}.' if several else ''}{m.question.name}=…`"
        for m in drafted.missing
    )
    wanted = ", ".join(f"`{missing.question.name}`" for missing in drafted.missing)
    raise McpInstallError(
        ErrorCode.INPUT_MISSING, f"required inputs are missing: {wanted}", hint=f"add {flags}"
    )


def host_changes(
    servers: Sequence[ServerPlan],
    rows: Sequence[HostRow],
    request: Request,
    context: Context,
    *,
    configuring: bool,
) -> tuple[HostChange, ...]:
    """Return the change of each host file that does not hold our very entries already."""
    store = ReceiptStore(context.paths)
    changes = []
    for row in rows:
        hosts.require_writable(row, [server.entry for server in servers], context.machine)
        file = hosts.read(row, context.machine)
        chain = store.chain(row.id)
        change = HostChange(file=file, after=file.content, chain_before=chain, chain_after=chain)
        for server in servers:
            change = _with_entry(change, server, replace_ours=configuring or request.replace)
        if change.after != file.content:
            changes.append(change)
    return tuple(changes)


def _with_entry(change: HostChange, server: ServerPlan, *, replace_ours: bool) -> HostChange:
    """Return `change` with one more entry; the same when our very entry is there already."""
    present = {found.name: found for found in hosts.entries(_after(change))}
    found = present.get(server.entry.name)
    ours = {applied.entry.name: applied.entry for applied in change.chain_after.entries}
    if found is not None and server.entry.name in ours:
        started = (found.command, found.args) == (server.entry.command, server.entry.args)
        # A secret in clear text is in no receipt: only here another one is noticed.
        if started and ours[server.entry.name] == server.entry and not replace_ours:
            return change
        replace_ours = True
    step = hosts.add(_after(change), change.chain_after, server.entry, replace=replace_ours)
    return replace(
        change,
        after=step.after,
        chain_after=step.chain_after,
        warnings=tuple(
            dict.fromkeys(
                (
                    *change.warnings,
                    *step.warnings,
                    *exposure.exposed(change.file, server.entry),
                )
            )
        ),
    )


def _after(change: HostChange) -> HostFile:
    return replace(change.file, content=change.after)


def _archive_checks(
    verified: Sequence[staging.Verified], fetched: indexes.Fetched
) -> tuple[CheckResult, ...]:
    if not verified:
        fact = "in place already, built from verified files"
        return tuple(
            CheckResult(check=check, outcome=Outcome.NOT_CHECKED, evidence=fact)
            for check in (Check.DOWNLOADS, Check.ARCHIVES, Check.ENVIRONMENT, Check.ANSWERS)
        )
    found = tuple(artifact for one in verified for artifact in one.artifacts)
    downloads = verification.downloads_check(found)
    if fetched.repaired:
        again = f"; {len(fetched.repaired)} damaged in the store, fetched again"
        downloads = replace(downloads, evidence=downloads.evidence + again)
    return (downloads, verification.archives_check(found))


def discard(prepared: Prepared) -> None:
    """Take away what was staged; waits for a build that is under way."""
    for _, future in prepared.staged:
        future.cancel() or future.exception()
    if prepared.staging is not None:
        staging.discard(prepared.staging)
