"""Find what the user names: servers in registries, entries among the receipts."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterator
from dataclasses import replace

from mcpinstall import environments, registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import names, revocation
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import RegistryKind, RegistryState, ReviewedServer, TufSource
from mcpinstall.model.server_json import STDIO
from mcpinstall.operations import bundled_packages, configuration, direct, revoked, unreviewed
from mcpinstall.operations.context import Context
from mcpinstall.operations.signers import Signers
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import bundled


def open_registries(
    context: Context, *, root: str | None = None, offline: bool = False
) -> Iterator[registries.Registry]:
    """Yield the bundled registry, then those of the user's configuration.

    One after the other: one that is not there stops only those who look that far.  With `root`
    no registry with another root is asked.
    """
    if root in (None, bundled.ROOT):
        yield registries.open_bundled(context.paths, context.now)
    for one in configuration.configured(context):
        if root in (None, configuration.root_of(one)):
            yield opened(one, context, offline=offline)


def opened(
    one: configuration.Configured, context: Context, *, offline: bool = False
) -> registries.Registry:
    """Return a registry of the user's configuration, and remember what it revokes.

    Raises:
        McpInstallError: what check 1 refuses.
    """
    found = read(one, context, offline=offline)
    if not offline:
        with contextlib.suppress(McpInstallError):  # (a look that can't be written down is a look)
            registries.note_revocations(found.state, context.paths)
    return found


def read(
    one: configuration.Configured, context: Context, *, offline: bool = False, strict: bool = False
) -> registries.Registry:
    """Return a registry of the user's configuration, its signatures checked.

    `offline` asks nobody; `strict` refuses a TUF registry that has expired or can't be asked.

    Raises:
        McpInstallError: what check 1 refuses.
    """
    if isinstance(one, TufSource):
        return registries.open_tuf(
            one,
            context.paths,
            context.now,
            machine=context.machine,
            offline=offline,
            strict=strict,
        )
    voucher = None if one.signing is None else Signers(one.name, one.signing, context)
    return registries.open_folder(
        one.path, context.paths, context.now, name=one.name, voucher=voucher
    )


def reviewed(
    spec: str, context: Context, request: Request | None = None, *, withdrawn: bool = False
) -> ReviewedServer:
    """Return the server that `spec` names: alias, full name, either with `@VERSION`.

    `remote:URL` is what runs at that address: nobody reviewed it, and no registry knows it.
    `pypi:NAME` is a package that nobody reviewed; it is locked on the spot.  For these the
    `request` that names them counts too.

    `REGISTRY:NAME` looks in one registry of the user's configuration; without it only the
    bundled one is asked.  Only with `withdrawn` a revoked server is returned, to be looked at.

    Raises:
        McpInstallError: `not-found` with near names, `name-ambiguous`, `not-supported-yet`,
            `registry-stale` for a TUF registry that has expired.
    """
    prefix, colon, rest = spec.partition(":")
    asked = request or Request(names=(spec,))
    if prefix == direct.PREFIX:
        return direct.server(rest, transport=asked.transport, headers=asked.headers)
    if unreviewed.is_one(spec):
        return not_revoked(unreviewed.resolve(spec, asked, context), context, withdrawn=withdrawn)
    for one in configuration.configured(context) if colon else ():
        if one.name == prefix:
            registry = opened(one, context, offline=asked.offline)
            registries.require_unexpired(registry.state)
            return registries.resolve(rest, [registry], withdrawn=withdrawn)
    shipped = registries.open_bundled(context.paths, context.now)
    try:
        return registries.resolve(spec, [shipped], withdrawn=withdrawn)
    except McpInstallError as error:
        if error.code is ErrorCode.NOT_FOUND and (
            name := bundled_packages.named_by(spec.partition("@")[0].partition("==")[0], shipped)
        ):
            error.hint = f"the package of that name was reviewed as `{name}`"
        raise


def of_receipt(
    receipt: Receipt, context: Context, *, offline: bool = True, withdrawn: bool = False
) -> ReviewedServer:
    """Return the server of a receipt, from the very registry that it came from.

    What is installed needs no network: a TUF registry is asked only without `offline`.  Only
    with `withdrawn` a revoked server is returned: whoever builds or writes anything asks without.

    Raises:
        McpInstallError: `registry-invalid` when that registry's root is another one now.
    """
    if receipt.registry_root == direct.ROOT:
        return direct.of_receipt(receipt)
    if (found := unreviewed.of_receipt(receipt, context)) is not None:
        return not_revoked(found, context, withdrawn=withdrawn)
    registry = registry_of(receipt, context, offline=offline)
    return registry.find(receipt.name, receipt.version, withdrawn=withdrawn)


def registry_of(receipt: Receipt, context: Context, *, offline: bool = True) -> registries.Registry:
    """Return the registry that a receipt names by its root; no other one is asked.

    Raises:
        McpInstallError: `registry-invalid` when none has that root, and what check 1 refuses.
    """
    root = receipt.registry_root
    if root == bundled.ROOT:
        return registries.open_bundled(context.paths, context.now)
    known = configuration.configured(context)
    for one in known:
        if configuration.root_of(one) == root:
            return opened(one, context, offline=offline)
    if receipt.registry_name in {one.name for one in known}:
        raise McpInstallError(
            ErrorCode.REGISTRY_INVALID,
            f"the registry `{receipt.registry_name}` has another root than the one that "
            f"`{receipt.entry_name}` came from",
            hint="a registry that changes its root is another registry: find out why, then "
            "uninstall the server and install it from the new one",
        )
    raise McpInstallError(
        ErrorCode.REGISTRY_INVALID,
        f"the registry that `{receipt.entry_name}` came from is not configured any more",
        hint=f"it was `{receipt.registry_name}`; uninstall the server, or add the registry again",
    )


def manifest_digest(
    server: ReviewedServer, context: Context, *, offline: bool = False
) -> str | None:
    """Return what the server's registry says now about the manifest of that very version."""
    manifest = server.manifest
    if server.registry.kind is RegistryKind.NONE:
        return server.manifest_sha256
    if server.unreviewed is not None:
        return not_revoked(server, context, withdrawn=False).manifest_sha256
    root = server.registry.root_digest
    for registry in open_registries(context, root=root, offline=offline):
        if registry.state.root_digest == root:
            return registry.find(manifest.name, manifest.version).manifest_sha256
    return None


def not_revoked(server: ReviewedServer, context: Context, *, withdrawn: bool) -> ReviewedServer:
    """Return a server that no registry vouches for, with what the user's registries revoked.

    Raises:
        McpInstallError: `server-revoked` and its like, without `withdrawn`.
    """
    state = replace(server.registry, revocations=revoked.for_uncertified(context))
    found = replace(server, registry=state)
    if not withdrawn:
        revocation.require_none(found.withdrawal)
    return found


def entry_name(server: ReviewedServer, wanted: str | None) -> str:
    """Return the name of the server's entry in the hosts: `--as`, its alias, or its last part."""
    if wanted is not None:
        return names.entry_name(wanted)
    for alias, name in server.registry.aliases:
        if name == server.manifest.name:
            return names.entry_name(alias)
    if server.registry.kind is RegistryKind.NONE:
        return names.entry_name(direct.entry_name(server))
    last = server.manifest.name.rsplit("/", 1)[-1]
    if server.unreviewed is not None:
        last = unreviewed.entry_name(server.unreviewed)
    return names.entry_name(re.sub(r"[^A-Za-z0-9_-]", "-", last))


def slug_of(registry: RegistryState, name: str, transport: str = STDIO) -> str:
    """Return the folder name of a server that `registry` vouches for.

    Used where it runs, it is something else than its package: it has a name, and no folder.
    """
    return names.slug(registry.root_digest, name if transport == STDIO else f"{name} remote")


def receipt_slug(receipt: Receipt) -> str:
    """Return the folder name of an installed server."""
    name = f"{receipt.name} remote" if receipt.is_remote else receipt.name
    return names.slug(receipt.registry_root, name)


def current_generation(slug: str, context: Context) -> str | None:
    """Return the generation that hosts start; None also when `current` leads anywhere else."""
    try:
        return environments.current(environments.server_home(context.paths.servers, slug))
    except McpInstallError:
        return None


def spec_of(receipt: Receipt) -> str:
    """Return what names an installed server again: in its registry, in its version."""
    if receipt.registry_root == direct.ROOT:
        return receipt.name
    if (again := unreviewed.spec_of(receipt)) is not None:
        return again
    prefix = "" if receipt.registry_name == "bundled" else f"{receipt.registry_name}:"
    return f"{prefix}{receipt.name}@{receipt.version}"


def entries_of(name: str, context: Context) -> tuple[Receipt, ...]:
    """Return the receipts of every entry of one server: `name` is its alias or full name."""
    aliases = dict(registries.open_bundled(context.paths, context.now).state.aliases)
    receipts = ReceiptStore(context.paths).receipts()
    return tuple(one for one in receipts if one.name == aliases.get(name, name))


def installed(name: str, context: Context) -> Receipt:
    """Return the receipt that `name` stands for: entry name, full name, or alias.

    Raises:
        McpInstallError: `not-installed` with near names, `name-ambiguous`.
    """
    receipts = ReceiptStore(context.paths).receipts()
    for receipt in receipts:
        if receipt.entry_name == name:
            return receipt
    full = dict(registries.open_bundled(context.paths, context.now).state.aliases)
    found = [receipt for receipt in receipts if receipt.name == full.get(name, name)]
    if len(found) == 1:
        return found[0]
    entries = [receipt.entry_name for receipt in found or receipts]
    if found:
        raise McpInstallError(
            ErrorCode.NAME_AMBIGUOUS,
            f"`{name}` is installed as {', '.join(f'`{entry}`' for entry in entries)}",
            hint="name one of these",
        )
    near = difflib.get_close_matches(name, entries, n=3)
    raise McpInstallError(
        ErrorCode.NOT_INSTALLED,
        f"`{name}` is not installed by mcpinstall",
        hint=f"did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else "see `mcpi list`",
    )
