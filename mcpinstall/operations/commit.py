"""The second half of an installation: what happens after the yes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.receipt import Switch
from mcpinstall.model.registry import RegistryKind
from mcpinstall.operations import (
    holds,
    host_changes,
    host_choice,
    lookup,
    policies,
    probing_remote,
    probing_server,
    publisher_records,
    publishers,
    receipt_changes,
    secret_places,
    seen_tools,
    server_plans,
    transaction,
    unreviewed,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.install import discard
from mcpinstall.operations.prepared import Done, Prepared
from mcpinstall.planning import checks
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import limits


def commit(prepared: Prepared, context: Context) -> Done:
    """Do what the plan says, or leave everything as it was.

    Order of effects: environments, probe (checks 7 and 8), `current`, host files (check 9),
    receipts.  Checks 1 and 3 are repeated first.

    Raises:
        McpInstallError: `plan-changed` after ten minutes or when the registry changed,
            `host-config-changed`, `environment-differs`, `probe-failed`, `tools-changed` …
    """
    try:
        _require_fresh(prepared)
        with transaction.exclusive(context):
            _require_same_registry(prepared, context)
            policies.require_same(prepared.plan.policy, context)
            publishers.require_unrevoked(prepared.plan.publishers, context)
            _require_same_state(prepared, context)
            return _commit(prepared, context)
    finally:
        discard(prepared)


def _judge(prepared: Prepared, context: Context) -> Callable[[], None] | None:
    """Return what takes an adoption back that would be worse than what stood there."""
    if prepared.request.adopted is None:
        return None
    from mcpinstall.operations import adoption_judge

    return adoption_judge.judge(prepared, context)


def _commit(prepared: Prepared, context: Context) -> Done:
    asked, seconds = _ask_remotes(prepared, context)
    # Compared after the yes, and nothing but this change comes between then and its placing.
    just_built = len(prepared.staged) == 1 and not prepared.staged[0][1].done()
    staged = {slug: future.result() for slug, future in prepared.staged}
    servers = {server.slug: server for server in prepared.plan.servers}
    probed = [seconds]

    def probe(slug: str, generation: str) -> None:
        context.progress.step(f"asking `{servers[slug].entry.name}` for its tools")
        begun = time.monotonic()
        probing_server.require_unchanged(servers[slug], generation, context)
        seen_tools.require_same(prepared, servers[slug], context)
        probed.append(time.monotonic() - begun)

    # The receipt must be known before the first effect; probe outcomes that refuse never reach it.
    results = _expected_results(prepared, staged, tuple(result for _, result in asked))
    before, after = receipt_changes.of_installation(prepared, staged, results, context)
    change = transaction.Transaction(
        action=prepared.action,
        additions=tuple(
            transaction.Addition(slug=slug, staged=environment, waited=not just_built)
            for slug, environment in staged.items()
        ),
        switches=tuple(
            Switch(
                slug=slug,
                before=lookup.current_generation(slug, context),
                after=one.generation,
                added=True,
            )
            for slug, one in staged.items()
        ),
        changes=prepared.plan.changes,
        kept=prepared.kept,
        receipts_before=before,
        receipts_after=after,
    )
    for server in prepared.plan.servers:
        if server.reviewed.registry.kind is RegistryKind.NONE:
            continue
        if server.reviewed.unreviewed is not None:
            unreviewed.keep(server.reviewed, context)
            continue
        registries.remember(server.reviewed.registry, context.paths, now=context.now)
    publisher_records.keep(prepared.plan.publishers, context)
    record = transaction.run(change, context, probe, _judge(prepared, context))
    with contextlib.suppress(McpInstallError):  # the change has happened; this is a convenience
        host_choice.remember(tuple(change.file.row for change in prepared.plan.changes), context)
    return Done(
        record=record,
        receipts=after,
        printed=prepared.printed,
        notes=(
            *host_changes.vanished(prepared.plan.changes, context),
            *secret_places.left(record, context),
            *(f"`{name}`: {r.evidence}" for name, r in asked if r.outcome is Outcome.NOT_CHECKED),
        ),
        probe_seconds=sum(probed),
    )


def _ask_remotes(
    prepared: Prepared, context: Context
) -> tuple[tuple[tuple[str, CheckResult], ...], float]:
    """Ask each remote server that is new here, before anything is written.

    Returns:
        Entry name and check 8 of each, and the seconds that it took.

    Raises:
        McpInstallError: `probe-failed`, `tools-changed`, `remote-refused`.
    """
    begun, results = time.monotonic(), []
    for server in prepared.plan.servers:
        if server.remote is None or server.already_installed or prepared.request.offline:
            continue
        context.progress.step(f"asking `{server.entry.name}` for its tools")
        results.append((server.entry.name, probing_remote.require_unchanged(server, context)))
        seen_tools.require_same(prepared, server, context)
    return tuple(results), time.monotonic() - begun if results else 0.0


def _require_fresh(prepared: Prepared) -> None:
    if time.monotonic() - prepared.started > limits.PREPARED_SECONDS:
        raise McpInstallError(
            ErrorCode.PLAN_CHANGED,
            "the plan was shown more than 10 minutes ago and is not good any more",
            hint="run the command again",
        )


def _require_same_registry(prepared: Prepared, context: Context) -> None:
    """Repeat check 1: the registry still says what the plan rests on."""
    for server in prepared.plan.servers:
        now = lookup.manifest_digest(server.reviewed, context, offline=prepared.request.offline)
        if now != server.reviewed.manifest_sha256:
            raise McpInstallError(
                ErrorCode.PLAN_CHANGED,
                f"the registry changed what it says about `{server.name}` meanwhile",
                hint="run the command again to see the new plan",
            )


def _require_same_state(prepared: Prepared, context: Context) -> None:
    """Refuse when another `mcpi` took away, or gave away, what the plan builds on."""
    store = ReceiptStore(context.paths)
    for server in prepared.plan.servers:
        configuring = prepared.action in {"configure", "update"}
        server_plans.require_compatible(server, context, configuring=configuring)
        removed = not prepared.installs and store.receipt(server.entry.name) is None
        if removed or (server.already_installed and not server_plans.is_in_place(server, context)):
            raise McpInstallError(
                ErrorCode.PLAN_CHANGED,
                f"another `mcpi` removed or exchanged `{server.name}` meanwhile",
                hint="run the command again to see the new plan",
            )
    if prepared.installs:
        holds.require_movable(prepared.plan.servers, context)
    for one in prepared.replacements:
        there = server_plans.receipts_of(one.slug, context)
        version = one.before[0].manifest_sha256
        same = tuple(
            r
            for r in there
            if r.manifest_sha256 == version and (not r.is_remote or r.entry_name in one.entries)
        )
        if same != one.before:
            names = ", ".join(f"`{name}`" for name in one.entries)
            raise McpInstallError(
                ErrorCode.PLAN_CHANGED,
                f"another `mcpi` changed {names} meanwhile",
                hint="run the command again to see the new plan",
            )


def _expected_results(
    prepared: Prepared,
    staged: Mapping[str, StagedEnvironment],
    asked: tuple[CheckResult, ...],
) -> tuple[CheckResult, ...]:
    """Return the nine results as they stand once nothing has refused."""
    plan = prepared.plan
    here = [server for server in plan.servers if server.remote is None]
    tools = sum(len(s.reviewed.tools.tools) for s in plan.servers if s.slug in staged)
    count = sum(environment.tree.files for environment in staged.values())
    fresh = [
        CheckResult(
            check=Check.HOST_FILES,
            outcome=Outcome.VERIFIED if plan.changes else Outcome.NOT_CHECKED,
            evidence="unchanged since the diff, written whole, read back"
            if plan.changes
            else "no host file was changed",
        )
    ]
    if staged:
        fresh += [
            CheckResult(
                check=Check.ENVIRONMENT,
                outcome=Outcome.VERIFIED,
                evidence=f"{count:,} files: the inspected archives', and what they compile to",
            ),
            CheckResult(
                check=Check.ANSWERS,
                outcome=Outcome.VERIFIED,
                evidence="it answered; nobody reviewed its tools, so the first seen are kept"
                if any(s.reviewed.unreviewed for s in plan.servers if s.slug in staged)
                else f"{tools} tools, unchanged since review",
            ),
        ]
    elif here:
        fresh += [
            CheckResult(check=check, outcome=Outcome.NOT_CHECKED, evidence="in place already")
            for check in (Check.ENVIRONMENT, Check.ANSWERS)
        ]
    answers = [result for result in (*fresh, *asked) if result.check is Check.ANSWERS]
    fresh += [checks.one(Check.ANSWERS, answers)] if asked else []
    return checks.with_results(plan.checks, *fresh)
