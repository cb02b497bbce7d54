"""Does its registry still vouch for what is installed?  Told from what is on this disk."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, names
from mcpinstall.model.backing import Backing
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import RegistryKind, ReviewedServer, ReviewState, TufSource
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.operations import configuration
from mcpinstall.operations.context import Context
from mcpinstall.system import bundled, files, limits

_ROLLED_BACK = (ErrorCode.REGISTRY_ROLLED_BACK, ErrorCode.SIGNATURE_INVALID)
_NOT_HERE = (
    ErrorCode.NOT_FOUND,
    ErrorCode.OFFLINE_MISSING,
    ErrorCode.REGISTRY_UNAVAILABLE,
    ErrorCode.REGISTRY_INVALID,
    ErrorCode.FILE_UNREADABLE,
)
"""What was there at the installation and is not on this disk now: nothing is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the registry of an installed server says of it today."""

    regressed: str = ""
    """How that is less than at the installation, or about somebody else."""
    unknown: str = ""
    """Why nothing can be said."""
    problem: McpInstallError | None = None
    """The registry's copy on this disk is damaged, or holds what is refused."""
    tools: ToolList = UNKNOWN_TOOLS


def standing(receipt: Receipt, context: Context) -> Standing:
    """Compare a receipt with the registry that it came from, without asking anybody.

    A manifest of the bundled registry that is still the one of the receipt is not read again.
    """
    try:
        if receipt.registry_root == bundled.ROOT:
            return _of_bundled(receipt, context)
        if _is_tuf(receipt, context):
            return Standing(unknown="to read a TUF registry is to write; `mcpi verify` does it")
        from mcpinstall.operations import lookup

        server = lookup.of_receipt(receipt, context, offline=True, withdrawn=True)
        return Standing(regressed=_regressed(receipt, server, context), tools=server.tools)
    except McpInstallError as error:
        if error.code in _ROLLED_BACK or _has_other_root(receipt, error, context):
            return Standing(regressed=error.message)
        if error.code in _NOT_HERE:
            return Standing(unknown=error.message)
        return Standing(problem=error)


def accepted_hooks(receipt: Receipt, context: Context) -> frozenset[str] | None:
    """Return the digests of the start-up hooks that reviewers accepted; None if unknown."""
    from mcpinstall.operations import lookup

    try:
        if _is_tuf(receipt, context):
            return None
        server = lookup.of_receipt(receipt, context, offline=True, withdrawn=True)
    except McpInstallError:
        return None
    return frozenset(one.sha256 for one in server.manifest.hooks)


def packages(receipt: Receipt) -> tuple[tuple[str, str], ...]:
    """Return name and version of each package that was installed, told from its files' names."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    found = set()
    for filename, _ in receipt.artifacts:
        with contextlib.suppress(InvalidWheelFilename):
            name, version, *_ = parse_wheel_filename(filename)
            found.add((str(name), str(version)))
    return tuple(sorted(found))


def _of_bundled(receipt: Receipt, context: Context) -> Standing:
    registry = registries.open_bundled(context.paths, context.now)
    pinned = {row.version: row.sha256 for row in registry.rows_of(receipt.name)}
    if pinned.get(receipt.version) != receipt.manifest_sha256:
        server = registry.find(receipt.name, receipt.version, withdrawn=True)
        return Standing(regressed=_regressed(receipt, server, context), tools=server.tools)
    return Standing(regressed=_newer(receipt, registry), tools=_bundled_tools(receipt))


def _bundled_tools(receipt: Receipt) -> ToolList:
    """Return the tools that were reviewed, if the file is still the one of the receipt."""
    folder = registries.bundled_folder() / names.server_name(receipt.name) / receipt.version
    if not receipt.tools_sha256 or "/" in receipt.version or receipt.version.startswith("."):
        return UNKNOWN_TOOLS
    data = files.read_optional(folder / "tools.json", limits.TOOLS_BYTES)
    if data is None or hashlib.sha256(data.rstrip(b"\n")).hexdigest() != receipt.tools_sha256:
        return UNKNOWN_TOOLS
    value = json_text.parse(data, "tools.json")
    tools = value.get("tools") if isinstance(value, Mapping) else None
    return ToolList(tools=tuple(tools)) if isinstance(tools, list) else UNKNOWN_TOOLS


def _is_tuf(receipt: Receipt, context: Context) -> bool:
    """Tell whether its registry is a TUF one: even offline, its client saves what it reads."""
    known = configuration.configured(context)
    return any(isinstance(one, TufSource) and one.root == receipt.registry_root for one in known)


def _has_other_root(receipt: Receipt, error: McpInstallError, context: Context) -> bool:
    """Tell whether the registry of that name is another one now; one that is gone says nothing."""
    if error.code is not ErrorCode.REGISTRY_INVALID:
        return False
    known = {one.name: configuration.root_of(one) for one in configuration.configured(context)}
    return known.get(receipt.registry_name, receipt.registry_root) != receipt.registry_root


def _regressed(receipt: Receipt, server: ReviewedServer, context: Context) -> str:
    from mcpinstall.operations import lookup

    if server.unreviewed is not None or server.registry.kind is RegistryKind.NONE:
        return _first_seen(receipt, context)
    if lost := _lost(receipt, server, "its manifest"):
        return lost
    return _newer(receipt, lookup.registry_of(receipt, context))


def _newer(receipt: Receipt, registry: registries.Registry) -> str:
    """Return what the newest version lacks, where there is a newer one."""
    if all(row.version == receipt.version for row in registry.rows_of(receipt.name)):
        return ""
    try:
        newest = registry.find(receipt.name)
    except McpInstallError:  # it can't be installed, so nobody gets it
        return ""
    return _lost(receipt, newest, f"the manifest of {newest.manifest.version}")


def _lost(receipt: Receipt, server: ReviewedServer, what: str) -> str:
    """Return what a manifest lacks that the installation rested on."""
    before, now = receipt.backing, server.backing
    if before.issuer and _publisher(before) != _publisher(now):
        named = f"names `{now.repository}`" if now.issuer else "names no publisher"
        return f"it was installed as made by `{before.repository}`; {what} {named} now"
    certified = receipt.review == ReviewState.CERTIFIED
    taken_back = server.withdrawal is not None or server.discounted
    if certified and server.registry.review is not ReviewState.CERTIFIED and not taken_back:
        return f"it was certified when it was installed; nobody vouches for {what} now"
    return ""


def _publisher(backing: Backing) -> tuple[str, ...]:
    """Return what stays of a publisher when a repository gets another name."""
    numbers = (backing.repository_id, backing.owner_id)
    return (backing.issuer, *numbers) if all(numbers) else (backing.issuer, backing.repository)


def _first_seen(receipt: Receipt, context: Context) -> str:
    """Return whose package another one is by now, where nobody reviewed it."""
    from mcpinstall.operations import publisher_records

    for one in receipt.publishers:
        known = publisher_records.seen(one.package, context).identities.values()
        if known and one.identity not in known:
            other = next(iter(known)).words
            return f"`{one.package}` was installed as made by {one.identity.words}, not {other}"
    return ""
