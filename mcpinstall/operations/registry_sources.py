"""`mcpi registry add|remove|list|refresh`: which registries the user trusts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.registry import RegistryState, TufSource
from mcpinstall.operations import configuration, lookup
from mcpinstall.operations.configuration import Configured
from mcpinstall.operations.context import Context
from mcpinstall.operations.signers import Signers
from mcpinstall.system import files, limits, urls

if TYPE_CHECKING:
    from mcpinstall.registries.tuf_roots import RootFacts

_BLOCK = re.compile(r"^\[\[registries\]\][ \t]*$", re.MULTILINE)
_TABLE = re.compile(r"^\[(?!\[?registries\.)", re.MULTILINE)
"""The next table that is no part of this block, as `[[registries.signers]]` is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A TUF registry that the user is asked to trust."""

    source: TufSource
    facts: RootFacts
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A registry of the list: what was saved of it is told, nobody is asked."""

    name: str
    kind: str
    where: str
    root: str
    state: RegistryState | None
    problem: str


def candidate(name: str, where: str, root: Path, context: Context) -> Candidate:
    """Return what there is to confirm before a registry is added; nothing is asked or written.

    Raises:
        McpInstallError: `input-invalid`, `index-forbidden`, `file-unreadable`,
            `registry-invalid`.
    """
    from mcpinstall.registries import tuf_roots

    data = files.read_bounded(context.machine.cwd / root, limits.TUF_TARGETS_BYTES)
    facts = tuf_roots.read(data, str(root))
    base = configuration.base(where)
    source = TufSource(name=name, base=base, root=facts.sha256)
    _changed(context, _added(source, configuration.read(context)), (source,))
    return Candidate(source=source, facts=facts, root=data)


def add(found: Candidate, context: Context) -> RegistryState:
    """Ask the registry with the confirmed root, then write it into the user's configuration.

    Raises:
        McpInstallError: what check 1 refuses, `registry-unavailable`, `registry-stale`.
    """
    source = found.source
    path = registries.root_path(source.root, context.paths)
    files.private_folder(context.paths.config)
    files.private_folder(path.parent)
    files.write_atomic(path, found.root)
    registry = registries.open_tuf(
        source, context.paths, context.now, machine=context.machine, strict=True
    )
    with files.locked(context.paths.config / "lock"):
        after = _added(source, configuration.read(context))
        _changed(context, after, (source,))
        files.write_atomic(configuration.file_of(context), after)
    registries.remember(registry.state, context.paths, now=context.now)
    return registry.state


def remove(name: str, context: Context) -> None:
    """Take a registry out of the user's configuration; what was seen of it stays remembered.

    Raises:
        McpInstallError: `not-found`, or `config-invalid` where only a person can edit the file.
    """
    if not (known := configuration.configured(context)):  # (nor is there a folder for a lock)
        raise _unknown(name, known)
    with files.locked(context.paths.config / "lock"):
        known = configuration.configured(context)
        if name not in {one.name for one in known}:
            raise _unknown(name, known)
        before = (configuration.read(context) or b"").decode()
        wanted = tomllib.loads(before)
        number = [one["name"] for one in wanted["registries"]].index(name)
        after = _without(before, number)
        del wanted["registries"][number]
        if not _says(after, {key: value for key, value in wanted.items() if value != []}):
            raise _by_hand(context)
        files.write_atomic(configuration.file_of(context), after.encode())


def listed(context: Context) -> tuple[Listed, ...]:
    """Return the bundled registry and those of the user's configuration; nobody is asked.

    The MCP registry, which vouches for nothing and is only asked for `mcp:NAME`, comes last.
    """
    bundled = registries.open_bundled(context.paths, context.now).state
    first = Listed(
        name=bundled.name, kind="bundled", where="", root=bundled.root_digest, state=bundled,
        problem="",
    )  # fmt: skip
    known = tuple(_row(one, context) for one in configuration.configured(context))
    return (first, *known, *_described(context))


def refresh(names: Sequence[str], context: Context) -> tuple[RegistryState, ...]:
    """Read the registries of the user's configuration anew, all or those named; TUF ones are asked.

    Raises:
        McpInstallError: `not-found`, what check 1 refuses, `registry-unavailable`,
            `registry-stale`.
    """
    known = configuration.configured(context)
    for name in names:
        if name not in {one.name for one in known}:
            raise _unknown(name, known)
    return tuple(_refreshed(one, context) for one in known if not names or one.name in names)


def _refreshed(one: Configured, context: Context) -> RegistryState:
    state = lookup.read(one, context, strict=True).state
    registries.remember(state, context.paths, now=context.now)
    return state


def _described(context: Context) -> tuple[Listed, ...]:
    try:
        address = urls.parse(configuration.mcp_registry(context)).shown
    except McpInstallError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        return ()
    return (Listed(name="mcp", kind="mcp", where=address, root="", state=None, problem=""),)


def _row(one: Configured, context: Context) -> Listed:
    is_tuf = isinstance(one, TufSource)
    state, problem = None, ""
    try:
        if isinstance(one, TufSource):
            state = registries.open_tuf(
                one, context.paths, context.now, machine=context.machine, offline=True
            ).state
        else:
            voucher = None if one.signing is None else Signers(one.name, one.signing, context)
            state = registries.open_folder(
                one.path, context.paths, context.now, name=one.name, voucher=voucher
            ).state
    except McpInstallError as error:
        problem = error.message
    return Listed(
        name=one.name,
        kind="tuf" if is_tuf else "folder",
        where=one.base if isinstance(one, TufSource) else str(one.path),
        root=one.root if isinstance(one, TufSource) else "",
        state=state,
        problem=problem,
    )


# The file ----------------------------------------------------------------------------------------


def _added(source: TufSource, before: bytes | None) -> bytes:
    """Return the configuration with one more block at its end; the rest is not touched."""
    import tomli_w

    block = {"name": source.name, "kind": "tuf", "at": source.base, "root": source.root}
    kept = (before or b"schema = 1\n").rstrip(b"\n")
    return kept + b"\n\n[[registries]]\n" + tomli_w.dumps(block).encode()


def _without(text: str, number: int) -> str:
    """Return the configuration without one `[[registries]]` block; empty where that can't be."""
    blocks = list(_BLOCK.finditer(text))
    if number >= len(blocks):
        return ""
    block = blocks[number]
    following = _TABLE.search(text, block.end())
    return text[: block.start()] + (text[following.start() :] if following else "")


def _says(text: str, wanted: dict[str, object]) -> bool:
    """Tell whether a text is a TOML document of just these values."""
    try:
        return tomllib.loads(text) == wanted
    except ValueError:
        return False


def _changed(context: Context, after: bytes, more: tuple[Configured, ...]) -> None:
    """Refuse a new text of the configuration unless it says what the old one says, and `more`."""
    before = configuration.configured(context)
    for one in more:
        if one.name in {known.name for known in before}:
            raise McpInstallError(
                ErrorCode.INPUT_INVALID,
                f"there is a registry `{one.name}` already",
                hint=f"choose another name, or `mcpi registry remove {one.name}` first",
            )
    if _parsed(context, after) != (*before, *more):
        raise _by_hand(context)


def _parsed(context: Context, text: bytes) -> tuple[Configured, ...] | None:
    try:
        return configuration.parsed(text, configuration.file_of(context))
    except McpInstallError as error:
        if "registries.name" in error.message or ".name" in error.message:
            raise McpInstallError(ErrorCode.INPUT_INVALID, error.message) from None
        return None


def _by_hand(context: Context) -> McpInstallError:
    return McpInstallError(
        ErrorCode.CONFIG_INVALID,
        f"`{configuration.file_of(context)}` is written in a way that can't be changed safely",
        hint="edit it by hand: one `[[registries]]` block for each registry",
    )


def _unknown(name: str, known: Sequence[Configured]) -> McpInstallError:
    every = ", ".join(f"`{one.name}`" for one in known)
    return McpInstallError(
        ErrorCode.NOT_FOUND,
        f"no registry of your configuration is named `{name}`",
        hint=f"there is {every}" if every else "`mcpi registry add` adds one",
    )
