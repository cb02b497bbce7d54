"""The second half of an installation: what happens after the yes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mcpinstall import __version__, environments, registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.receipt import Receipt, Switch
from mcpinstall.operations import (
    host_choice,
    lookup,
    probing_server,
    server_plans,
    transaction,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.install import discard
from mcpinstall.operations.prepared import Done, Prepared
from mcpinstall.planning import checks
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import limits, machine_id


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
            return _commit(prepared, context)
    finally:
        discard(prepared)


def _commit(prepared: Prepared, context: Context) -> Done:
    staged = {slug: future.result() for slug, future in prepared.staged}
    servers = {server.slug: server for server in prepared.plan.servers}
    probed: list[float] = []

    def probe(slug: str, generation: str) -> None:
        context.progress.step(f"asking `{servers[slug].entry.name}` for its tools")
        begun = time.monotonic()
        probing_server.require_unchanged(servers[slug], generation, context)
        probed.append(time.monotonic() - begun)

    # The receipt must be known before the first effect; probe outcomes that refuse never reach it.
    results = _expected_results(prepared, staged)
    before, after = _receipts(prepared, staged, results, context)
    change = transaction.Transaction(
        action=prepared.action,
        additions=tuple(
            transaction.Addition(slug=slug, staged=environment)
            for slug, environment in staged.items()
        ),
        switches=tuple(
            Switch(
                slug=slug, before=environments.current(_home(slug, context)), after=one.generation
            )
            for slug, one in staged.items()
        ),
        changes=prepared.plan.changes,
        receipts_before=before,
        receipts_after=after,
    )
    record = transaction.run(change, context, probe)
    for server in prepared.plan.servers:
        registries.remember(server.reviewed.registry, context.paths, now=context.now)
    host_choice.remember(tuple(change.file.row for change in prepared.plan.changes), context)
    return Done(record=record, receipts=after, printed=prepared.printed, probe_seconds=sum(probed))


def _home(slug: str, context: Context) -> Path:
    return environments.server_home(context.paths.servers, slug)


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
        if lookup.manifest_digest(server.reviewed, context) != server.reviewed.manifest_sha256:
            raise McpInstallError(
                ErrorCode.PLAN_CHANGED,
                f"the registry changed what it says about `{server.name}` meanwhile",
                hint="run the command again to see the new plan",
            )


def _expected_results(
    prepared: Prepared, staged: Mapping[str, StagedEnvironment]
) -> tuple[CheckResult, ...]:
    """Return the nine results as they stand once nothing has refused."""
    plan = prepared.plan
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
                evidence=f"{count:,} files equal the inspected archives",
            ),
            CheckResult(
                check=Check.ANSWERS,
                outcome=Outcome.VERIFIED,
                evidence=f"{tools} tools, unchanged since review",
            ),
        ]
    else:
        fresh += [
            CheckResult(check=check, outcome=Outcome.NOT_CHECKED, evidence="in place already")
            for check in (Check.ENVIRONMENT, Check.ANSWERS)
        ]
    return checks.with_results(plan.checks, *fresh)


def _receipts(
    prepared: Prepared,
    staged: Mapping[str, StagedEnvironment],
    results: tuple[CheckResult, ...],
    context: Context,
) -> tuple[tuple[Receipt, ...], tuple[Receipt, ...]]:
    """Return the receipts of all touched entries before and after the change."""
    before: dict[str, Receipt] = {}
    after: dict[str, Receipt] = {}
    store = ReceiptStore(context.paths)
    for server in prepared.plan.servers:
        old = store.receipt(server.entry.name)
        if old is not None:
            before[old.entry_name] = old
        environment = staged.get(server.slug)
        for other in server_plans.receipts_of(server.slug, context) if environment else ():
            before[other.entry_name] = other
            after[other.entry_name] = replace(
                other, generation=server.generation, tree_sha256=_tree(environment, other),
                version=server.version, manifest_sha256=server.reviewed.manifest_sha256,
            )  # fmt: skip
        rows = {change.file.row.id for change in prepared.plan.changes}
        hosts_now = tuple(sorted(rows | set(old.hosts if old else ())))
        tree = _tree(environment, old)
        after[server.entry.name] = _receipt(
            server, prepared, tree_sha256=tree, rows=hosts_now, results=results, context=context
        )
    return tuple(before.values()), tuple(after.values())


def _tree(environment: StagedEnvironment | None, old: Receipt | None) -> str:
    if environment is not None:
        return environment.tree.sha256
    return old.tree_sha256 if old is not None else ""


def _receipt(
    server: ServerPlan,
    prepared: Prepared,
    *,
    tree_sha256: str,
    rows: tuple[str, ...],
    results: tuple[CheckResult, ...],
    context: Context,
) -> Receipt:
    reviewed, manifest = server.reviewed, server.reviewed.manifest
    return Receipt(
        entry_name=server.entry.name,
        name=manifest.name,
        version=manifest.version,
        title=manifest.title,
        registry_name=reviewed.registry.name,
        registry_root=reviewed.registry.root_digest,
        review=reviewed.registry.review.value,
        generation=server.generation,
        manifest_sha256=reviewed.manifest_sha256,
        lock_sha256=reviewed.lock.sha256,
        tools_sha256=reviewed.tools.sha256,
        tree_sha256=tree_sha256,
        plan_digest=prepared.plan.digest,
        python_path=str(server.interpreter.path),
        python_version=server.interpreter.version,
        python_sha256=server.interpreter.sha256,
        argv_template=server.argv_template,
        inputs=server_plans.kept_inputs(server),
        extra_arguments=server.extra_arguments,
        hosts=rows,
        artifacts=tuple((artifact.filename, artifact.sha256) for artifact in server.artifacts),
        checks=results,
        platform=context.machine.platform,
        machine=machine_id.digest(context.machine),
        installed=context.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        tool_version=__version__,
    )
