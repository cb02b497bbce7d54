"""What an index or an MCP registry offers in the place of a server that nobody reviewed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcpinstall import environments, indexes, registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.names import normalized_package
from mcpinstall.model.plan import Request
from mcpinstall.model.policy import PolicySubject, RuleKey
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.registry_entry import Status
from mcpinstall.model.server_json import STDIO
from mcpinstall.model.unreviewed_lock import SourceKind
from mcpinstall.operations import (
    configuration,
    early_refusals,
    lookup,
    policies,
    seen_tools,
    unreviewed,
    unreviewed_records,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.unreviewed_locking import MINIMUM_AGE
from mcpinstall.planning import policy_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One newer version that is not offered, and why."""

    version: str
    code: ErrorCode
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """What a source without reviews has."""

    version: str
    """Newer than what is installed, and old enough; else nothing."""
    newest: str
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def is_one(receipt: Receipt) -> bool:
    """Tell whether an installed server is of such a source."""
    return receipt.name.partition(":")[0] in set(SourceKind)


def newest(receipt: Receipt, request: Request, context: Context) -> Newest:
    """Ask the source of a receipt for its newest version; nothing is resolved or downloaded.

    Raises:
        McpInstallError: `offline-missing`, `index-unavailable`, `index-forbidden` when the name
            would come from elsewhere now, `not-found`, or `policy-refused`.
    """
    if request.offline:
        raise McpInstallError(
            ErrorCode.OFFLINE_MISSING,
            f"`{receipt.name}` can't be looked up without its source",
            hint="without `--offline`",
        )
    early_refusals.of_names(Request(names=(receipt.name,)), context)
    _require_source(receipt, context)
    kind = receipt.name.partition(":")[0]
    return _described(receipt, context) if kind == SourceKind.MCP else _released(receipt, context)


def resolved(receipt: Receipt, version: str, request: Request, context: Context) -> ReviewedServer:
    """Return a version from the very source of a receipt, locked now; the newest without one.

    Raises:
        McpInstallError: `index-forbidden` when the name comes from elsewhere now, and what
            `unreviewed.resolve` refuses with.
    """
    _require_source(receipt, context)
    kind = receipt.name.partition(":")[0]
    separator = "==" if kind == SourceKind.PYPI else "@"
    spec = f"{receipt.name}{separator}{version}" if version else receipt.name
    asked = replace(request, python=request.python or _python(receipt, context), lock_file=None)
    found = unreviewed.resolve(spec, asked, context, anew=True)
    if found.registry.root_digest != receipt.registry_root:
        raise _elsewhere(receipt, found.registry.address)
    return lookup.not_revoked(seen_tools.with_seen(found, context), context, withdrawn=False)


def same_files(server: ReviewedServer, receipt: Receipt, context: Context) -> bool:
    """Tell whether what was locked anew is what is installed, down to every file."""
    lock = unreviewed_records.kept(receipt.manifest_sha256, context)
    if lock is None:
        return False
    before, now = (
        {one.sha256 for package in found.packages for one in package.wheels}
        for found in (lock.lock, server.lock)
    )
    return (before, lock.server) == (now, server.server)


def _python(receipt: Receipt, context: Context) -> str | None:
    """Return the Python that the server runs with, while it is there."""
    try:
        environments.choose_interpreter(">=3.11", context.machine, receipt.python_path)
    except McpInstallError:
        return None
    return receipt.python_path


def _require_source(receipt: Receipt, context: Context) -> None:
    """Refuse when the source that a server came from is configured no more; nobody is asked."""
    lock = unreviewed_records.kept(receipt.manifest_sha256, context)
    if lock is None:
        return
    if lock.source is SourceKind.MCP:
        address = configuration.mcp_registry(context)
        shown = {json_text.digest(address.rstrip("/")): address}
    else:
        index = indexes.effective_index(context.machine, environments.uv_program())
        shown = {json_text.digest(one.url.text): one.shown for one in index.sources}
    if lock.origin not in shown:
        raise _elsewhere(receipt, ", ".join(shown.values()))


def _released(receipt: Receipt, context: Context) -> Newest:
    """Look at the page of a package, on the index that its name belongs to."""
    lock = unreviewed_records.kept(receipt.manifest_sha256, context)
    name = normalized_package(receipt.name.partition(":")[2])
    index = indexes.effective_index(context.machine, environments.uv_program())
    home = indexes.home_of(name, index, context.machine)
    if home is None:
        raise McpInstallError(ErrorCode.NOT_FOUND, f"no package is named `{name}` on your index")
    if lock is not None and json_text.digest(home.source.url.text) != lock.origin:
        raise _elsewhere(receipt, home.source.shown)
    every = indexes.newest_release(name, home.page, context.now)
    old = indexes.newest_release(name, home.page, context.now - MINIMUM_AGE)
    if every is None:
        why = "the index tells no times, so nobody knows which release is old enough"
        return Newest(version="", newest=receipt.version, notes=(why,))
    allowed = old.version if old and registries.is_newer(old.version, receipt.version) else ""
    latest = every.version if registries.is_newer(every.version, receipt.version) else ""
    refusals: tuple[Refusal, ...] = ()
    if allowed and old and (error := _too_young(receipt, old, context)):
        refusals = (Refusal(version=allowed, code=error.code, why=error.message),)
        allowed = ""
    elif latest and latest != allowed:
        days = (context.now - every.uploaded).days
        why = f"it is {days} days old, and nothing younger than {MINIMUM_AGE.days} days is taken"
        refusals = (Refusal(version=latest, code=ErrorCode.POLICY_REFUSED, why=why),)
    return Newest(version=allowed, newest=latest or receipt.version, refusals=refusals)


def _too_young(
    receipt: Receipt, release: indexes.Release, context: Context
) -> McpInstallError | None:
    """Return why a policy wants an older release still."""
    ages = frozenset({RuleKey.MIN_RELEASE_AGE_DAYS})
    rules = policy_rules.only(policies.load(context), ages)
    subject = PolicySubject(
        name=receipt.name, version=release.version, registry=SourceKind.PYPI.value,
        root_digest=receipt.registry_root, certified=False, criteria=(), transport=STDIO,
        released=release.uploaded,
    )  # fmt: skip
    return policy_rules.refused(policies.decide(rules, subject, context), subject)


def _described(receipt: Receipt, context: Context) -> Newest:
    """Ask the MCP registry which version it calls the latest."""
    address = configuration.mcp_registry(context)
    asked = registries.McpRegistry(address, context.machine)
    try:
        entry = asked.entry(receipt.name.partition(":")[2], None)
    finally:
        asked.close()
    version = entry.server.version
    if not registries.is_newer(version, receipt.version):
        return Newest(version="", newest=receipt.version)
    if entry.status is Status.DELETED:
        why = "the registry deleted it"
        refusal = Refusal(version=version, code=ErrorCode.VERSION_REVOKED, why=why)
        return Newest(version="", newest=version, refusals=(refusal,))
    return Newest(version=version, newest=version)


def _elsewhere(receipt: Receipt, address: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.INDEX_FORBIDDEN,
        f"`{receipt.name}` would come from `{address or 'elsewhere'}` now, which is not where "
        "what is installed came from",
        hint="a name belongs to one source: configure the old one again, or uninstall the server "
        "and install it anew",
    )
