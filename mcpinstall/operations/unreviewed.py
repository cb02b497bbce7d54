"""`pypi:NAME`, `mcp:NAME`: servers that nobody reviewed, pinned by mcpinstall on the spot.

A name is bound to the index that it first came from; what was installed is kept as a lock, so
that everything later rests on the same bytes.  Nothing in the working directory has a say.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import names, tool_text
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.manifest import (
    Audience,
    Integrates,
    Manifest,
    Permissions,
    ProbeSettings,
    RemoteChoice,
)
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import RegistryKind, RegistryState, ReviewedServer, ReviewState
from mcpinstall.model.server_json import ServerJson
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.model.unreviewed_lock import (
    SourceKind,
    UnreviewedLock,
    exact_version,
    package_name,
)
from mcpinstall.operations import (
    look_alikes,
    unreviewed_locking,
    unreviewed_mcp,
    unreviewed_records,
    unreviewed_replay,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.unreviewed_locking import Wanted
from mcpinstall.operations.unreviewed_mcp import Decided
from mcpinstall.receipts.store import ReceiptStore

KINDS = {SourceKind.PYPI: RegistryKind.INDEX, SourceKind.MCP: RegistryKind.MCP}
_FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def is_one(spec: str) -> bool:
    """Tell whether `spec` names a server of such a source."""
    return spec.partition(":")[0] in set(SourceKind)


def named(spec: str) -> tuple[str, str | None]:
    """Return full name and exact version that `spec` names, as its form alone says.

    Raises:
        McpInstallError: `name-invalid`.
    """
    source, name, version = _wanted(spec)
    return f"{source}:{name}", version


def resolve(spec: str, request: Request, context: Context, *, anew: bool = False) -> ReviewedServer:
    """Return the server that `pypi:NAME[==VERSION]` or `mcp:NAME[@VERSION]` names, locked.

    What is in place already is resolved again only `anew`; what `--lock` or a draft brings, never.

    Raises:
        McpInstallError: `name-invalid`, `index-forbidden` for a name of another index,
            `lock-invalid`, and what `unreviewed_locking.lock` refuses with.
    """
    source, name, version = _wanted(spec)
    if (drafted := dict(request.locks).get(spec)) is not None:
        return drafted
    if request.lock_file is not None:
        return _replayed((source, name, version), request, context)
    if not anew and (present := _in_place(f"{source}:{name}", version, context)) is not None:
        return _reviewed(present)
    decided = _package if source is SourceKind.PYPI else unreviewed_mcp.decide
    found = decided(name, version, request, context)
    unreviewed_records.require_bound(found.lock, found.address, context)
    return _reviewed(found.lock, found.address, fact=found.fact)


def _package(name: str, version: str | None, request: Request, context: Context) -> Decided:
    found = unreviewed_locking.lock(
        Wanted(
            identifier=name,
            version=version,
            python=request.python,
            allow_yanked="yanked" in request.allow,
            offline=request.offline,
        ),
        context,
    )
    lock = UnreviewedLock(
        source=SourceKind.PYPI,
        name=name,
        version=found.choice.version,
        origin=found.origin,
        package=found.choice,
        lock=found.lock,
    )
    return Decided(lock=lock, address=found.address, fact=look_alikes.warning(name, context))


def of_receipt(receipt: Receipt, context: Context) -> ReviewedServer | None:
    """Return the server of a receipt as it was pinned; None for one of a registry.

    Its tools are those that it showed first.

    Raises:
        McpInstallError: `state-invalid` when the lock is gone, `digest-mismatch` when it differs.
    """
    if receipt.name.partition(":")[0] not in set(SourceKind):
        return None
    lock = unreviewed_records.kept(receipt.manifest_sha256, context)
    if lock is None or lock.root != receipt.registry_root:
        raise McpInstallError(
            ErrorCode.STATE_INVALID,
            f"the lock of `{receipt.entry_name}` is gone, so nothing says what was installed",
            hint=f"uninstall it, and install `{receipt.name}` again",
        )
    return _reviewed(lock, tools=unreviewed_records.first_tools(lock, context))


def spec_of(receipt: Receipt) -> str | None:
    """Return what names an installed server of such a source again; None for another one."""
    if receipt.name.partition(":")[0] == SourceKind.PYPI:
        return f"{receipt.name}=={receipt.version}"
    if receipt.name.partition(":")[0] == SourceKind.MCP:
        return f"{receipt.name}@{receipt.version}"
    return None


def keep(server: ReviewedServer, context: Context) -> None:
    """Keep lock and binding of a server that is about to be installed, after the yes."""
    if server.unreviewed is None:
        return
    unreviewed_records.require_bound(server.unreviewed, server.registry.address, context)
    unreviewed_records.keep(server.unreviewed, context)
    unreviewed_records.bind(server.unreviewed, server.registry.address, context)


def first_tools(server: ReviewedServer, context: Context) -> ToolList:
    """Return the tools to compare with: the reviewed ones, else those that were seen first."""
    if server.unreviewed is None or server.tools.known:
        return server.tools
    return unreviewed_records.first_tools(server.unreviewed, context)


def keep_tools(server: ReviewedServer, seen: ToolList, context: Context) -> None:
    """Keep the tools that were seen, if they are the first of an unreviewed server.

    Raises:
        McpInstallError: `text-hostile` for what nobody could read when it is shown later.
    """
    if (lock := server.unreviewed) is None:
        return
    tool_text.parse_tools(seen.text, f"{lock.full_name} {lock.version}")
    if not unreviewed_records.first_tools(lock, context).known:
        unreviewed_records.keep_tools(lock, seen, context)


def entry_name(lock: UnreviewedLock) -> str:
    """Return the part of the name that an entry in a host can have."""
    return lock.name.rsplit("/", 1)[-1]


def _wanted(spec: str) -> tuple[SourceKind, str, str | None]:
    """Return source, name and version of what the user typed."""
    prefix, _, rest = spec.partition(":")
    if prefix == SourceKind.MCP:
        full, at, exact = rest.partition("@")
        return SourceKind.MCP, names.server_name(full), names.version(exact) if at else None
    name, equals, version = rest.partition("==")
    if not equals and "@" in rest:
        raise McpInstallError(
            ErrorCode.NAME_INVALID,
            "the version of a Python package stands behind `==`",
            hint="for example `pypi:mcp-server-time==2026.10.19`",
        )
    exactly = exact_version(version) if equals else None
    return SourceKind.PYPI, package_name(name), exactly


def _replayed(
    wanted: tuple[SourceKind, str, str | None], request: Request, context: Context
) -> ReviewedServer:
    """Return the server of `--lock FILE`; it is checked as a new one would be."""
    lock, told = unreviewed_replay.read(wanted, request, context)
    fact = unreviewed_mcp.still(lock, request, context) if lock.entry else ""
    server = _reviewed(lock, fact=fact)
    return server if told else unreviewed_replay.without_ages(server)


def _in_place(full: str, version: str | None, context: Context) -> UnreviewedLock | None:
    """Return the lock of the installed server of that name, if its version is what is wanted."""
    for receipt in ReceiptStore(context.paths).receipts():
        if receipt.name == full and version in (None, receipt.version):
            lock = unreviewed_records.kept(receipt.manifest_sha256, context)
            if lock is not None and lock.root == receipt.registry_root:
                return lock
    return None


def _reviewed(
    lock: UnreviewedLock,
    address: str = "",
    *,
    tools: ToolList = UNKNOWN_TOOLS,
    fact: str = "",
) -> ReviewedServer:
    """Return such a server as all others are described, and that nobody vouches for it."""
    server = lock.server
    files = sum(len(package.wheels) for package in lock.lock.packages)
    return ReviewedServer(
        registry=_state(lock, address, fact),
        manifest=_manifest(lock, server),
        manifest_sha256=lock.sha256,
        server=server,
        lock=lock.lock,
        tools=tools,
        check=CheckResult(
            check=Check.MANIFEST,
            outcome=Outcome.ABSENT,
            evidence=f"nobody wrote one; {len(lock.lock.packages)} packages ({files} files) were "
            "locked on the spot, none younger than 7 days"
            if lock.package
            else "nobody wrote one; nothing of it comes to this machine",
        ),
        unreviewed=lock,
    )


def _state(lock: UnreviewedLock, address: str, fact: str) -> RegistryState:
    what = {
        SourceKind.PYPI: "no registry vouches for it: a package of your index",
        SourceKind.MCP: "described by an MCP registry, which vouches for nothing",
    }[lock.source]
    return RegistryState(
        name=lock.source.value,
        kind=KINDS[lock.source],
        root_digest=lock.root,
        serial=0,
        issued=_BEGINNING,
        expires=_FOREVER,
        review=ReviewState.UNREVIEWED,
        check=CheckResult(
            check=Check.REGISTRY,
            outcome=Outcome.ABSENT,
            evidence="; ".join(filter(None, (f"{what} {address}".strip(), fact))),
        ),
        stale=False,
        address=address,
        warnings=(fact,) if fact else (),
    )


def _manifest(lock: UnreviewedLock, server: ServerJson) -> Manifest:
    choice = lock.package
    hosts = tuple(urlsplit(remote.url).hostname or "" for remote in server.remotes)
    package_words = f"the package `{choice.identifier}` of your index" if choice else ""
    return Manifest(
        name=lock.full_name,
        version=lock.version,
        title=server.title or lock.name,
        summary=server.description if lock.entry else package_words,
        try_sentence="Which tools do you have?",
        files=(("pylock.toml", lock.lock.sha256),) if choice else (),
        package=choice,
        publisher=None,
        publisher_absent="nobody described this server",
        permissions=Permissions(network=hosts if choice is None else ()),
        probe=ProbeSettings(),
        hooks=(),
        varies=(),
        audience=Audience.TECHNICAL,
        integrates=Integrates.LOCAL if choice else Integrates.CLOUD,
        reviews=(),
        remotes=tuple(
            RemoteChoice(transport=remote.transport, url=remote.url) for remote in server.remotes
        ),
    )
