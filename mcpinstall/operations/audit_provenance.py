"""Does its registry still vouch for what is installed?  Told from what is on this disk.

Nothing is written: of a TUF registry, the metadata and files that were saved are verified once
more, in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, names
from mcpinstall.model.backing import Backing
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import (
    RegistryKind,
    RegistryState,
    ReviewedServer,
    ReviewState,
    TufSource,
)
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
    withdrawn: str = ""
    """That it revoked the server, as a sentence."""
    notes: tuple[str, ...] = ()
    """What was not compared and why, or with what; the entry's name goes before each."""
    problem: McpInstallError | None = None
    """The registry's copy on this disk is damaged, or holds what is refused."""
    tools: ToolList = UNKNOWN_TOOLS


class Saved:
    """What the registries of receipts say, as far as it is on this disk.

    Each TUF registry is verified once: that is what costs.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._opened: dict[str, registries.Registry | McpInstallError] = {}

    def standing(self, receipt: Receipt) -> Standing:
        """Compare a receipt with the registry that it came from, without asking anybody.

        A manifest of the bundled registry that is still the one of the receipt is not read again.
        """
        try:
            if receipt.registry_root == bundled.ROOT:
                return _of_bundled(receipt, self._context)
            return self._compared(receipt)
        except McpInstallError as error:
            if error.code in _ROLLED_BACK or _has_other_root(receipt, error, self._context):
                return Standing(regressed=error.message)
            if error.code in self._not_here(receipt):
                return Standing(notes=(self._not_compared(receipt, error),))
            return Standing(problem=error)

    def accepted_hooks(self, receipt: Receipt) -> frozenset[str] | None:
        """Return the digests of the start-up hooks that reviewers accepted; None if unknown."""
        try:
            return frozenset(one.sha256 for one in self._server(receipt).manifest.hooks)
        except McpInstallError:
            return None

    def _compared(self, receipt: Receipt) -> Standing:
        server = self._server(receipt)
        if server.unreviewed is not None or server.registry.kind is RegistryKind.NONE:
            regressed = _first_seen(receipt, self._context)
            return Standing(regressed=regressed, tools=server.tools)
        lost, notes = _lost(receipt, server, "its manifest"), _expired(server.registry)
        if not lost:
            try:
                lost = _newer(receipt, self._registry(receipt))
            except McpInstallError as error:
                name = receipt.entry_name
                why = f"{error.message}; `mcpi outdated {name}` asks for it"
                notes = (*notes, f"was not compared with the newest version: {why}")
        return Standing(
            regressed=lost,
            withdrawn=server.withdrawal.sentence if server.withdrawal else "",
            notes=notes,
            tools=server.tools,
        )

    def _server(self, receipt: Receipt) -> ReviewedServer:
        from mcpinstall.operations import lookup

        if self._source(receipt) is None:
            return lookup.of_receipt(receipt, self._context, offline=True, withdrawn=True)
        registry = self._registry(receipt)
        return registry.find(receipt.name, receipt.version, withdrawn=True)

    def _registry(self, receipt: Receipt) -> registries.Registry:
        from mcpinstall.operations import lookup

        source = self._source(receipt)
        if source is None:
            return lookup.registry_of(receipt, self._context)
        if source.root not in self._opened:
            self._opened[source.root] = self._read(source)
        found = self._opened[source.root]
        if isinstance(found, McpInstallError):
            raise found
        return found

    def _read(self, source: TufSource) -> registries.Registry | McpInstallError:
        paths, machine = self._context.paths, self._context.machine
        try:
            return registries.open_tuf(
                source, paths, self._context.now, machine=machine, read_only=True
            )
        except McpInstallError as error:
            return error

    def _source(self, receipt: Receipt) -> TufSource | None:
        """Return the TUF registry that a receipt came from; None where it is of another kind."""
        return self._sources.get(receipt.registry_root)

    @cached_property
    def _sources(self) -> Mapping[str, TufSource]:
        known = configuration.configured(self._context)
        return {one.root: one for one in known if isinstance(one, TufSource)}

    def _not_compared(self, receipt: Receipt, error: McpInstallError) -> str:
        ask = f"; `mcpi verify {receipt.entry_name}` asks it" if self._source(receipt) else ""
        return f"was not compared with its registry: {error.message}{ask}"

    def _not_here(self, receipt: Receipt) -> tuple[ErrorCode, ...]:
        """Return what says that nothing is known, not that something is damaged."""
        damaged = ErrorCode.REGISTRY_INVALID  # of saved metadata: its keys did not sign it
        is_tuf = self._source(receipt) is not None
        return tuple(code for code in _NOT_HERE if not (is_tuf and code is damaged))


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
        lost = _lost(receipt, server, "its manifest") or _newer(receipt, registry)
        return Standing(regressed=lost, tools=server.tools)
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


def _expired(state: RegistryState) -> tuple[str, ...]:
    """Say what check 1 says of a TUF registry whose saved metadata has expired."""
    if state.kind is not RegistryKind.TUF or not state.stale:
        return ()
    return (f"was compared with an expired state of its registry: {state.check.evidence}",)


def _has_other_root(receipt: Receipt, error: McpInstallError, context: Context) -> bool:
    """Tell whether the registry of that name is another one now; one that is gone says nothing."""
    if error.code is not ErrorCode.REGISTRY_INVALID:
        return False
    known = {one.name: configuration.root_of(one) for one in configuration.configured(context)}
    return known.get(receipt.registry_name, receipt.registry_root) != receipt.registry_root


def _newer(receipt: Receipt, registry: registries.Registry) -> str:
    """Return what the newest version lacks, where there is a newer one.

    Raises:
        McpInstallError: `offline-missing` where its files are not on this disk.
    """
    if all(row.version == receipt.version for row in registry.rows_of(receipt.name)):
        return ""
    try:
        newest = registry.find(receipt.name)
    except McpInstallError as error:
        if error.code is ErrorCode.OFFLINE_MISSING:
            raise
        return ""  # it can't be installed, so nobody gets it
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
