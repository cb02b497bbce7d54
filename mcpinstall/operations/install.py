"""Install servers: `prepare` decides and checks, `commit` acts, the question stands between."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mcpinstall import hosts, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.host import HostChange, HostRow
from mcpinstall.model.plan import Plan, Request, ServerPlan
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import (
    advisories,
    clock,
    direct,
    early_refusals,
    holds,
    host_changes,
    host_choice,
    lookup,
    missing_inputs,
    policies,
    publishers,
    remote_plans,
    secret_places,
    seen_tools,
    server_plans,
    settings,
    staging,
    starts,
    unreviewed_records,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import INSTALLING, Draft, MissingInput, Prepared, Replacement
from mcpinstall.planning import checks, policy
from mcpinstall.planning.digest import plan_digest


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
    if request.headers and not all(spec.startswith(f"{direct.PREFIX}:") for spec in request.names):
        raise McpInstallError(
            ErrorCode.USAGE,
            "`--header` names a header for a server at an address (`remote:URL`)",
            hint="a server of a registry says itself which headers it wants: `mcpi show NAME`",
        )
    early_refusals.of_names(request, context)
    found = [seen_tools.reviewed(spec, request, context) for spec in request.names]
    request = _with_locks(request, found)
    servers = tuple({server.manifest_sha256: server for server in found}.values())
    _require_distinct(servers, request)
    values = input_values(servers, request)
    missing = tuple(
        MissingInput(entry_name=entry, question=question)
        for server in servers
        for entry in (lookup.entry_name(server, request.entry_name),)
        for question in server_plans.missing(server, values[entry], request, context)
    )
    chosen = host_choice.choose(request, context)
    if not missing and not chosen.candidates:
        missing = missing_secrets(servers, values, chosen.chosen, request, context)
    if missing or chosen.candidates:  # before anything is asked
        early_refusals.of_sources(servers, request, context)
    named = zip(request.names, found, strict=True)
    exact = frozenset(one.manifest_sha256 for spec, one in named if holds.is_exact(spec))
    return Draft(request=request, servers=servers, missing=missing, hosts=chosen, exact=exact)


def _with_locks(request: Request, found: Sequence[ReviewedServer]) -> Request:
    """Return the request with what was pinned for it: the next draft decides nothing anew.

    Raises:
        McpInstallError: `usage` for a `--lock` that no server of the request can have.
    """
    if request.lock_file is not None and all(one.unreviewed is None for one in found):
        raise McpInstallError(
            ErrorCode.USAGE,
            "`--lock` is for servers that nobody reviewed",
            hint="a reviewed server has a lock already, which its registry vouches for",
        )
    pairs = zip(request.names, found, strict=True)
    locks = tuple((spec, one) for spec, one in pairs if one.unreviewed is not None)
    return replace(request, locks=locks)


def missing_secrets(
    servers: Sequence[ReviewedServer],
    values: Mapping[str, Mapping[str, Sequence[str]]],
    rows: Sequence[HostRow],
    request: Request,
    context: Context,
) -> tuple[MissingInput, ...]:
    """Return the secrets that go to the keyring for one of these hosts, and are not known yet."""
    found = []
    for server in servers:
        entry = lookup.entry_name(server, request.entry_name)
        environment = server_plans.local_environment(server, values[entry], request, context)
        names = secret_places.unanswered(environment, entry, rows, request, context)
        asked = server_plans.questions(server, request.transport) if names else ()
        found += [
            MissingInput(entry_name=entry, question=question, for_keyring=True)
            for question in asked
            if question.name in names
        ]
    return tuple(found)


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
            question.name for question in server_plans.questions(server, request.transport)
        ]
        for server in servers
    }
    return settings.by_entry(request.settings, known)


def prepare(
    request: Request, context: Context, *, stage: bool = True, action: str = "install"
) -> Prepared:
    """Decide everything and do checks 1 to 6; only caches change.

    With `stage`, environments are built in the cache in the background, for that runs none of
    the package's code.  `discard` takes them away.

    Raises:
        McpInstallError: whatever refuses; nothing was changed then.
    """
    drafted = draft(request, context)
    missing_inputs.require_none(drafted)
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
    if action in INSTALLING:
        holds.require_movable(servers, context)
    secret = secret_places.placed(servers, rows, request, context)
    servers = secret.servers
    found = host_changes.HostChanges(rows=rows)
    if not request.print_only:
        found = host_changes.proposed(
            servers, drafted.hosts, request, context, configuring=configuring
        )
        if found.rows != rows:  # a host that was passed over needs no secret
            secret = secret_places.placed(servers, found.rows, request, context)
            servers = secret.servers
    if action in INSTALLING:
        starts.require_none_left_behind(servers, () if request.print_only else found.rows, context)
    shown = () if found.rows and not request.print_only else (rows or (host_choice.any_host(),))
    if shown:
        require_printable(servers)
        names = policies.host_names(rows) or [policies.UNKNOWN_HOST]
        policies.require(servers, names, policies.load(context), context)
    printed = tuple(
        (row.title, hosts.rendered(row, secret_places.entry_for(server, row)))
        for row in shown
        for server in servers
    )
    locks = _lock_copies(drafted.servers, context)
    other_text = any(secret_places.sets_other_text(server, context) for server in servers)
    prepared = with_files(
        servers, found.changes, request, context, action=action, stage=stage, rows=found.rows
    )
    return replace(
        prepared, replacements=_replacements(prepared, context),
        print_rows=shown, printed=printed, kept=secret.kept, skipped=found.skipped,
        locks=locks, other_text=other_text,
        holds=holds.of_installation(drafted, servers, context) if action in INSTALLING else (),
    )  # fmt: skip


def _replacements(prepared: Prepared, context: Context) -> tuple[Replacement, ...]:
    """Compare what is installed in another version with what is to take its place."""
    servers = prepared.plan.servers if prepared.installs else ()
    if not any(server_plans.receipts_of(one.slug, context) for one in servers):
        return ()
    from mcpinstall.operations import replacing

    try:
        return replacing.of_installation(servers, prepared.request, context)
    except BaseException:
        discard(prepared)
        raise


def _lock_copies(servers: Sequence[ReviewedServer], context: Context) -> tuple[Path, ...]:
    """Write the locks that were made on the spot into the cache, and return where they are."""
    return tuple(
        unreviewed_records.write_copy(server.unreviewed, context)
        for server in servers
        if server.unreviewed is not None
    )


def require_printable(servers: Sequence[ServerPlan]) -> None:
    """Refuse to print an entry that holds a secret in clear text.

    Raises:
        McpInstallError: `input-invalid`.
    """
    for server in servers:
        remote = server.entry.remote
        for variable in (*server.entry.env, *(remote.headers if remote else ())):
            if variable.secret and variable.value is not None:
                raise McpInstallError(
                    ErrorCode.INPUT_INVALID,
                    f"`{variable.name}` is a secret, and an entry that is printed would show it",
                    hint=f"print a reference: `--set {variable.name}=env:{variable.name}`",
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
    """Fetch, compare and inspect the servers' files, and make the plan of it all.

    What a policy file forbids is refused first.
    """
    rules = policies.load(context)
    names = policies.host_names(rows) or policies.entry_hosts(servers, context)
    policies.require(servers, names, rules, context)
    advised = advisories.of_plans(servers, request.allow, context)
    folder = staging.new_folder(context)
    known = staging.Introduction(folder, context) if stage else None
    try:
        asked = publishers.Publishers(servers, request, context)
        fetched, verified = staging.fetched(
            servers, request, folder, context, known, attested=asked.wanted
        )
        published = asked.checked(fetched.offered)
        bases = policies.require(servers, names, rules, context, published)
        plan = Plan(
            servers=servers,
            changes=changes,
            checks=checks.combined(
                (
                    *(clock.registry_check(one.reviewed.registry, context) for one in servers),
                    *_results(servers, verified, fetched, request, bases, advised=advised),
                    *(one.check for one in published),
                )
            ),
            digest=plan_digest(servers, [row.id for row in rows]),
            home=context.paths.servers,
            publishers=published,
            policy=rules,
        )
        staged = (
            staging.start(verified, lambda one: staging.build(one, context, known)) if stage else ()
        )
    except BaseException:
        if known is not None:  # it writes there still
            known.wait()
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
    bases: Mapping[str, str],
    *,
    advised: Mapping[str, Sequence[str]],
) -> tuple[CheckResult, ...]:
    """Return the outcomes of checks 2 to 6 but 5; `bases` says what 3 rests on, by slug.

    `advised` is what was found out of advisories, by slug.

    Raises:
        McpInstallError: when policy refuses (check 3).
    """
    return (
        *(server.reviewed.check for server in servers),
        *(
            policy.check(
                server.reviewed,
                request.allow,
                fetched.yanked,
                staging.yanked_unknown(fetched, request, server),
                unattended=request.unattended,
                files=server.remote is None,
                basis=bases[server.slug],
                advisories=advised[server.slug],
            )
            for server in servers
        ),
        *_archive_checks(servers, verified, fetched),
        *(
            result
            for server in servers
            if server.remote is not None
            for result in remote_plans.checks(server, offline=request.offline)
        ),
    )


def _archive_checks(
    servers: Sequence[ServerPlan],
    verified: Sequence[staging.Verified],
    fetched: indexes.Fetched,
) -> tuple[CheckResult, ...]:
    if all(server.remote is not None for server in servers):
        return ()
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
