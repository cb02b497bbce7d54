"""What receipts say after a change: of the entries in a plan, and of those that share theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mcpinstall import __version__
from mcpinstall.model.checks import Check, CheckResult
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.receipt import Hold, Receipt
from mcpinstall.model.server_json import STDIO
from mcpinstall.operations import server_plans
from mcpinstall.operations.context import Context
from mcpinstall.operations.lookup import receipt_slug
from mcpinstall.operations.prepared import Prepared
from mcpinstall.planning import checks
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import machine_id


def of_installation(
    prepared: Prepared,
    staged: Mapping[str, StagedEnvironment],
    results: tuple[CheckResult, ...],
    context: Context,
) -> tuple[tuple[Receipt, ...], tuple[Receipt, ...]]:
    """Return the receipts of all touched entries before and after the change.

    A new environment is every entry's of its server; an entry that is added to one in place
    has the evidence of the others.
    """
    before: dict[str, Receipt] = {}
    after: dict[str, Receipt] = {}
    for server in prepared.plan.servers:
        siblings = server_plans.receipts_of(server.slug, context)
        environment = staged.get(server.slug)
        new = _receipt(
            server,
            prepared,
            tree_sha256=environment.tree.sha256 if environment else "",
            siblings=siblings,
            results=results,
            context=context,
        )
        if environment is None and server.remote is None:
            new = with_environment(new, siblings[0])
        elif environment is not None:
            before |= {one.entry_name: one for one in siblings}
            after |= {one.entry_name: with_environment(one, new) for one in siblings}
        before |= {one.entry_name: one for one in siblings if one.entry_name == new.entry_name}
        after[new.entry_name] = new
    for plan in (plan for one in prepared.replacements for plan in one.siblings):
        after[plan.entry.name] = replace(
            after[plan.entry.name],
            inputs=server_plans.kept_inputs(plan),
            argv_template=plan.argv_template,
        )
    for slug, hold in prepared.holds:  # of a server, not of one entry
        siblings = server_plans.receipts_of(slug, context)
        if any(one.hold is Hold.HELD for one in siblings):  # (another `mcpi` did, since the plan)
            continue
        before |= {one.entry_name: one for one in siblings if one.hold is not hold}
        wanted = {one.entry_name: one for one in siblings if one.hold is not hold} | {
            name: one for name, one in after.items() if receipt_slug(one) == slug
        }
        after |= {name: replace(one, hold=hold) for name, one in wanted.items()}
    return tuple(before.values()), tuple(after.values())


def with_environment(receipt: Receipt, other: Receipt) -> Receipt:
    """Return a receipt with the environment of `other`, and what was checked of that."""
    results = (one for one in other.checks if one.check is not Check.HOST_FILES)
    return replace(
        receipt,
        version=other.version,
        title=other.title,
        review=other.review,
        backing=other.backing,
        generation=other.generation,
        manifest_sha256=other.manifest_sha256,
        lock_sha256=other.lock_sha256,
        tools_sha256=other.tools_sha256,
        tree_sha256=other.tree_sha256,
        python_path=other.python_path,
        python_version=other.python_version,
        python_sha256=other.python_sha256,
        artifacts=other.artifacts,
        publishers=other.publishers,
        checks=checks.with_results(receipt.checks, *results),
    )


def with_new_environment(
    receipt: Receipt, server: ServerPlan, staged: StagedEnvironment
) -> Receipt:
    """Return a receipt of the same version with an environment that was built again."""
    return replace(
        receipt,
        generation=staged.generation,
        tree_sha256=staged.tree.sha256,
        python_path=str(server.python.path),
        python_version=server.python.version,
        python_sha256=server.python.sha256,
        artifacts=tuple((artifact.filename, artifact.sha256) for artifact in server.artifacts),
    )


def _rows(
    server: ServerPlan, prepared: Prepared, siblings: Sequence[Receipt], context: Context
) -> tuple[str, ...]:
    """Return the rows whose files hold the entry afterwards."""
    name = server.entry.name
    known = {row for one in siblings if one.entry_name == name for row in one.hosts}
    written = {one.file.row.id for one in prepared.plan.changes if name in one.chain_after.names}
    return tuple(sorted(known | written | set(ReceiptStore(context.paths).rows_with(name))))


def _adopted(server: ServerPlan, prepared: Prepared, siblings: Sequence[Receipt]) -> str:
    """Return what hosts started before the entry was adopted, now or at an earlier time."""
    if prepared.request.adopted is not None:
        return prepared.request.adopted.starts
    return next((one.adopted for one in siblings if one.entry_name == server.entry.name), "")


def _receipt(
    server: ServerPlan,
    prepared: Prepared,
    *,
    tree_sha256: str,
    siblings: Sequence[Receipt],
    results: tuple[CheckResult, ...],
    context: Context,
) -> Receipt:
    reviewed, manifest = server.reviewed, server.reviewed.manifest
    python, remote = server.interpreter, server.remote
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
        python_path=str(python.path) if python else "",
        python_version=python.version if python else "",
        python_sha256=python.sha256 if python else "",
        argv_template=server.argv_template,
        inputs=server_plans.kept_inputs(server),
        extra_arguments=server.extra_arguments,
        hosts=_rows(server, prepared, siblings, context),
        artifacts=tuple((artifact.filename, artifact.sha256) for artifact in server.artifacts),
        checks=results,
        platform=context.machine.platform,
        machine=machine_id.digest(context.machine),
        installed=context.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        tool_version=__version__,
        transport=remote.transport if remote else STDIO,
        url=remote.url if remote else "",
        headers=remote.headers if remote else (),
        publishers=next(
            (o.verified for o in prepared.plan.publishers if o.slug == server.slug), ()
        ),
        backing=reviewed.backing,
        hold=next((one.hold for one in siblings), Hold.NONE),
        adopted=_adopted(server, prepared, siblings),
        keeps=server.entry.keeps,
    )
