"""`mcp:NAME`: a server as an MCP registry describes it, which vouches for nothing.

What the entry may say about how its package starts is an allow-list; the runner that it names
is never run (`registry-and-protocol.md` §2.4).
"""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall import environments, indexes, registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, names, server_text
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.plan import Request
from mcpinstall.model.registry_entry import RegistryEntry, Status
from mcpinstall.model.server_json import (
    REMOTE_TRANSPORTS,
    STDIO,
    NamedArgument,
    Package,
    ServerJson,
)
from mcpinstall.model.unreviewed_lock import SourceKind, UnreviewedLock
from mcpinstall.operations import configuration, unreviewed_locking
from mcpinstall.operations.context import Context
from mcpinstall.operations.unreviewed_locking import Wanted

_IGNORED = {"-q", "--quiet", "-p", "--python"}
"""Options of `uvx` that change nothing here: the user's own interpreter is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was pinned just now, and where its name belongs to."""

    lock: UnreviewedLock
    address: str
    """Of the index or registry, for people."""
    fact: str = ""
    """What else its source says, such as that it is deprecated."""


def decide(name: str, version: str | None, request: Request, context: Context) -> Decided:
    """Ask the user's MCP registry for a server, and lock its package if it runs here.

    Raises:
        McpInstallError: `not-found`, `version-revoked` for a deleted entry, `registry-invalid`,
            `server-json-invalid`, `not-supported-yet`, `index-forbidden`, and what
            `unreviewed_locking.lock` refuses with.
    """
    entry, address, fact = described(name, version, request, context)
    package = chosen(entry.server, request.transport)
    pinned = None if package is None else _locked(package, entry.server, request, context)
    lock = UnreviewedLock(
        source=SourceKind.MCP,
        name=name,
        version=entry.server.version,
        origin=_origin(address),
        package=pinned.choice if pinned else None,
        entry=entry.document,
        entry_sha256=entry.sha256,
        lock=pinned.lock if pinned else NO_LOCK,
    )
    return Decided(lock=lock, address=address, fact=fact)


def described(
    name: str, version: str | None, request: Request, context: Context
) -> tuple[RegistryEntry, str, str]:
    """Return what the user's MCP registry says of a server, its address, and what to tell.

    Raises:
        McpInstallError: `not-found`, `version-revoked` for a deleted entry, `registry-invalid`,
            `server-json-invalid`.
    """
    address = configuration.mcp_registry(context)
    if request.offline:
        raise McpInstallError(
            ErrorCode.OFFLINE_MISSING,
            f"`mcp:{name}` can't be looked up without its registry",
            hint="without `--offline`, or with `--lock FILE` of an earlier plan",
        )
    entry = _asked(address, name, version, context)
    return entry, address, _require_alive(entry, request)


def still(lock: UnreviewedLock, request: Request, context: Context) -> str:
    """Ask the registry that a lock's entry is of whether it still stands by it.

    Returns what it says of it, such as that it is deprecated; nothing with `--offline`, or where
    the user's configuration names no registry, or another one.

    Raises:
        McpInstallError: `version-revoked` for an entry that was deleted since, `lock-invalid`
            for one that the registry has in another form; what asking it is refused with.
    """
    try:
        address = configuration.mcp_registry(context)
    except McpInstallError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        return ""
    if request.offline or lock.origin != _origin(address):
        return ""
    entry = _asked(address, lock.name, lock.version, context)
    fact = _require_alive(entry, request)
    if (entry.sha256, entry.document) != (lock.entry_sha256, lock.entry):
        raise McpInstallError(
            ErrorCode.LOCK_INVALID,
            f"the registry describes `{lock.name}` {lock.version} in another way than the lock",
            hint="without `--lock` it is looked at anew",
        )
    return fact


def _asked(address: str, name: str, version: str | None, context: Context) -> RegistryEntry:
    context.progress.step(f"asking the MCP registry about `{name}`")
    asked = registries.McpRegistry(address, context.machine)
    try:
        return asked.entry(name, version)
    finally:
        asked.close()


def _origin(address: str) -> str:
    return json_text.digest(address.rstrip("/"))


def chosen(server: ServerJson, transport: str | None = None) -> Package | None:
    """Return the package that is installed; None where the server is used where it runs.

    Raises:
        McpInstallError: `not-supported-yet` naming the types that there are, `name-ambiguous`.
    """
    local = [p for p in server.packages if (p.registry_type, p.transport) == ("pypi", STDIO)]
    if server.remotes and (not local or transport in REMOTE_TRANSPORTS):
        return None
    if len(local) > 1:
        raise McpInstallError(
            ErrorCode.NAME_AMBIGUOUS,
            f"`{server.name}` has {len(local)} Python packages",
            hint="install the one you mean: "
            + ", ".join(f"`pypi:{package.identifier}=={package.version}`" for package in local),
        )
    if local:
        return local[0]
    kinds = sorted({f"{package.registry_type} over {package.transport}" for package in
                    server.packages})  # fmt: skip
    raise McpInstallError(
        ErrorCode.NOT_SUPPORTED_YET,
        f"`{server.name}` is offered as {', '.join(kinds) or 'nothing'}, which mcpinstall can't "
        "install yet",
        hint="Python packages over stdio and remote servers can be installed",
    )


def scripts(server: ServerJson) -> tuple[str, ...]:
    """Return the script that the entry's runtime arguments name; nothing when they name none.

    Raises:
        McpInstallError: `server-json-invalid` for arguments that would start something else.
    """
    package = chosen(server, STDIO)
    found: list[str] = []
    for argument in package.runtime_arguments if package else ():
        text = argument.input.value or argument.input.default or ""
        if not isinstance(argument, NamedArgument):
            found.append(text or argument.hint or "")
        elif argument.name == "--from" and package is not None:
            _require_same_package(text, package)
        elif argument.name not in _IGNORED:
            raise _misused(f"passes `{argument.name} {text}` to the program that starts it")
    if len(found) > 1:
        raise _misused(f"starts `{' '.join(found)}`, more than a script")
    return tuple(found)


def _locked(
    package: Package, server: ServerJson, request: Request, context: Context
) -> unreviewed_locking.Locked:
    index = indexes.effective_index(context.machine, environments.uv_program())
    server_text.require_default_index(package, index.url)
    return unreviewed_locking.lock(
        Wanted(
            identifier=package.identifier,
            version=package.version,
            python=request.python,
            scripts=scripts(server),
            server_name=server.name,
            allow_yanked="yanked" in request.allow,
            offline=request.offline,
        ),
        context,
    )


def _require_same_package(text: str, package: Package) -> None:
    name, _, version = text.replace("@", "==").partition("==")
    same = names.normalized_package(name) == names.normalized_package(package.identifier)
    if not same or version not in ("", package.version):
        raise _misused(f"takes its script from `{text}`, which is another package")


def _misused(what: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.SERVER_JSON_INVALID,
        f"the registry's entry {what}",
        hint="mcpinstall starts the package's own script and nothing else; tell the publisher",
    )


def _require_alive(entry: RegistryEntry, request: Request) -> str:
    """Refuse what the registry took back; return what it says of the rest."""
    words = f": {entry.message}" if entry.message else ""
    if entry.status is Status.DELETED:
        raise McpInstallError(
            ErrorCode.VERSION_REVOKED,
            f"the registry deleted `{entry.server.name}` {entry.server.version}{words}",
            hint="a deleted entry was often malware; don't install it another way",
        )
    if entry.status is Status.ACTIVE:
        return ""
    if request.unattended and "yanked" not in request.allow:
        raise McpInstallError(
            ErrorCode.VERSION_YANKED,
            f"the registry calls `{entry.server.name}` deprecated{words}",
            hint="look for its successor, or use `--allow yanked`",
        )
    return f"the registry calls it DEPRECATED{words}"
