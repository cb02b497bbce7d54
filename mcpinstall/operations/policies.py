"""The policy that holds here: system, user and project; what it says of servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from mcpinstall import hosts, registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import policy_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.host import HostRow, SecretPlace
from mcpinstall.model.manifest import REMOTE_CRITERIA
from mcpinstall.model.names import normalized_package
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.policy import Decision, Level, Origin, Policy, PolicySubject
from mcpinstall.model.publisher import ServerPublishers
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import RegistryKind, ReviewedServer, ReviewState
from mcpinstall.model.server_json import STDIO
from mcpinstall.operations import lookup
from mcpinstall.operations.context import Context
from mcpinstall.planning import policy_rules
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import limits, policy_files

UNKNOWN_HOST: tuple[str, ...] = ()
"""Stands for a host that nobody can tell: the entry is printed for whoever takes it."""


# Files -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A place where a policy can be, and what is there."""

    origin: Origin
    policy: Policy | None
    """None where there is no file."""


def found(context: Context) -> tuple[PolicyFile, ...]:
    """Return the places of all policies; of the project's, only those where there is one.

    Raises:
        McpInstallError: `policy-unsafe`, `policy-invalid`, `state-unsafe`, `file-unreadable`.
    """
    system = policy_files.system_path(context.machine)
    user = context.paths.config / policy_files.POLICY
    of_project = [
        (path, data)
        for path in policy_files.project_paths(context.machine)
        if (data := policy_files.read_project(path)) is not None
    ]
    if len(of_project) > limits.PROJECT_POLICIES:
        raise McpInstallError(
            ErrorCode.POLICY_INVALID,
            f"more than {limits.PROJECT_POLICIES} folders above this one have a policy",
            hint="work in another folder, or put them together in one file",
        )
    return (
        _file(Level.SYSTEM, system, policy_files.read_system(context.machine)),
        _file(Level.USER, user, policy_files.read_user(user)),
        *(_file(Level.PROJECT, path, data) for path, data in of_project),
    )


def _file(level: Level, path: Path, data: bytes | None) -> PolicyFile:
    origin = Origin(level=level, path=str(path))
    parsed = None if data is None else policy_text.parse(data, origin)
    return PolicyFile(origin=origin, policy=parsed)


def load(context: Context) -> Policy:
    """Return the policy that holds here.

    Raises:
        McpInstallError: as `found`, and `policy-loosened`.
    """
    return merged(found(context))


def merged(places: Iterable[PolicyFile]) -> Policy:
    """Return the policy of several files.

    Raises:
        McpInstallError: `policy-loosened`, `policy-invalid`.
    """
    return policy_rules.merge([one.policy for one in places if one.policy is not None])


def require_same(policy: Policy, context: Context) -> None:
    """Repeat check 3: refuse when a policy file was changed since the plan was made.

    Raises:
        McpInstallError: `plan-changed`, or what `load` refuses.
    """
    if load(context) != policy:
        raise McpInstallError(
            ErrorCode.PLAN_CHANGED,
            "a policy file was changed meanwhile",
            hint="run the command again to see what it allows now",
        )


# Servers ---------------------------------------------------------------------------------------


def require(
    servers: Sequence[ServerPlan],
    names: Sequence[tuple[str, ...]],
    policy: Policy,
    context: Context,
    published: Sequence[ServerPublishers] | None = None,
) -> dict[str, str]:
    """Refuse the servers that `policy` forbids; return what check 3 rests on, by slug.

    `names` are those of each host that gets the entries; `published` is check 5, and None before
    it was done: then a rule about publishers refuses only what can't pass it any more.

    Raises:
        McpInstallError: `policy-refused`.
    """
    bases = {}
    for server in servers:
        subject = of_plan(server, names, _publisher(server, published))
        decision = decide(policy, subject, context)
        if error := policy_rules.refused(decision, subject):
            raise error
        bases[server.slug] = policy_rules.evidence(policy, decision)
    return bases


def host_names(rows: Iterable[HostRow]) -> tuple[tuple[str, ...], ...]:
    """Return by which names a policy can mean each host."""
    return tuple((row.product, row.id) for row in rows)


def entry_hosts(servers: Sequence[ServerPlan], context: Context) -> tuple[tuple[str, ...], ...]:
    """Return the hosts that have entries of these servers now."""
    slugs = {server.slug for server in servers}
    receipts = ReceiptStore(context.paths).receipts() if slugs else ()
    return tuple(
        name
        for receipt in receipts
        if lookup.receipt_slug(receipt) in slugs
        for name in _of_receipt(receipt)
    )


def _of_receipt(receipt: Receipt) -> tuple[tuple[str, ...], ...]:
    return host_names(hosts.find_rows(row) for row in receipt.hosts)


def _publisher(server: ServerPlan, published: Sequence[ServerPublishers] | None) -> str | None:
    if server.remote is not None:
        return ""
    if published is not None:
        found = next(one.main for one in published if one.slug == server.slug)
        return found.repository if found else ""
    unknown = server.reviewed.unreviewed is not None or server.already_installed
    return None if unknown else _named(server.reviewed)


def _named(server: ReviewedServer) -> str:
    """Return the repository that a manifest names: nothing else is ever installed."""
    publisher = server.manifest.publisher
    return publisher.repository if publisher and server.manifest.package else ""


def of_plan(
    server: ServerPlan, names: Sequence[tuple[str, ...]], publisher: str | None
) -> PolicySubject:
    """Return what is to be judged of a plan."""
    entry = server.entry
    values = (*entry.env, *(entry.remote.headers if entry.remote else ()))
    clear = [value.asked for value in values if value.secret and value.value is not None]
    clear += [value.name for value in server.inputs if value.place is SecretPlace.CLEAR]
    return _subject(
        server.reviewed,
        server.remote.transport if server.remote else STDIO,
        server.remote.url if server.remote else "",
        names,
        server.artifacts,
        clear,
        publisher,
    )


def of_source(server: ReviewedServer, transport: str) -> PolicySubject:
    """Return what is to be judged of a server before its inputs and hosts are known."""
    return _subject(server, transport, "", (), (), (), None)


def of_receipt(receipt: Receipt, server: ReviewedServer) -> PolicySubject:
    """Return what is to be judged of what is installed, as its registry describes it today."""
    digests = {sha256 for _, sha256 in receipt.artifacts}
    wheels = [wheel for package in server.lock.packages for wheel in package.wheels]
    clear = [value.name for value in receipt.inputs if value.place is SecretPlace.CLEAR]
    return _subject(
        server,
        receipt.transport,
        receipt.url,
        _of_receipt(receipt),
        [wheel for wheel in wheels if wheel.sha256 in digests],
        clear,
        _of_main(receipt, server),
    )


def of_newer(
    receipt: Receipt, server: ReviewedServer, artifacts: Sequence[Artifact]
) -> PolicySubject:
    """Return what is to be judged of a version that could take the place of an installed one."""
    clear = [value.name for value in receipt.inputs if value.place is SecretPlace.CLEAR]
    named = None if server.unreviewed is not None else _named(server)
    hosts_of = _of_receipt(receipt)
    return _subject(server, receipt.transport, receipt.url, hosts_of, artifacts, clear, named)


def _of_main(receipt: Receipt, server: ReviewedServer) -> str:
    package = server.manifest.package
    main = "" if package is None else normalized_package(package.identifier)
    found = (one.identity.repository for one in receipt.publishers if one.package == main)
    return next(found, "")


def _subject(  # noqa: PLR0917 (what a plan and a receipt have in common)
    server: ReviewedServer,
    transport: str,
    url: str,
    names: Sequence[tuple[str, ...]],
    artifacts: Sequence[Artifact],
    clear: Sequence[str],
    publisher: str | None,
) -> PolicySubject:
    manifest, registry = server.manifest, server.registry
    meant = [one for one in manifest.criteria if not url or one in REMOTE_CRITERIA]
    return PolicySubject(
        name=manifest.name,
        version=manifest.version,
        registry=registry.name,
        root_digest=registry.root_digest,
        certified=registry.review is ReviewState.CERTIFIED,
        criteria=tuple(meant),
        transport=transport,
        address=(urlsplit(url).hostname or "?").rstrip(".").lower() if url else "",
        hosts=tuple(names),
        released=_released(server, artifacts),
        publisher=publisher,
        clear_text=tuple(dict.fromkeys(clear)),
    )


def _released(server: ReviewedServer, artifacts: Sequence[Artifact]) -> datetime | None:
    """Return by when the newest file surely was published, or None if nobody vouches for that.

    Times in a lock count where a registry vouches for the lock.  Without them, the files are no
    younger than the registry that names their digests.
    """
    registry = server.registry
    certified = registry.review is ReviewState.CERTIFIED
    if registry.kind is RegistryKind.FOLDER and not certified:
        return None
    times = [one.uploaded for one in artifacts]
    known = [time for time in times if time is not None]
    if known and len(known) == len(times):
        return max(known)
    return registry.issued if certified else None


# What is installed -----------------------------------------------------------------------------


def decision(
    receipt: Receipt, server: ReviewedServer, policy: Policy, context: Context
) -> Decision:
    """Return what the policy of today says of what is installed."""
    return decide(policy, of_receipt(receipt, server), context)


def decide(policy: Policy, subject: PolicySubject, context: Context) -> Decision:
    """Decide by the machine's clock and, where exceptions end, by the latest time seen."""
    ends = any(rule.exceptions for rule in policy.rules)
    latest = registries.latest(context.paths) if ends else None
    return policy_rules.decide(policy, subject, context.now, latest)


def require_installable(receipts: Iterable[Receipt], policy: Policy, context: Context) -> None:
    """Refuse to bring back entries that the policy of today forbids.

    Raises:
        McpInstallError: `policy-refused`; `registry-invalid` where nobody can tell any more what
            a server is, and there are rules.
    """
    for receipt in receipts if policy.rules else ():
        server = lookup.of_receipt(receipt, context, withdrawn=True)  # (told apart from rules)
        subject = of_receipt(receipt, server)
        decision = decide(policy, subject, context)
        if error := policy_rules.refused(decision, subject):
            raise error


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One server, installed or of a registry, and what the policy says of it."""

    name: str
    version: str
    entry_name: str
    """Empty for one that is not installed."""
    refusals: tuple[str, ...]
    excepted: tuple[str, ...]
    problem: McpInstallError | None = None
    """Why it could not be judged."""


def judge_installed(policy: Policy, context: Context) -> Iterator[Judged]:
    """Yield every installed entry with what the policy of today says of it."""
    for receipt in ReceiptStore(context.paths).receipts():
        try:
            server = lookup.of_receipt(receipt, context)
        except McpInstallError as error:
            yield Judged(
                name=receipt.name, version=receipt.version, entry_name=receipt.entry_name,
                refusals=(), excepted=(), problem=error,
            )  # fmt: skip
            continue
        yield _judged(of_receipt(receipt, server), receipt.entry_name, policy, context)


def judge(specs: Iterable[str], policy: Policy, context: Context) -> Iterator[Judged]:
    """Yield what the policy says of servers that could be installed, whatever the host.

    Raises:
        McpInstallError: `not-found`, `name-ambiguous` …
    """
    for spec in specs:
        server = lookup.reviewed(spec, context)
        remote = server.manifest.remotes[0] if server.manifest.package is None else None
        wheels = [wheel for package in server.lock.packages for wheel in package.wheels]
        subject = _subject(
            server, remote.transport if remote else STDIO, remote.url if remote else "",
            (), wheels, (), "" if remote else _named(server),
        )  # fmt: skip
        yield _judged(subject, "", policy, context)


def _judged(subject: PolicySubject, entry: str, policy: Policy, context: Context) -> Judged:
    decision = decide(policy, subject, context)
    return Judged(
        name=subject.name,
        version=subject.version,
        entry_name=entry,
        refusals=tuple(policy_rules.sentence(one) for one in decision.refusals),
        excepted=tuple(
            f"`{rule.key}` until {one.until}: {one.reason}" for rule, one in decision.excepted
        ),
    )
